#include "watch/follower.hpp"

#include "base/log.hpp"
#include "watch/page.hpp"

#include <algorithm>
#include <utility>

namespace moontide::watch {

namespace {

constexpr std::size_t longest_line = 16U << 20;
/// Bytes are given back in lumps, so that a small event costs no message to the io thread.
constexpr std::size_t lump = 16U << 10;
constexpr Milliseconds list_timeout{60'000};
constexpr Milliseconds stream_timeout{30'000};

/// A refusal, or no connection at all, is no word of what is watched.
bool brings_news(const Arrival& arrival) {
    if (const auto* list = std::get_if<ListAnswered>(&arrival)) return list->answer && list->answer->ok();
    if (const auto* over = std::get_if<StreamOver>(&arrival)) return !over->error;
    return !std::holds_alternative<StreamDenied>(arrival);
}

Failure failure_of(const kube::Answer& answer) {
    const auto status = kube::read_status(answer);
    return {answer.status, status.message.empty() ? status.reason : status.message, status.retry_after};
}

}  // namespace

Follower::Follower(WatchId id, Scope scope, Consumer& consumer, Tools& tools)
    : id_(id),
      scope_(std::move(scope)),
      consumer_(consumer),
      tools_(tools),
      machine_(scope_, tools.options, tools.options.seed * 0x9E3779B97F4A7C15ULL + id),
      splitter_(longest_line),
      last_heard_(tools.clock.now()) {}

void Follower::start() {
    drive(Started{});
}

void Follower::stop() {
    ++turn_;
    tools_.wire.close(id_);
}

void Follower::arrived(Turn turn, Arrival arrival) {
    if (turn != turn_) return;
    if (brings_news(arrival)) last_heard_ = tools_.clock.now();
    std::visit([this](auto& one) { take(std::move(one)); }, arrival);
    report();
}

void Follower::take(ListAnswered list) {
    if (!list.answer) return drive(ListFailed{{0, list.answer.error().message}});
    if (!list.answer->ok()) return drive(ListFailed{failure_of(*list.answer)});
    auto page = Page::read(std::move(list.answer->body));
    if (!page) return drive(ListFailed{{0, page.error().message}});
    page_ = &*page;
    drive(PageRead{page->version(), page->continue_token()});
    page_ = nullptr;
}

void Follower::take(HeadersCame) {
    drive(StreamOpened{});
}

void Follower::take(ChunkCame chunk) {
    const auto whole = splitter_.feed(chunk.bytes, [this](std::string_view line) { return read_line(line); });
    if (!whole) drive(GarbageSeen{whole.error().message});
    owed_ += chunk.bytes.size();
    if (owed_ >= lump) tools_.wire.consumed(id_, turn_, std::exchange(owed_, 0));
}

void Follower::take(StreamOver over) {
    tools_.wire.close(id_);
    const auto lived = std::chrono::duration_cast<Milliseconds>(tools_.clock.now() - opened_);
    drive(StreamEnded{over.error ? over.error->message : std::string(), lived});
}

void Follower::take(StreamDenied denied) {
    tools_.wire.close(id_);
    drive(StreamRefused{failure_of(denied.answer)});
}

bool Follower::read_line(std::string_view line) {
    const auto turn = turn_;
    const auto read = tools_.lines.read(line);
    if (!read) {
        drive(GarbageSeen{read.error().message});
    } else if (const auto* event = std::get_if<EventLine>(&*read)) {
        const auto metadata = tools_.objects.metadata(event->object_json);
        if (metadata && metadata->resource_version > 0) {
            event_ = *event;
            metadata_ = &*metadata;
            drive(EventSeen{metadata->resource_version});
            metadata_ = nullptr;
        } else {
            drive(GarbageSeen{metadata ? "an event without a resourceVersion" : metadata.error().message});
        }
    } else if (const auto* bookmark = std::get_if<BookmarkLine>(&*read)) {
        drive(BookmarkSeen{*bookmark});
    } else {
        drive(ErrorSeen{std::get<ErrorLine>(*read).failure});
    }
    return turn == turn_;
}

void Follower::drive(const Input& input) {
    // Carrying an effect out may drive the machine on, which makes these effects invalid; that is always the last one.
    const auto& effects = machine_.on(input);
    for (std::size_t i = 0, count = effects.size(); i < count; ++i) {
        std::visit([this](const auto& effect) { carry_out(effect); }, Effect(effects[i]));
    }
}

kube::Call Follower::call(std::string_view query, std::string_view kind) const {
    kube::Call call;
    call.path = kube::path(scope_.resource, scope_.namespace_name);
    if (!query.empty()) call.path.append("?").append(query);
    if (scope_.metadata_only) call.accept = std::string("application/json;as=").append(kind) + ";g=meta.k8s.io;v=v1";
    return call;
}

void Follower::carry_out(const SendList& send) {
    auto list = call(send.query, "PartialObjectMetadataList");
    list.timeout = list_timeout;
    tools_.wire.send(id_, ++turn_, std::move(list));
}

void Follower::carry_out(const OpenStream& open) {
    auto stream = call(open.query, "PartialObjectMetadata");
    stream.timeout = stream_timeout;
    opened_ = tools_.clock.now();
    owed_ = 0;
    splitter_.clear();
    tools_.wire.open(id_, ++turn_, std::move(stream));
    watch_for_silence(machine_.silent_after());
}

void Follower::carry_out(const CloseStream&) {
    ++turn_;
    tools_.wire.close(id_);
}

void Follower::carry_out(const Wait& wait) {
    tools_.after(id_, wait.delay, [this, turn = ++turn_] {
        if (turn != turn_) return;
        drive(TimerFired{});
        report();
    });
}

void Follower::carry_out(const BeginRelist&) {
    consumer_.relist_begun();
}

void Follower::carry_out(const DeliverPage&) {
    const auto delivered = deliver_items();
    if (delivered) return drive(PageDelivered{});
    drive(ListFailed{{0, delivered.error().message}});
}

Result<void> Follower::deliver_items() {
    return page_->for_each([this](std::string_view item) -> Result<void> {
        const auto metadata = TRY(tools_.objects.metadata(item));
        consumer_.listed_with(metadata, item);
        return {};
    });
}

void Follower::carry_out(const DeliverListed&) {
    std::pair place(std::string(metadata_->namespace_name), std::string(metadata_->name));
    if (event_.type == EventType::deleted) {
        late_deletions_.insert_or_assign(std::move(place), std::string(event_.object_json));
        return;
    }
    late_deletions_.erase(place);
    consumer_.listed_with(*metadata_, event_.object_json);
}

void Follower::carry_out(const DeliverChange&) {
    consumer_.changed_with(event_.type, *metadata_, event_.object_json);
}

void Follower::carry_out(const FinishRelist& finish) {
    consumer_.relisted(finish.version);
    for (const auto& [place, json] : std::exchange(late_deletions_, {})) consumer_.changed(EventType::deleted, json);
}

void Follower::carry_out(const AbandonRelist&) {
    late_deletions_.clear();
    consumer_.relist_abandoned();
}

void Follower::carry_out(const Progress& progress) {
    consumer_.progressed(progress.version);
}

void Follower::watch_for_silence(Milliseconds delay) {
    tools_.after(id_, delay, [this, turn = turn_] {
        if (turn != turn_) return;
        const auto silent =
            std::chrono::duration_cast<Milliseconds>(tools_.clock.now() - std::max(opened_, last_heard_));
        const auto limit = machine_.silent_after();
        if (silent < limit) return watch_for_silence(std::max(limit - silent, Milliseconds{1}));
        drive(SilenceNoticed{});
        report();
    });
}

void Follower::report() {
    if (machine_.last_error().empty()) {
        failing_since_.reset();
    } else if (!failing_since_) {
        failing_since_ = tools_.clock.now();
    }
    if (machine_.last_error() == reported_) return;
    reported_ = machine_.last_error();
    if (reported_.empty()) {
        log::info("A watch is well again", {{"watch", scope_.text()}});
    } else {
        log::warn("A watch is interrupted", {{"watch", scope_.text()}, {"error", reported_}});
        consumer_.interrupted(reported_);
    }
}

void Follower::describe(Health& health) const {
    health.synced = machine_.synced();
    health.state = machine_.state_name();
    health.last_error = machine_.last_error();
    health.last_heard = last_heard_;
    health.failing_since = failing_since_;
    health.relists = machine_.relists();
    health.version = machine_.version();
}

}  // namespace moontide::watch
