#include "watch/machine.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace moontide::watch {

namespace {

/// A stream that lasted longer was a good one; to one that ended sooner we do not hurry back.
constexpr int good_life_in_backoffs = 5;
/// A server that has WatchList sends something within seconds, even for an empty collection.
constexpr Milliseconds watch_list_patience{10'000};
constexpr unsigned streams_before_pages = 3;
constexpr unsigned page_tries = 3;
constexpr unsigned expirations_before_one_page = 2;
constexpr unsigned errors_before_relist = 3;
/// What must be granted first is not hurried back to: its first failure waits like one after so many.
constexpr unsigned slow_counts_for = 3;

bool is_compacted(const Failure& failure) {
    return failure.status == 410;
}
bool is_refused_query(const Failure& failure) {
    return failure.status == 400 || failure.status == 422;
}
bool is_missing(const Failure& failure) {
    return failure.status == 404;
}
/// What waiting alone does not help: somebody must grant or install something.
bool is_slow(const Failure& failure) {
    return failure.status == 403 || is_missing(failure);
}
/// The same request may succeed later.
bool is_passing(const Failure& failure) {
    return failure.status < 400 || failure.status >= 500 || failure.status == 401 || failure.status == 408 ||
           failure.status == 429;
}

std::string text_of(const Failure& failure) {
    return failure.status == 0 ? failure.message : fmt::format("{}: {}", failure.status, failure.message);
}

}  // namespace

Machine::Machine(Scope scope, const IngestOptions& options, std::uint64_t seed)
    : scope_(std::move(scope)),
      options_(options),
      random_(seed),
      backoff_(options.backoff_first, options.backoff_last, seed + 1),
      watch_list_(options.watch_list) {}

const std::vector<Effect>& Machine::on(const Input& input) {
    effects_.clear();
    std::visit([this](const auto& one) { take(one); }, input);
    return effects_;
}

std::string_view Machine::state_name() const {
    if (std::holds_alternative<Watching>(state_)) return "watching";
    return std::holds_alternative<Waiting>(state_) ? "waiting" : "listing";
}

Milliseconds Machine::silent_after() const {
    const bool lists = std::holds_alternative<Streaming>(state_);
    return lists ? std::min(options_.silent_after, watch_list_patience) : options_.silent_after;
}

void Machine::take(const Started&) {
    if (std::holds_alternative<Relist>(state_)) begin_list();
}

void Machine::take(const PageRead& page) {
    auto* listing = std::get_if<Listing>(&state_);
    if (listing == nullptr || listing->next_token) return;
    if (listing->continue_token.empty()) {
        if (page.version < version_) {
            wait(Relist{}, {0, fmt::format("the server's list of version {} is older than {}, which it showed before",
                                           page.version, version_)});
            return;
        }
        listing->version = page.version;
        list_open_ = true;
        effects_.emplace_back(BeginRelist{});
    }
    listing->next_token = page.continue_token;
    effects_.emplace_back(DeliverPage{});
}

void Machine::take(const PageDelivered&) {
    auto* listing = std::get_if<Listing>(&state_);
    if (listing == nullptr || !listing->next_token) return;
    if (listing->next_token->empty()) {
        finish_list(listing->version);
        return open_watch();
    }
    ask_page(Listing{std::move(*listing->next_token), std::nullopt, listing->version, 0});
}

void Machine::take(const ListFailed& failed) {
    auto* listing = std::get_if<Listing>(&state_);
    if (listing == nullptr) return;
    if (is_compacted(failed.failure)) ++expired_lists_;
    // A page in the middle is worth asking for again while its token lasts; one that was read already is not.
    if (!listing->continue_token.empty() && !listing->next_token && is_passing(failed.failure) &&
        listing->failures + 1 < page_tries) {
        auto again = std::move(*listing);
        ++again.failures;
        wait(std::move(again), failed.failure);
        return;
    }
    abandon_list();
    wait(Relist{}, failed.failure);
}

void Machine::take(const StreamOpened&) {
    if (auto* streaming = std::get_if<Streaming>(&state_)) {
        if (std::exchange(streaming->begun, true)) return;
        list_open_ = true;
        effects_.emplace_back(BeginRelist{});
    } else if (std::holds_alternative<Watching>(state_)) {
        last_error_.clear();
    }
}

void Machine::take(const StreamRefused& refused) {
    if (std::holds_alternative<Watching>(state_)) return watch_failed(refused.failure);
    if (!std::holds_alternative<Streaming>(state_)) return;
    if (is_refused_query(refused.failure)) return fall_back_to_pages();
    abandon_list();
    wait(Relist{}, refused.failure);
}

void Machine::take(const StreamEnded& ended) {
    if (std::holds_alternative<Streaming>(state_)) {
        abandon_list();
        ++cut_streams_;
        wait(Relist{}, {0, ended.error.empty() ? "the stream ended before its list was whole" : ended.error});
        return;
    }
    const auto* watching = std::get_if<Watching>(&state_);
    if (watching == nullptr) return;
    const bool lived = ended.lived >= options_.backoff_first * good_life_in_backoffs;
    if (lived) failures_ = 0;
    if (lived && ended.error.empty()) return open_watch();
    if (watching->heard) failures_ = std::min(failures_, 2U);
    wait(Watching{},
         {0, ended.error.empty() ? fmt::format("the watch ended after {} ms", ended.lived.count()) : ended.error});
}

void Machine::take(const EventSeen& event) {
    if (auto* watching = std::get_if<Watching>(&state_)) {
        watching->heard = true;
        version_ = std::max(version_, event.version);
        effects_.emplace_back(DeliverChange{});
    } else if (list_open_ && std::holds_alternative<Streaming>(state_)) {
        effects_.emplace_back(DeliverListed{});
    }
}

void Machine::take(const BookmarkSeen& seen) {
    const auto& bookmark = seen.bookmark;
    if (auto* watching = std::get_if<Watching>(&state_)) {
        watching->heard = true;
        version_ = std::max(version_, bookmark.version);
        effects_.emplace_back(Progress{version_});
        return;
    }
    if (!list_open_ || !std::holds_alternative<Streaming>(state_)) return;
    if (!bookmark.initial_events_end) {
        // A server that has WatchList sends no other bookmark before that one.
        effects_.emplace_back(CloseStream{});
        return fall_back_to_pages();
    }
    if (bookmark.version < version_) {
        effects_.emplace_back(CloseStream{});
        abandon_list();
        wait(Relist{}, {0, fmt::format("the server's list of version {} is older than {}, which it showed before",
                                       bookmark.version, version_)});
        return;
    }
    finish_list(bookmark.version);
    state_ = Watching{true};
}

void Machine::take(const ErrorSeen& seen) {
    const bool streaming = std::holds_alternative<Streaming>(state_);
    if (!streaming && !std::holds_alternative<Watching>(state_)) return;
    effects_.emplace_back(CloseStream{});
    if (streaming && is_refused_query(seen.failure)) return fall_back_to_pages();
    if (streaming) {
        abandon_list();
        ++cut_streams_;
        return wait(Relist{}, seen.failure);
    }
    // An event that the server cannot give us at this version would fail for ever.
    if (failures_ >= errors_before_relist) return wait(Relist{}, seen.failure);
    watch_failed(seen.failure);
}

void Machine::take(const GarbageSeen& seen) {
    const bool streaming = std::holds_alternative<Streaming>(state_);
    if (!streaming && !std::holds_alternative<Watching>(state_)) return;
    effects_.emplace_back(CloseStream{});
    abandon_list();
    if (streaming) ++cut_streams_;
    // What the unread line was about is unknown: only a list can tell.
    wait(Relist{}, {0, seen.message});
}

void Machine::take(const SilenceNoticed&) {
    if (std::holds_alternative<Streaming>(state_)) {
        effects_.emplace_back(CloseStream{});
        return fall_back_to_pages();
    }
    if (!std::holds_alternative<Watching>(state_)) return;
    effects_.emplace_back(CloseStream{});
    wait(Watching{}, {0, fmt::format("nothing was heard for {} ms", options_.silent_after.count())});
}

void Machine::take(const TimerFired&) {
    auto* waiting = std::get_if<Waiting>(&state_);
    if (waiting == nullptr) return;
    const auto next = std::move(waiting->next);
    if (const auto* listing = std::get_if<Listing>(&next)) return ask_page(*listing);
    if (std::holds_alternative<Watching>(next)) return open_watch();
    begin_list();
}

void Machine::begin_list() {
    if (!watch_list_ || cut_streams_ >= streams_before_pages) return ask_page(Listing{});
    state_ = Streaming{};
    effects_.emplace_back(
        OpenStream{query("watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
                         "&allowWatchBookmarks=true&timeoutSeconds=" +
                         timeout_seconds())});
}

void Machine::ask_page(Listing listing) {
    // No resourceVersion: the list shows at least what was true when it was asked for. Where tokens keep expiring
    // under way, one large answer is better than none.
    std::string parameters;
    if (expired_lists_ < expirations_before_one_page) parameters = fmt::format("limit={}", options_.page_size);
    if (!listing.continue_token.empty()) parameters += "&continue=" + kube::percent_encoded(listing.continue_token);
    effects_.emplace_back(SendList{query(parameters)});
    state_ = std::move(listing);
}

void Machine::open_watch() {
    state_ = Watching{};
    effects_.emplace_back(OpenStream{query(fmt::format(
        "watch=1&allowWatchBookmarks=true&resourceVersion={}&timeoutSeconds={}", version_, timeout_seconds()))});
}

void Machine::finish_list(kube::ResourceVersion version) {
    list_open_ = false;
    version_ = version;
    ++lists_;
    cut_streams_ = 0;
    expired_lists_ = 0;
    last_error_.clear();
    effects_.emplace_back(FinishRelist{version});
}

void Machine::abandon_list() {
    if (std::exchange(list_open_, false)) effects_.emplace_back(AbandonRelist{});
}

void Machine::wait(decltype(Waiting::next) next, const Failure& failure) {
    ++failures_;
    last_error_ = text_of(failure);
    auto delay = backoff_.delay(failures_);
    if (is_slow(failure)) delay = backoff_.delay(failures_ + slow_counts_for);
    // Watches fail together when a server restarts; their lists must not come together.
    if (std::holds_alternative<Relist>(next))
        delay = std::max(delay, up_to(options_.backoff_first * good_life_in_backoffs));
    if (failure.retry_after) delay = std::max(delay, *failure.retry_after + up_to(options_.backoff_first));
    state_ = Waiting{std::move(next)};
    effects_.emplace_back(Wait{delay});
}

void Machine::watch_failed(const Failure& failure) {
    // A collection that was not there for a while is another one when it is back.
    if (is_missing(failure)) return wait(Relist{}, failure);
    if (is_compacted(failure) || (!is_passing(failure) && !is_slow(failure))) return wait(Relist{}, failure);
    wait(Watching{}, failure);
}

void Machine::fall_back_to_pages() {
    watch_list_ = false;
    abandon_list();
    ask_page(Listing{});
}

std::string Machine::query(std::string_view parameters) const {
    std::string text;
    if (!scope_.label_selector.empty()) text += "labelSelector=" + kube::percent_encoded(scope_.label_selector);
    if (!scope_.field_selector.empty()) {
        text += (text.empty() ? "fieldSelector=" : "&fieldSelector=") + kube::percent_encoded(scope_.field_selector);
    }
    if (!text.empty() && !parameters.empty()) text += '&';
    text += parameters;
    return text;
}

std::string Machine::timeout_seconds() {
    const auto timeout = options_.watch_timeout_least + up_to(options_.watch_timeout_least);
    return std::to_string(std::max<std::int64_t>(1, timeout.count() / 1000));
}

Milliseconds Machine::up_to(Milliseconds limit) {
    return Milliseconds(std::uniform_int_distribution<std::int64_t>(0, limit.count())(random_));
}

}  // namespace moontide::watch
