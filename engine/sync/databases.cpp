#include "sync/databases.hpp"

#include "base/log.hpp"
#include "kube/credentials_base64.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include <nlohmann/json.hpp>

namespace moontide::sync {

namespace {

using nlohmann::json;

/// While something is wrong with the database its Secret may be what is mended.
constexpr Milliseconds soon_again{2'000};

std::string place_of(const kube::Ref& secret) {
    return secret.namespace_name + "/" + secret.name;
}

Result<std::map<std::string, std::string>> decoded(const std::string& body) {
    const auto secret = json::parse(body, nullptr, false);
    if (!secret.is_object()) return fail("the server's answer is not JSON");
    std::map<std::string, std::string> data;
    const auto found = secret.find("data");
    if (found == secret.end() || !found->is_object()) return data;
    for (const auto& [key, value] : found->items()) {
        auto bytes = value.is_string() ? kube::from_base64(value.get_ref<const std::string&>()) : std::nullopt;
        if (!bytes) return fail("key '" + key + "' is not base64");
        data[key] = std::move(*bytes);
    }
    return data;
}

}  // namespace

Databases::Databases(Board& board, Loop& io, Hooks hooks) : board_(board), io_(io), hooks_(std::move(hooks)) {}

Databases::~Databases() {
    close();
    join();
}

void Databases::use(const kube::Ref& secret) {
    {
        const std::scoped_lock lock(mutex_);
        if (closed_ || !entries_.try_emplace(secret).second) return;
    }
    io_.post([this, secret] { read(secret); });
}

void Databases::leave(const kube::Ref& secret) {
    const std::scoped_lock lock(mutex_);
    const auto found = entries_.find(secret);
    if (found == entries_.end()) return;
    end(std::move(found->second.store));
    entries_.erase(found);
}

Databases::State Databases::state(const kube::Ref& secret, const store::Owner& owner) const {
    const std::scoped_lock lock(mutex_);
    const auto found = entries_.find(secret);
    if (found == entries_.end()) return {};
    const auto& entry = found->second;
    State state{entry.known, 0, entry.reason, entry.message};
    if (entry.store) {
        state.store = entry.number;
        state.database = entry.store->state();
        state.owner = entry.store->state(owner);
    }
    return state;
}

bool Databases::with(const kube::Ref& secret, std::uint64_t store, const std::function<void(store::Store&)>& act) {
    const std::scoped_lock lock(mutex_);
    const auto found = entries_.find(secret);
    if (found == entries_.end() || !found->second.store || found->second.number != store) return false;
    act(*found->second.store);
    return true;
}

void Databases::read(const kube::Ref& secret) {
    std::uint64_t turn = 0;
    {
        const std::scoped_lock lock(mutex_);
        const auto found = entries_.find(secret);
        if (found == entries_.end() || closed_ || board_.stopping) return;
        turn = found->second.turn = ++numbers_;
    }
    kube::Call call;
    call.path = kube::path(*kube::well_known(secret.kind), secret.namespace_name, secret.name);
    board_.client->send(std::move(call), [this, secret, turn](Result<kube::Answer> answer) {
        if (!board_.stopping) took(secret, turn, answer);
    });
}

void Databases::took(const kube::Ref& secret, std::uint64_t turn, const Result<kube::Answer>& answer) {
    bool changed = false;
    bool moved = false;
    bool healthy = false;
    {
        const std::scoped_lock lock(mutex_);
        const auto found = entries_.find(secret);
        if (found == entries_.end() || found->second.turn != turn || closed_) return;
        auto& entry = found->second;
        const auto before = std::tuple(entry.known, entry.number, entry.message);
        const auto led = entry.settings;
        entry.known = true;
        if (answer && answer->ok()) {
            const auto data = decoded(answer->body);
            auto settings = data ? store::Settings::parse(*data) : Result<store::Settings>(fail(data.error().message));
            if (settings) {
                moved = led && !led->same_database(*settings);
                lead_to(secret, entry, std::move(*settings));
            } else {
                cannot(secret, entry, "SecretInvalid", "Secret " + place_of(secret) + ": " + settings.error().message);
            }
        } else if (answer && answer->status == 404) {
            cannot(secret, entry, "SecretNotFound", "Secret " + place_of(secret) + " does not exist");
        } else if (!entry.store) {
            const auto why = answer ? kube::read_status(*answer).message : answer.error().message;
            cannot(secret, entry, "SecretUnreadable", "Secret " + place_of(secret) + " cannot be read: " + why);
        }
        changed = before != std::tuple(entry.known, entry.number, entry.message);
        healthy = entry.store && entry.store->state().ready;
    }
    if (moved) hooks_.moved(secret);
    if (changed) hooks_.changed(secret);
    const auto again = healthy ? board_.options.secrets_again : std::min(board_.options.secrets_again, soon_again);
    io_.after(again, [this, secret, turn] {
        const bool is_next = [&] {
            const std::scoped_lock lock(mutex_);
            const auto found = entries_.find(secret);
            return found != entries_.end() && found->second.turn == turn;
        }();
        if (is_next) read(secret);
    });
}

void Databases::cannot(const kube::Ref& secret, Entry& entry, std::string reason, std::string message) {
    if (entry.message != message) {
        log::warn("the Secret of a database cannot be used", {{"secret", place_of(secret)}, {"message", message}});
    }
    if (entry.store) entry.number = 0;
    end(std::move(entry.store));
    entry.reason = std::move(reason);
    entry.message = std::move(message);
}

void Databases::lead_to(const kube::Ref& secret, Entry& entry, store::Settings settings) {
    entry.reason.clear();
    entry.message.clear();
    if (entry.store && entry.settings == settings) return;
    const bool same = entry.settings && entry.settings->same_database(settings);
    entry.settings = settings;
    if (entry.store && same) return entry.store->use(std::move(settings));
    end(std::move(entry.store));
    const auto number = entry.number = ++numbers_;
    auto options = board_.options.database;
    options.name = place_of(secret);
    options.seed = board_.options.seed + number;
    options.may_write = board_.options.may_write;
    store::Store::Hooks hooks;
    hooks.changed = [this, secret, number] { store_changed(secret, number); };
    hooks.told = [this, secret, number](const store::Owner& owner) { hooks_.told(secret, number, owner); };
    hooks.gone = [this, secret, number](const store::Owner& owner) { hooks_.gone(secret, number, owner); };
    hooks.again = [this, secret, number](const store::Owner& owner) { hooks_.again(secret, number, owner); };
    entry.store = std::make_unique<store::Store>(std::move(settings), std::move(options), std::move(hooks));
}

void Databases::store_changed(const kube::Ref& secret, std::uint64_t number) {
    bool broken = false;
    {
        const std::scoped_lock lock(mutex_);
        const auto found = entries_.find(secret);
        if (found == entries_.end() || found->second.number != number || !found->second.store) return;
        broken = !found->second.store->state().ready;
    }
    // What is said of the Secret may be why.
    if (broken) io_.post([this, secret] { read(secret); });
    hooks_.changed(secret);
}

/// Under the lock. A Store's end may take two seconds.
void Databases::end(std::unique_ptr<store::Store> store) {
    if (!store) return;
    std::erase_if(endings_, [](const Ending& one) { return one.over->load(); });
    auto over = std::make_shared<std::atomic<bool>>(false);
    std::jthread thread([over, store = std::move(store)]() mutable {
        store.reset();
        over->store(true);
    });
    endings_.push_back({std::move(over), std::move(thread)});
}

void Databases::close() {
    const std::scoped_lock lock(mutex_);
    closed_ = true;
    for (auto& [secret, entry] : entries_) end(std::move(entry.store));
    entries_.clear();
}

void Databases::join() {
    std::vector<Ending> endings;
    {
        const std::scoped_lock lock(mutex_);
        endings = std::move(endings_);
        endings_.clear();
    }
    // Each waits for its thread.
    endings.clear();
}

}  // namespace moontide::sync
