#include "sync/owner_backfill.hpp"

#include "base/log.hpp"
#include "watch/page.hpp"

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>

namespace moontide::sync {

namespace {

constexpr std::size_t most_lists = 8;
constexpr Milliseconds read_again{1'000};

class Reading : public std::enable_shared_from_this<Reading> {
public:
    Reading(Board& board, Loop& io, std::vector<watch::Scope> scopes, kube::ResourceVersion from,
            std::function<void(Backfill)> done)
        : board_(board), io_(io), scopes_(std::move(scopes)), from_(from), done_(std::move(done)) {}

    void ask() {
        if (board_.stopping) return;
        if (scopes_.empty()) {
            if (read_.version == 0) read_.version = from_;
            board_.ingest->post([self = shared_from_this()] { self->done_(std::move(self->read_)); });
            return;
        }
        const auto& scope = scopes_.back();
        kube::Call call;
        call.path = kube::path(scope.resource, scope.namespace_name) + "?limit=" + kube::page_size;
        if (!scope.label_selector.empty()) call.path += "&labelSelector=" + kube::percent_encoded(scope.label_selector);
        if (!scope.field_selector.empty()) call.path += "&fieldSelector=" + kube::percent_encoded(scope.field_selector);
        if (next_.empty()) {
            call.path += "&resourceVersionMatch=NotOlderThan&resourceVersion=" + std::to_string(from_);
        } else {
            call.path += "&continue=" + kube::percent_encoded(next_);
        }
        board_.client->send(std::move(call), [self = shared_from_this()](Result<kube::Answer> answer) {
            self->took(std::move(answer));
        });
    }

private:
    void took(Result<kube::Answer> answer) {
        if (board_.stopping) return;
        if (const auto page = take(std::move(answer)); !page) {
            const auto& why = page.error().message;
            if (std::exchange(told_, why) != why) {
                log::warn("cannot list what an owner selects yet",
                          {{"watch", scopes_.back().text()}, {"message", why}});
            }
            list_ = {};
            next_.clear();
            io_.after(read_again, [self = shared_from_this()] { self->ask(); });
            return;
        }
        if (next_.empty()) {
            std::ranges::move(list_.objects, std::back_inserter(read_.objects));
            read_.version = read_.version == 0 ? list_.version : std::min(read_.version, list_.version);
            list_ = {};
            scopes_.pop_back();
        }
        ask();
    }

    Result<void> take(Result<kube::Answer> answer) {
        if (!answer) return std::unexpected(std::move(answer).error());
        if (!answer->ok()) return fail(kube::read_status(*answer).message);
        auto page = TRY(watch::Page::read(std::move(answer->body)));
        // What the watch has passed over since would be missing.
        if (page.version() < from_) return fail("the list is older than what was seen already");
        TRY_VOID(page.for_each([&](std::string_view item) -> Result<void> {
            list_.objects.emplace_back(item);
            return {};
        }));
        list_.version = list_.version == 0 ? page.version() : std::min(list_.version, page.version());
        next_ = page.continue_token();
        return {};
    }

    Board& board_;
    Loop& io_;
    std::vector<watch::Scope> scopes_;
    const kube::ResourceVersion from_;
    const std::function<void(Backfill)> done_;
    std::string next_;
    std::string told_;
    Backfill list_;  ///< what came of the list under way: nothing of it counts before it is whole
    Backfill read_;
};

}  // namespace

std::vector<watch::Scope> fewer(std::set<watch::Scope> scopes) {
    if (scopes.size() > most_lists) {
        std::set<watch::Scope> wider;
        for (auto scope : scopes) {
            scope.label_selector.clear();
            scope.field_selector.clear();
            wider.insert(std::move(scope));
        }
        scopes = std::move(wider);
    }
    if (scopes.size() > most_lists) {
        auto all = *scopes.begin();
        all.namespace_name.clear();
        scopes = {all};
    }
    return {scopes.begin(), scopes.end()};
}

void read_scopes(Board& board, Loop& io, std::vector<watch::Scope> scopes, kube::ResourceVersion from,
                 std::function<void(Backfill)> done) {
    auto reading = std::make_shared<Reading>(board, io, std::move(scopes), from, std::move(done));
    io.post([reading] { reading->ask(); });
}

}  // namespace moontide::sync
