#include "apply/course.hpp"

#include <utility>

namespace moontide::apply {

namespace {

constexpr const char* apply_patch = "application/apply-patch+yaml";
constexpr const char* json_patch = "application/json-patch+json";

/// Of one order: knows what its requests are made of.
class Course {
public:
    Course(Order& order, const Address& address, const Signature& signature, AtomicLists& lists)
        : order_(order), address_(address), signature_(signature), lists_(lists) {}

    Result<Next> next(std::string_view live_json) {
        if (auto* apply = std::get_if<plan::Apply>(&order_.step)) return next_of(*apply, live_json);
        const auto* release = std::get_if<plan::Release>(&order_.step);
        if (release != nullptr && release->target.part != 0) return next_of(*release, live_json);
        const auto* replace = std::get_if<plan::Replace>(&order_.step);
        if (replace != nullptr && replace->overwrites) order_.lost = keys_text(live_json);
        order_.stage = Stage::written;
        return TRY(call_for(order_, address_, signature_, live_json));
    }

private:
    Result<Next> next_of(const plan::Apply& step, std::string_view live_json) {
        const bool joins = step.making == plan::Making::joined;
        const auto& content = *order_.wish->content;
        const auto ours = claim(*order_.wish, signature_, address_.namespace_name, address_.name, step.making);
        switch (order_.stage) {
            case Stage::begun:
                order_.stage = Stage::others_taken;
                if (step.takes_over) {
                    if (auto patch = takeover_patch(step.making, content.kind, live_json)) {
                        return patch_call(address_, plan::whole_manager, json_patch, std::move(*patch));
                    }
                }
                [[fallthrough]];
            case Stage::others_taken:
                if (joins && !lists_.knows(content)) {
                    order_.stage = Stage::learning;
                    // What others hold is no hindrance to learn, and nothing is written.
                    return patch_call(address_, manager(ours), apply_patch, applied_part(*order_.wish, ours, step, {}),
                                      "&force=true&dryRun=All");
                }
                return rehearse_or_write(step, ours);
            case Stage::learning:
                lists_.learn(content, manager(ours), live_json);
                return rehearse_or_write(step, ours);
            case Stage::rehearsing: {
                if (TRY(hash_of(live_json)) != step.doubted) return write(step, ours);
                if (auto patch =
                        joins ? lists_patch(*order_.wish, ours, lists_.of(content), live_json) : std::nullopt) {
                    order_.stage = Stage::ended;
                    return patch_call(address_, manager(ours), json_patch, std::move(*patch));
                }
                return Fate(Unchanged{TRY(plan::LiveReader().read(live_json))});
            }
            case Stage::written:
                order_.stage = Stage::ended;
                if (auto patch =
                        joins ? lists_patch(*order_.wish, ours, lists_.of(content), live_json) : std::nullopt) {
                    return patch_call(address_, manager(ours), json_patch, std::move(*patch));
                }
                return end(live_json);
            case Stage::unlisted:
            case Stage::ended:
                break;
        }
        return end(live_json);
    }

    Result<Next> rehearse_or_write(const plan::Apply& step, const plan::Claim& ours) {
        if (!step.doubted) return write(step, ours);
        order_.stage = Stage::rehearsing;
        return call(step, ours, "&dryRun=All");
    }

    Result<Next> write(const plan::Apply& step, const plan::Claim& ours) {
        order_.stage = Stage::written;
        return call(step, ours, "");
    }

    kube::Call call(const plan::Apply& step, const plan::Claim& ours, std::string query) const {
        if (step.force) query += "&force=true";
        if (step.making == plan::Making::joined) {
            return patch_call(address_, manager(ours), apply_patch,
                              applied_part(*order_.wish, ours, step, lists_.of(*order_.wish->content)), query);
        }
        return patch_call(address_, plan::whole_manager, apply_patch, applied_object(*order_.wish, ours, step), query);
    }

    Result<Next> next_of(const plan::Release& step, std::string_view live_json) {
        const plan::Place place{signature_.cluster, address_.namespace_name, address_.name};
        switch (order_.stage) {
            case Stage::begun:
                order_.stage = Stage::unlisted;
                if (step.lists) {
                    if (auto patch = unlisting_patch(order_.part, live_json)) {
                        return patch_call(address_, plan::part_manager(order_.part), json_patch, std::move(*patch));
                    }
                }
                [[fallthrough]];
            case Stage::unlisted:
                order_.stage = Stage::written;
                if (step.managed) {
                    return patch_call(address_, plan::part_manager(order_.part), apply_patch,
                                      empty_part(address_.resource.kind, place, step));
                }
                [[fallthrough]];
            case Stage::written:
                order_.stage = Stage::ended;
                if (auto patch = clearing_patch(order_.part, live_json)) {
                    return patch_call(address_, plan::part_manager(order_.part), json_patch, std::move(*patch));
                }
                break;
            case Stage::others_taken:
            case Stage::learning:
            case Stage::rehearsing:
            case Stage::ended:
                break;
        }
        return end(live_json);
    }

    static std::string manager(const plan::Claim& ours) {
        return plan::part_manager(plan::part_id(ours.instance, ours.bond));
    }

    /// Of what is this order's in the object: the part, or the object whole.
    Result<plan::Hash> hash_of(std::string_view live_json) const {
        const auto live = TRY(plan::LiveReader().read(live_json));
        for (const auto& part : live.parts) {
            if (part.claim.instance == signature_.instance && part.claim.bond.key() == order_.wish->bond.key() &&
                plan::target(order_.step).part != 0) {
                return part.hash;
            }
        }
        return live.hash;
    }

    Result<Next> end(std::string_view live_json) {
        kube::Answer answer;
        answer.status = 200;
        answer.body = live_json;
        return fate_of(order_, answer);
    }

    Order& order_;
    const Address& address_;
    const Signature& signature_;
    AtomicLists& lists_;
};

/// The later requests of a step are judged on what its earlier ones left.
void move_to(plan::Step& step, kube::ResourceVersion version) {
    if (auto* apply = std::get_if<plan::Apply>(&step); apply != nullptr && apply->resource_version != 0)
        apply->resource_version = version;
    if (auto* release = std::get_if<plan::Release>(&step)) release->resource_version = version;
}

}  // namespace

Result<Next> first(Order& order, const Address& address, const Signature& signature, std::string_view live_json,
                   AtomicLists& lists) {
    order.stage = Stage::begun;
    return Course(order, address, signature, lists).next(live_json);
}

Result<Next> after(Order& order, const Address& address, const Signature& signature, const kube::Answer& answer,
                   AtomicLists& lists) {
    const auto* release = std::get_if<plan::Release>(&order.step);
    const bool may_go_on =
        std::holds_alternative<plan::Apply>(order.step) || (release != nullptr && release->target.part != 0);
    if (!may_go_on) return fate_of(order, answer);
    if (order.stage != Stage::learning && order.stage != Stage::rehearsing) {
        move_to(order.step, TRY(plan::LiveReader().read(answer.body)).resource_version);
    }
    return Course(order, address, signature, lists).next(answer.body);
}

bool is_patch_under_way(const Order& order) {
    switch (order.stage) {
        case Stage::others_taken:
        case Stage::unlisted:
        case Stage::ended:
            return true;
        case Stage::written:
            return was_patch(order.step);
        case Stage::begun:
        case Stage::learning:
        case Stage::rehearsing:
            return false;
    }
    return false;
}

}  // namespace moontide::apply
