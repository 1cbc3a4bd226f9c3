#include "store/store.hpp"

#include "store/ledger.hpp"
#include "store/worker.hpp"

#include <algorithm>
#include <utility>

namespace moontide::store {

namespace {

constexpr Milliseconds grace{1'000};

}  // namespace

struct Store::Implementation {
    Ledger ledger;
    std::vector<std::unique_ptr<Worker>> workers;

    Implementation(Settings settings, Options options, Hooks hooks, const Clock& clock)
        : ledger(std::move(settings), std::move(options), std::move(hooks), clock) {
        const auto count = std::max<std::size_t>(ledger.options().connections, 1);
        ledger.make_bells(count);
        for (std::size_t i = 0; i < count; ++i) workers.push_back(std::make_unique<Worker>(ledger, i));
    }
    ~Implementation() { ledger.end(grace); }
};

Store::Store(Settings settings, Options options, Hooks hooks, const Clock& clock)
    : self_(std::make_unique<Implementation>(std::move(settings), std::move(options), std::move(hooks), clock)) {}
Store::~Store() = default;

void Store::put(const Owner& owner, std::vector<Row> rows) {
    self_->ledger.wish([&](Backlog& backlog, bool flows) { backlog.put(owner, std::move(rows), flows); });
}
void Store::remove(const Owner& owner, const std::vector<Key>& keys) {
    self_->ledger.wish([&](Backlog& backlog, bool) { backlog.remove(owner, keys); });
}
void Store::replace(const Owner& owner, std::vector<Row> rows) {
    self_->ledger.wish([&](Backlog& backlog, bool flows) { backlog.replace(owner, std::move(rows), flows); });
}
void Store::remove_all(const Owner& owner) {
    self_->ledger.wish([&](Backlog& backlog, bool) { backlog.remove_all(owner); });
}
void Store::release(const Owner& owner) {
    self_->ledger.wish([&](Backlog& backlog, bool) { backlog.release(owner); });
}

void Store::use(Settings settings) {
    self_->ledger.use(std::move(settings));
}
State Store::state() const {
    return self_->ledger.state();
}
OwnerState Store::state(const Owner& owner) const {
    return self_->ledger.state(owner);
}

}  // namespace moontide::store
