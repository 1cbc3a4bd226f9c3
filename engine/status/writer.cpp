#include "status/writer.hpp"

#include "base/guarded.hpp"
#include "base/log.hpp"

#include <atomic>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace moontide::status {

namespace {

using Json = nlohmann::json;
using Owner = std::tuple<kube::Kind, std::string, std::string>;  // kind, namespace, name

Owner owner_of(const Statement& statement) {
    return {statement.resource.kind, statement.namespace_name, statement.name};
}

std::string text_of_owner(const Statement& statement) {
    return kube::Ref{statement.resource.kind, statement.namespace_name, statement.name}.text();
}

std::pair<kube::Kind, std::string> place_of(const Statement& statement) {
    return {statement.resource.kind, statement.namespace_name};
}

/// What the server shows of an owner in an answer.
struct Shown {
    std::string uid;
    kube::ResourceVersion version = 0;
    Json status;
};

Shown read_owner(const kube::Answer& answer) {
    const auto object = Json::parse(answer.body, nullptr, false);
    if (!object.is_object()) return {};
    Shown shown;
    const auto metadata = object.value("metadata", Json::object());
    shown.uid = metadata.value("uid", "");
    if (const auto version = kube::parse_resource_version(metadata.value("resourceVersion", "")))
        shown.version = *version;
    shown.status = object.value("status", Json());
    return shown;
}

}  // namespace

std::string status_patch(const Statement& statement) {
    const auto patch = Json::array({{{"op", "test"}, {"path", "/metadata/uid"}, {"value", statement.uid}},
                                    {{"op", "add"}, {"path", "/status"}, {"value", statement.status}}});
    // What policies bring need not be UTF-8; the server takes nothing else.
    return patch.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// Posts, timers and answers hold it weakly: they may come after the end.
class StatusWriter::Implementation : public std::enable_shared_from_this<Implementation> {
public:
    Implementation(Loop& io, kube::Client& client, StatusWriterOptions options, Told told, const Clock& clock)
        : io_(io),
          client_(client),
          options_(options),
          told_(std::move(told)),
          clock_(clock),
          backoff_(options.backoff_first, options.backoff_last, options.seed) {}

    void receive(Statement statement) {
        const bool first = inbox_.with([&](auto& inbox) {
            inbox.insert_or_assign(owner_of(statement), std::move(statement));
            return inbox.size() == 1;
        });
        if (!first) return;
        io_.post([weak = weak_from_this()] {
            if (const auto self = weak.lock()) self->read_inbox();
        });
    }

    std::size_t waiting() const {
        return inbox_.with([&](const auto& inbox) { return waiting_ + inbox.size(); });
    }

    void close(std::function<void()> drained) {
        drained_ = std::move(drained);
        closing_ = true;
        read_inbox();
        std::vector<Owner> owners;
        for (const auto& [owner, line] : lines_) owners.push_back(owner);
        for (const auto& owner : owners) proceed(owner);
        end_if_drained();
    }

private:
    /// One owner's.
    struct Line {
        std::optional<Statement> next;  ///< to be sent, once this is so
        bool under_way = false;
        std::optional<Instant> sent;
        std::optional<Instant> not_before;  ///< after a failure
        Loop::TimerId timer = 0;            ///< 0: none
        unsigned failures = 0;
        bool refused = false;
    };

    void read_inbox() {
        auto statements = inbox_.with([&](auto& inbox) {
            waiting_ += inbox.size();  // they never wait nowhere
            return std::exchange(inbox, {});
        });
        for (auto& [owner, statement] : statements) {
            auto& line = lines_[owner];
            line.next = std::move(statement);
            proceed(owner);
        }
        count();
    }

    void count() {
        std::size_t waiting = 0;
        for (const auto& [owner, line] : lines_) {
            if ((line.next || line.under_way) && !line.refused) ++waiting;
        }
        waiting_ = waiting;
    }

    /// Sends what is due, or sets a timer for it, or forgets the owner.
    void proceed(const Owner& owner) {
        const auto found = lines_.find(owner);
        if (found == lines_.end()) return;
        auto& line = found->second;
        if (line.under_way) return;
        if (line.timer != 0) io_.cancel(std::exchange(line.timer, 0));
        const auto now = clock_.now();
        auto due = line.sent ? *line.sent + options_.every : now;
        if (line.next && line.not_before) due = std::max(due, *line.not_before);
        if (due > now && !closing_) {
            line.timer = io_.after(std::chrono::ceil<Milliseconds>(due - now), [weak = weak_from_this(), owner] {
                const auto self = weak.lock();
                if (!self) return;
                if (const auto one = self->lines_.find(owner); one != self->lines_.end()) one->second.timer = 0;
                self->proceed(owner);
                self->count();
            });
            return;
        }
        if (!line.next) {
            lines_.erase(found);
            return;
        }
        if (options_.may_write && !options_.may_write()) {
            lines_.erase(found);
            return;
        }
        if (is_unavailable(line.next->resource.kind, now)) {
            auto statement = std::move(*line.next);
            lines_.erase(found);
            return tell({Stated::What::unavailable, std::move(statement), {}, 0, {}});
        }
        line.sent = now;
        line.under_way = true;
        auto statement = std::exchange(line.next, std::nullopt);
        send(owner, std::move(*statement));
    }

    bool is_unavailable(const kube::Kind& kind, Instant now) {
        const auto found = without_.find(kind);
        if (found == without_.end()) return false;
        if (now < found->second) return true;
        without_.erase(found);
        return false;
    }

    void send(const Owner& owner, Statement statement) {
        kube::Call call;
        call.method = "PATCH";
        call.path =
            kube::path(statement.resource, statement.namespace_name, statement.name) + "/status?fieldManager=moontide";
        call.content_type = "application/json-patch+json";
        call.body = status_patch(statement);
        call.lane = kube::Lane::write;
        client_.send(std::move(call), [weak = weak_from_this(), owner,
                                       statement = std::move(statement)](const Result<kube::Answer>& answer) mutable {
            const auto self = weak.lock();
            if (!self) return;
            self->answered(owner, std::move(statement), answer);
            self->count();
            self->end_if_drained();
        });
    }

    void answered(const Owner& owner, Statement statement, const Result<kube::Answer>& answer) {
        if (answer && answer->ok()) {
            auto shown = read_owner(*answer);
            end(owner);
            return tell({Stated::What::written, std::move(statement), std::move(shown.status), shown.version, {}});
        }
        const bool met_another = answer && (answer->status == 404 || answer->status == 409 || answer->status == 422);
        if (met_another) return look(owner, std::move(statement), *answer);
        again(owner, std::move(statement), answer);
    }

    /// What stands there tells whether the owner is gone, its kind has no such subresource, or the status is refused.
    void look(const Owner& owner, Statement statement, kube::Answer refusal) {
        kube::Call call;
        call.path = kube::path(statement.resource, statement.namespace_name, statement.name);
        client_.send(std::move(call), [weak = weak_from_this(), owner, statement = std::move(statement),
                                       refusal = std::move(refusal)](const Result<kube::Answer>& answer) mutable {
            const auto self = weak.lock();
            if (!self) return;
            self->looked(owner, std::move(statement), refusal, answer);
            self->count();
            self->end_if_drained();
        });
    }

    void looked(const Owner& owner, Statement statement, const kube::Answer& refusal,
                const Result<kube::Answer>& answer) {
        const bool there = answer && answer->ok();
        if (!there && (!answer || answer->status != 404)) return again(owner, std::move(statement), answer);
        if (!there || read_owner(*answer).uid != statement.uid) {
            end(owner);
            return tell({Stated::What::gone, std::move(statement), {}, 0, {}});
        }
        if (refusal.status != 404) return again(owner, std::move(statement), refusal);
        const auto& kind = statement.resource.kind;
        without_[kind] = clock_.now() + options_.ask_again_after;
        if (said_without_.insert(kind).second) {
            log::warn(
                "a kind has no status subresource, so its objects are not told how they are; all else works. "
                "`moontide crds` prints definitions that have one",
                {{"kind", kind.kind}, {"apiVersion", kind.api_version}});
        }
        end(owner);
        tell({Stated::What::unavailable, std::move(statement), {}, 0, {}});
    }

    /// Later, unless another one is to take its place.
    void again(const Owner& owner, Statement statement, const Result<kube::Answer>& answer) {
        auto& line = lines_[owner];
        line.under_way = false;
        ++line.failures;
        auto delay = backoff_.delay(line.failures);
        std::string message = answer ? kube::read_status(*answer).message : answer.error().message;
        const bool refused = answer && answer->status < 500 && answer->status != 429 && answer->status != 409;
        if (answer) {
            if (const auto asked = kube::read_status(*answer).retry_after) delay = std::max(delay, *asked);
            if (message.empty()) message = fmt::format("the server answered {}", answer->status);
        }
        line.refused = refused;
        line.not_before = clock_.now() + delay;
        if (refused && line.failures == 1 && said_.insert(place_of(statement)).second) {
            log::warn("a status may not be written; all else works, and it is tried again",
                      {{"object", text_of_owner(statement)}, {"message", message}});
        }
        auto sent = statement;
        if (!closing_) {
            if (!line.next) line.next = std::move(statement);
        }
        proceed(owner);
        if (refused) tell({Stated::What::refused, std::move(sent), {}, 0, std::move(message)});
    }

    void end(const Owner& owner) {
        const auto found = lines_.find(owner);
        if (found == lines_.end()) return;
        auto& line = found->second;
        line.under_way = false;
        line.failures = 0;
        line.refused = false;
        line.not_before.reset();
        proceed(owner);
    }

    void tell(const Stated& stated) {
        // What is refused again after it was written is told of again.
        if (stated.what == Stated::What::written) said_.erase(place_of(stated.statement));
        if (told_) told_(stated);
    }

    void end_if_drained() {
        if (!closing_ || !drained_) return;
        for (const auto& [owner, line] : lines_) {
            if (line.under_way || line.next) return;
        }
        std::exchange(drained_, {})();
    }

    Loop& io_;
    kube::Client& client_;
    const StatusWriterOptions options_;
    const Told told_;
    const Clock& clock_;
    Backoff backoff_;
    Guarded<std::map<Owner, Statement>> inbox_;
    std::atomic<std::size_t> waiting_{0};
    std::map<Owner, Line> lines_;  // all below: the loop's thread
    std::map<kube::Kind, Instant> without_;
    std::set<kube::Kind> said_without_;
    std::set<std::pair<kube::Kind, std::string>> said_;  // by namespace, since rights are given by namespace
    bool closing_ = false;
    std::function<void()> drained_;
};

StatusWriter::StatusWriter(Loop& io, kube::Client& client, StatusWriterOptions options, Told told, const Clock& clock)
    : self_(std::make_shared<Implementation>(io, client, options, std::move(told), clock)) {}

StatusWriter::~StatusWriter() = default;

void StatusWriter::write(Statement statement) {
    self_->receive(std::move(statement));
}

std::size_t StatusWriter::waiting() const {
    return self_->waiting();
}

void StatusWriter::close(std::function<void()> drained) {
    self_->close(std::move(drained));
}

}  // namespace moontide::status
