// An owner that Finalizers hold and let go of, on a server that knows it alone.
#pragma once

#include "answered.hpp"
#include "sync/finalizers.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace moontide::sync {

inline const kube::Resource copiers{{"example.com/v1", "Copier"}, "copiers", true, true};
inline const std::string ours = "example.com/copies";
inline const std::string first_uid = "11111111-0000-4000-8000-000000000000";

/// An owner, on the server and in the watch, which shows it as it was when it was last told to.
struct Holding {
    Answered world;
    Finalizers finalizers{world.board, world.io};
    nlohmann::json owner;  ///< as the server has it; null: it is gone
    plan::UnitId unit = 0;
    std::unique_ptr<cache::Feed> watch;
    std::size_t patches = 0;
    std::size_t lists = 0;
    std::function<Result<kube::Answer>(const kube::Call&)> on_list = [](const kube::Call&) {
        return page(9, nlohmann::json::array());
    };
    std::function<Result<kube::Answer>(const kube::Call&)> on_patch = [this](const kube::Call& call) {
        return patch(call);
    };

    explicit Holding(const std::vector<std::string>& there, bool terminating = false) {
        auto& board = world.board;
        world.add("p", {}, {});
        shape().finalizer = ours;
        shape().owner_kinds = {copiers.kind};
        board.sources.push_back(std::make_unique<SourceFeed>());
        auto& feed = *board.sources.back();
        feed.scope.resource = copiers;
        watch = std::make_unique<cache::Feed>(
            feed.store, copiers.kind, [](const kube::Metadata&) { return true; }, [](const cache::Change&) {},
            [](bool) {});
        board.policies.front()->feeds = {&feed};
        owner = made(first_uid, there);
        if (terminating) owner["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z";
        show();
        unit = board.units.id(bond(), 0);
        world.server.answer = [this](const kube::Call& call) {
            ++(call.method == "PATCH" ? patches : lists);
            return call.method == "PATCH" ? on_patch(call) : on_list(call);
        };
    }

    policy::Shape& shape() { return world.policies.front()->shaped; }

    static plan::Bond bond(const std::string& source = "") {
        plan::Bond bond;
        bond.policy = "p";
        bond.owner = {copiers.kind, "team", "web"};
        bond.owner_uid = first_uid;
        if (!source.empty()) bond.source = {config_maps.kind, "team", source};
        return bond;
    }

    static nlohmann::json made(const std::string& uid, const std::vector<std::string>& there) {
        nlohmann::json metadata = {{"namespace", "team"}, {"name", "web"}, {"uid", uid}, {"resourceVersion", "7"}};
        if (!there.empty()) metadata["finalizers"] = there;
        return {{"apiVersion", "example.com/v1"}, {"kind", "Copier"}, {"metadata", metadata}};
    }

    /// A write of somebody else.
    void change(const std::vector<std::string>& there) {
        owner["metadata"]["finalizers"] = there;
        owner["metadata"]["resourceVersion"] = "8";
    }

    /// The watch shows what the server has.
    void show() {
        watch->relist_begun();
        if (!owner.is_null()) watch->listed(owner.dump());
        watch->relisted(20);
    }

    Result<kube::Answer> patch(const kube::Call& call) {
        CHECK(call.path == "/apis/example.com/v1/namespaces/team/copiers/web?fieldManager=moontide");
        if (owner.is_null()) return refused(404, "copiers \"web\" not found");
        try {
            auto patched = owner.patch(nlohmann::json::parse(call.body));
            auto& version = patched["metadata"]["resourceVersion"];
            if (version != owner["metadata"]["resourceVersion"]) return refused(409, "the object has been modified");
            version = "9";
            owner = std::move(patched);
            return answered(200, owner);
        } catch (const nlohmann::json::exception& error) {
            return refused(422, error.what());
        }
    }

    nlohmann::json on_it() const { return owner["metadata"].value("finalizers", nlohmann::json::array()); }
    void run_to_its_end() {
        world.run_until([&] { return !finalizers.is_busy(unit); });
    }
    void begin(bool on) {
        if (on) {
            finalizers.hold(unit);
        } else {
            finalizers.let_go(unit);
        }
    }
};

}  // namespace moontide::sync
