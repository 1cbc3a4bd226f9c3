#include "status/events.hpp"

#include "base/guarded.hpp"
#include "base/log.hpp"
#include "status/ledger.hpp"

#include <array>
#include <map>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace moontide::status {

namespace {

constexpr Milliseconds ask_again_after{600'000};
/// Between the attempts to write one Event; after the last it is dropped.
constexpr std::array retry_delays{Milliseconds(1'000), Milliseconds(10'000), Milliseconds(60'000)};
/// What waits for the loop's thread; more is dropped, since nothing may wait for an Event.
constexpr std::size_t most_waiting = 4'096;

kube::Resource event_resource() {
    return {{"v1", "Event"}, "events", true, false};
}

/// What policies bring need not be UTF-8; the server takes nothing else.
std::string text_of(const nlohmann::json& json) {
    return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

class Silence final : public Events {
public:
    void tell(Notice) override {}
};

/// What the recorder does on the loop's thread. Posts, timers and answers hold it weakly: they may come after the end.
class Writer : public std::enable_shared_from_this<Writer> {
public:
    Writer(Loop& io, kube::Client& client, std::string component, const Clock& clock)
        : io_(io), client_(client), component_(std::move(component)), clock_(clock) {}

    void receive(Notice notice) {
        const bool first = inbox_.with([&](auto& inbox) {
            if (inbox.size() < most_waiting) inbox.push_back(std::move(notice));
            return inbox.size() == 1;
        });
        if (!first) return;
        io_.post([weak = weak_from_this()] {
            if (const auto self = weak.lock()) self->read_inbox();
        });
    }

private:
    void read_inbox() {
        const auto notices = inbox_.with([](auto& inbox) { return std::exchange(inbox, {}); });
        for (const auto& notice : notices) {
            const auto now = clock_.now();
            if (const auto denied = denied_until_.find(notice.about.namespace_name); denied != denied_until_.end()) {
                if (now < denied->second) continue;
                denied_until_.erase(denied);
            }
            if (auto draft = ledger_.judge(notice, now, clock_.wall())) write(std::move(*draft), 0);
        }
    }

    void write(Draft draft, std::size_t attempt) {
        kube::Call call;
        call.lane = kube::Lane::write;
        if (draft.write == Draft::Write::create) {
            call.method = "POST";
            call.path = kube::path(event_resource(), draft.place);
            call.content_type = "application/json";
            call.body = text_of(body_of(draft));
        } else {
            call.method = "PATCH";
            call.path = kube::path(event_resource(), draft.place, draft.name);
            call.content_type = "application/merge-patch+json";
            call.body = text_of(
                {{"count", draft.count}, {"lastTimestamp", rfc3339(draft.last)}, {"message", draft.notice.message}});
        }
        client_.send(std::move(call),
                     [weak = weak_from_this(), draft = std::move(draft), attempt](auto answer) mutable {
                         if (const auto self = weak.lock()) self->answered(std::move(draft), attempt, answer);
                     });
    }

    nlohmann::json body_of(const Draft& draft) const {
        const auto& notice = draft.notice;
        nlohmann::json about{{"apiVersion", notice.about.kind.api_version},
                             {"kind", notice.about.kind.kind},
                             {"name", notice.about.name},
                             {"uid", notice.uid}};
        if (!notice.about.namespace_name.empty()) about["namespace"] = notice.about.namespace_name;
        return {{"apiVersion", "v1"},
                {"kind", "Event"},
                {"metadata", {{"namespace", draft.place}, {"name", draft.name}}},
                {"involvedObject", std::move(about)},
                {"reason", notice.reason},
                {"message", notice.message},
                {"type", notice.type == Notice::Type::normal ? "Normal" : "Warning"},
                {"source", {{"component", component_}}},
                {"reportingComponent", component_},
                {"firstTimestamp", rfc3339(draft.first)},
                {"lastTimestamp", rfc3339(draft.last)},
                {"count", draft.count}};
    }

    void answered(Draft draft, std::size_t attempt, const Result<kube::Answer>& answer) {
        // AlreadyExists: an earlier attempt, whose answer was lost, did write it.
        if (answer && (answer->ok() || answer->status == 409)) return ledger_.written(draft, clock_.now());
        if (answer && answer->status == 404 && draft.write == Draft::Write::raise) {
            if (auto anew = ledger_.gone(draft, clock_.wall())) write(std::move(*anew), attempt);
            return;
        }
        if (answer && answer->status == 403) {
            const auto status = kube::read_status(*answer);
            if (status.cause != "NamespaceTerminating") denied(draft, status.message);
            return ledger_.failed(draft);
        }
        const bool passing = !answer || answer->status == 429 || answer->status >= 500;
        if (!passing || attempt >= retry_delays.size()) {
            log::debug("an Event could not be written",
                       {{"object", draft.notice.about.text()},
                        {"reason", draft.notice.reason},
                        {"error", answer ? kube::read_status(*answer).message : answer.error().message}});
            return ledger_.failed(draft);
        }
        io_.after(retry_delays[attempt], [weak = weak_from_this(), draft = std::move(draft), attempt]() mutable {
            if (const auto self = weak.lock()) self->write(std::move(draft), attempt + 1);
        });
    }

    void denied(const Draft& draft, const std::string& message) {
        // Bounded: a namespace that is forgotten here is asked for once more, no worse.
        if (denied_until_.size() >= most_waiting) denied_until_.clear();
        denied_until_[draft.notice.about.namespace_name] = clock_.now() + ask_again_after;
        if (std::exchange(denial_said_, true)) return;
        log::warn("Events may not be written; all else works. Allow create and patch of events to have them",
                  {{"namespace", draft.place}, {"error", message}});
    }

    Loop& io_;
    kube::Client& client_;
    std::string component_;
    const Clock& clock_;
    Guarded<std::vector<Notice>> inbox_;
    Ledger ledger_;
    /// By the object's namespace, since rights are given by namespace.
    std::map<std::string, Instant> denied_until_;
    bool denial_said_ = false;
};

class Recorder final : public Events {
public:
    explicit Recorder(std::shared_ptr<Writer> writer) : writer_(std::move(writer)) {}
    void tell(Notice notice) override { writer_->receive(std::move(notice)); }

private:
    std::shared_ptr<Writer> writer_;
};

}  // namespace

std::unique_ptr<Events> no_events() {
    return std::make_unique<Silence>();
}

std::unique_ptr<Events> event_recorder(Loop& io, kube::Client& client, std::string component, const Clock& clock) {
    return std::make_unique<Recorder>(std::make_shared<Writer>(io, client, std::move(component), clock));
}

}  // namespace moontide::status
