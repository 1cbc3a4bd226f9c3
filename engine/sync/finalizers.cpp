#include "sync/finalizers.hpp"

#include "base/log.hpp"
#include "plan/claim.hpp"
#include "plan/content_hash.hpp"
#include "sync/copies.hpp"
#include "sync/evaluation.hpp"
#include "sync/owners.hpp"
#include "sync/report.hpp"
#include "sync/rows.hpp"
#include "watch/page.hpp"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

namespace moontide::sync {

namespace {

using nlohmann::json;

/// What is left is asked for again after this long where nothing tells of a change.
constexpr Milliseconds list_again{2'000};
constexpr Milliseconds patch_again{1'000};
/// A patch that failed a test, or did not fit, is tried again so soon, and so often before it counts as refused.
constexpr Milliseconds moved_again{50};
constexpr unsigned most_moved = 20;

json finalizers_of(std::string_view object_json) {
    const auto object = json::parse(object_json, nullptr, false);
    if (!object.is_object() || !object.contains("metadata") || !object["metadata"].is_object()) return json::array();
    const auto found = object["metadata"].find("finalizers");
    return found != object["metadata"].end() && found->is_array() ? *found : json::array();
}

std::optional<kube::Resource> resource_of(const RunningPolicy& running, const kube::Kind& kind) {
    for (const auto* feed : running.feeds) {
        if (feed->scope.resource.kind == kind) return feed->scope.resource;
    }
    return std::nullopt;
}

std::string message_of(const Result<kube::Answer>& answer) {
    if (!answer) return answer.error().message;
    const auto status = kube::read_status(*answer);
    return status.message.empty() ? "the server answered " + std::to_string(answer->status) : status.message;
}

}  // namespace

/// Puts the finalizer on an owner, or takes it off.
class Finalizers::Patch : public std::enable_shared_from_this<Patch> {
public:
    /// `let_go`: the uid of the owner that it is taken off; nothing: it is put on, whoever has the name now.
    Patch(Finalizers& finalizers, plan::UnitId owner, std::optional<std::string> let_go)
        : self_(finalizers), owner_(owner), on_(!let_go), let_go_(std::move(let_go)) {}

    void send() {
        auto& board = self_.board_;
        const auto unit = board.units.get(owner_);
        auto* running = unit ? board.running(unit->policy) : nullptr;
        const auto resource = running != nullptr ? resource_of(*running, unit->bond.owner.kind) : std::nullopt;
        const auto object = running != nullptr ? Evaluation::is_in_feeds(unit->bond.owner, *running) : nullptr;
        const bool may = !board.options.may_write || board.options.may_write();
        if (!resource || !object || board.stopping || !may) return self_.end(owner_, {});
        // Nobody has asked what is left of one that was made anew.
        if (let_go_ && object->uid() != *let_go_) return self_.end(owner_, {});
        if (std::exchange(judged_, object->resource_version()) != object->resource_version()) invalid_ = 0;
        const auto& name = running->shape().finalizer;
        const auto there = finalizers_of(object->json());
        const auto at = std::find(there.begin(), there.end(), json(name));
        const bool is_on = at != there.end();
        if (is_on == on_ || (on_ && object->terminating())) return self_.end(owner_, {});

        json patch = json::array({{{"op", "test"}, {"path", "/metadata/uid"}, {"value", object->uid()}},
                                  {{"op", "replace"},
                                   {"path", "/metadata/resourceVersion"},
                                   {"value", std::to_string(object->resource_version())}}});
        if (!on_) {
            const auto path = "/metadata/finalizers/" + std::to_string(at - there.begin());
            patch.push_back({{"op", "test"}, {"path", path}, {"value", name}});
            patch.push_back({{"op", "remove"}, {"path", path}});
        } else if (there.empty()) {
            patch.push_back({{"op", "add"}, {"path", "/metadata/finalizers"}, {"value", json::array({name})}});
        } else {
            patch.push_back({{"op", "add"}, {"path", "/metadata/finalizers/-"}, {"value", name}});
        }
        kube::Call call;
        call.method = "PATCH";
        call.path =
            kube::path(*resource, unit->bond.owner.namespace_name, unit->bond.owner.name) + "?fieldManager=moontide";
        call.content_type = "application/json-patch+json";
        call.body = patch.dump();
        call.lane = kube::Lane::write;
        board.client->send(std::move(call), [self = shared_from_this()](Result<kube::Answer> answer) {
            if (!self->self_.board_.stopping) self->took(answer);
        });
    }

private:
    void took(const Result<kube::Answer>& answer) {
        auto& board = self_.board_;
        if (answer && answer->ok()) {
            kube::Reader reader;
            const auto object = reader.metadata(answer->body);
            board.units.change(owner_, [&](Unit& known) {
                known.held = on_;
                if (object) known.held_since = object->resource_version;
            });
            const auto unit = board.units.get(owner_);
            if (unit) {
                log::info(on_ ? "finalizer put on" : "finalizer taken off",
                          {{"owner", owner_text(unit->bond)}, {"policy", unit->bond.policy}});
            }
            self_.end(owner_, {});
            if (on_) self_.look_again(owner_);  // rows wait for it as copies do
            return;
        }
        const int status = answer ? answer->status : 0;
        const auto why = std::string(on_ ? "its finalizer cannot be put on: " : "its finalizer cannot be taken off: ") +
                         message_of(answer);
        // A version that moved shows itself in a moment, and so does an owner that was made anew; but 422 is also what
        // an object gets that its definition allows no more. Of an owner that went its watch tells, and then the next
        // try ends at once; but what was not found may as well be the path, as of a definition that goes and comes
        // back.
        const bool moved = status == 409 || (status == 422 && ++invalid_ < most_moved);
        const bool quiet = moved || (status == 404 && !std::exchange(not_found_, true));
        const bool is_new = self_.states_.with(
            [&](auto& states) { return std::exchange(states[owner_].waiting, quiet ? "" : why) != why; });
        if (is_new && !quiet) {
            const auto unit = board.units.get(owner_);
            log::warn("cannot change an owner's finalizer yet; it is tried again",
                      {{"owner", unit ? owner_text(unit->bond) : ""}, {"message", message_of(answer)}});
            self_.look_again(owner_);  // what its units stand for is free meanwhile
        }
        self_.io_.after(quiet ? moved_again : patch_again, [self = shared_from_this()] { self->send(); });
    }

    Finalizers& self_;
    const plan::UnitId owner_;
    const bool on_;
    const std::optional<std::string> let_go_;
    bool not_found_ = false;
    kube::ResourceVersion judged_ = 0;
    unsigned invalid_ = 0;  ///< answers of 422 to what was judged on that version
};

/// One live look at what is left of an owner's copies, kind by kind.
class Finalizers::Survey : public std::enable_shared_from_this<Survey> {
public:
    Survey(Finalizers& finalizers, plan::UnitId owner, std::optional<kube::Ref> database)
        : self_(finalizers), owner_(owner), database_(std::move(database)) {}

    void begin() {
        auto& board = self_.board_;
        unit_ = board.units.get(owner_);
        const auto* running = unit_ ? board.running(unit_->policy) : nullptr;
        if (running == nullptr || board.stopping || unit_->bond.owner_uid.empty()) return self_.end(owner_, {});
        const auto& shape = running->shape();
        const bool may_join = !shape.existing || policy::joins(*shape.existing);
        for (const auto& kind : shape.copy_kinds) {
            const auto id = board.kinds.find(kind);
            if (!id) continue;
            lists_.push_back({*id, std::string(plan::marks::owner) + "=" + unit_->bond.owner_uid});
            if (may_join) lists_.push_back({*id, std::string(plan::marks::part) + "=" + board.options.instance});
        }
        ask();
    }

private:
    struct List {
        plan::KindId kind;
        std::string selector;
    };

    void ask() {
        auto& board = self_.board_;
        if (lists_.empty()) return concluded();
        const auto& list = lists_.back();
        kube::Call call;
        // Without a resourceVersion the answer is as new as can be.
        call.path = kube::path(board.kinds.resource(list.kind), "") + "?limit=" + kube::page_size +
                    "&labelSelector=" + kube::percent_encoded(list.selector);
        if (!next_.empty()) call.path += "&continue=" + kube::percent_encoded(next_);
        board.client->send(std::move(call), [self = shared_from_this()](Result<kube::Answer> answer) {
            if (!self->self_.board_.stopping) self->took(std::move(answer));
        });
    }

    void took(Result<kube::Answer> answer) {
        if (answer && answer->status == 403 && never_had(lists_.back().kind)) {
            next_.clear();
            lists_.pop_back();
            return ask();
        }
        if (const auto page = take(std::move(answer)); !page) {
            // What cannot be asked may still be there.
            self_.end(owner_, "what is left of its copies cannot be listed: " + page.error().message);
            self_.io_.after(list_again, [&finalizers = self_, owner = owner_] {
                const auto unit = finalizers.board_.units.get(owner);
                if (unit && !finalizers.board_.stopping) owner_stirred(finalizers.board_, *unit);
            });
            return;
        }
        if (next_.empty()) lists_.pop_back();
        ask();
    }

    Result<void> take(Result<kube::Answer> answer) {
        if (!answer || !answer->ok()) return fail(message_of(answer));
        auto page = TRY(watch::Page::read(std::move(answer->body)));
        TRY_VOID(page.for_each([this](std::string_view item) { return consider(item); }));
        next_ = page.continue_token();
        return {};
    }

    /// Where rights to one of several kinds were never given: copies are of their sources' kinds, and none of this one
    /// was ever the owner's.
    bool never_had(plan::KindId id) const {
        auto& board = self_.board_;
        const auto kind = board.kinds.resource(id).kind;
        const auto& sources = board.running(unit_->policy)->shape().source_kinds;
        if (sources.size() < 2 || std::find(sources.begin(), sources.end(), kind) == sources.end()) return false;
        const auto units = board.units.of_owner(owner_);
        return std::none_of(units.begin(), units.end(), [&](plan::UnitId one) {
            const auto unit = board.units.get(one);
            return unit && (unit->bond.source.kind == kind || unit->bond.source.name.empty());
        });
    }

    Result<void> consider(std::string_view item) {
        const auto live = TRY(reader_.read(item));
        auto& board = self_.board_;
        const auto is_ours = [&](const plan::Claim& claim) {
            return claim.instance == board.options.instance &&
                   board.is_here(claim.place, live.namespace_name, live.name) &&
                   claim.bond.policy == unit_->bond.policy && claim.bond.owner == unit_->bond.owner &&
                   claim.bond.owner_uid == unit_->bond.owner_uid;
        };
        const plan::TargetKey target{board.names.id(live.namespace_name), board.names.id(live.name),
                                     lists_.back().kind};
        // A clone carries the label too, and is its user's.
        if (live.claim && is_ours(*live.claim)) {
            const auto record = record_of(board, live);
            if (record) left(target, *record, live, item);
        }
        for (const auto& part : live.parts) {
            if (!is_ours(part.claim)) continue;
            const auto unit = board.units.id(part.claim.bond, unit_->policy);
            if (const auto record = part_of(board, live, unit)) left(target.part_of(unit), *record, live, item);
        }
        return {};
    }

    void left(const plan::TargetKey& target, const plan::Record& record, const plan::Live& live,
              std::string_view item) {
        auto& board = self_.board_;
        ++left_;
        if (!live.terminating) {
            // The watch may be behind, or the label may have been taken off and put back.
            board.have.with([&](plan::Have& have) {
                if (have.record(target) != nullptr || have.sighting(target) != nullptr) return;
                have.see(target, {.standing = record, .version = live.resource_version, .uid = live.uid});
            });
            board.queue.add({record.unit, 0});
        }
        const auto text = board.describe(target);
        auto held = text.kind.kind + " " + text.namespace_name + "/" + text.name;
        const auto others = finalizers_of(item);
        if (live.terminating && !others.empty()) {
            held += " is being deleted and held by the finalizer " + others.front().get<std::string>();
        } else if (live.terminating) {
            held += " is being deleted";
        } else {
            held += " is still there";
        }
        if (held_up_by_.empty() || held < held_up_by_) held_up_by_ = std::move(held);
    }

    void concluded() {
        auto& board = self_.board_;
        if (left_ > 0) {
            auto why = held_up_by_;
            if (left_ > 1) why += ", and " + std::to_string(left_ - 1) + " more";
            const auto before = self_.waiting(owner_);
            self_.end(owner_, why);
            if (before != why) {
                log::info("an owner waits for its copies to go",
                          {{"owner", owner_text(unit_->bond)}, {"policy", unit_->bond.policy}, {"message", why}});
                owner_stirred(board, *unit_);
            }
            return;
        }
        if (auto why = board.rows ? board.rows->left(*unit_, database_) : std::nullopt) {
            // Whoever keeps the rows stirs the owner when they are gone.
            const bool is_news = self_.waiting(owner_) != *why;
            self_.end(owner_, std::move(*why));
            if (is_news) owner_stirred(board, *unit_);
            return;
        }
        std::make_shared<Patch>(self_, owner_, unit_->bond.owner_uid)->send();
    }

    Finalizers& self_;
    const plan::UnitId owner_;
    const std::optional<kube::Ref> database_;
    std::optional<Unit> unit_;
    std::vector<List> lists_;
    std::string next_;
    plan::LiveReader reader_;
    std::size_t left_ = 0;
    std::string held_up_by_;
};

bool Finalizers::begin(plan::UnitId owner) {
    return states_.with([&](auto& states) {
        auto& state = states[owner];
        state.again = state.busy;
        return !std::exchange(state.busy, true);
    });
}

void Finalizers::end(plan::UnitId owner, std::string waiting) {
    const bool again = states_.with([&](auto& states) {
        auto& state = states[owner];
        state.busy = false;
        state.waiting = std::move(waiting);
        return std::exchange(state.again, false);
    });
    // It may have been made anew meanwhile, and its units have asked for it in vain.
    if (again) look_again(owner);
    board_.stirred();
}

void Finalizers::look_again(plan::UnitId owner) {
    for (const auto unit : board_.units.of_owner(owner)) board_.queue.add({unit, 0});
    if (const auto unit = board_.units.get(owner)) owner_stirred(board_, *unit);
}

void Finalizers::hold(plan::UnitId owner) {
    if (!begin(owner)) return;
    io_.post([this, owner] { std::make_shared<Patch>(*this, owner, std::nullopt)->send(); });
}

void Finalizers::let_go(plan::UnitId owner, std::optional<kube::Ref> database) {
    if (!begin(owner)) return;
    io_.post(
        [this, owner, database = std::move(database)] { std::make_shared<Survey>(*this, owner, database)->begin(); });
}

bool Finalizers::is_busy(plan::UnitId owner) const {
    return states_.with([&](const auto& states) {
        const auto found = states.find(owner);
        return found != states.end() && found->second.busy;
    });
}

bool Finalizers::settled() const {
    return states_.with([](const auto& states) {
        return std::ranges::none_of(states,
                                    [](const auto& one) { return one.second.busy && one.second.waiting.empty(); });
    });
}

std::string Finalizers::waiting(plan::UnitId owner) const {
    return states_.with([&](const auto& states) {
        const auto found = states.find(owner);
        return found == states.end() ? std::string() : found->second.waiting;
    });
}

void Finalizers::forget(plan::UnitId owner) {
    states_.with([&](auto& states) {
        const auto found = states.find(owner);
        if (found != states.end() && !found->second.busy) states.erase(found);
    });
}

}  // namespace moontide::sync
