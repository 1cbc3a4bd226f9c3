// A Planner beside everything that it asks, with no server: its orders wait in an applier that is never opened.
#pragma once

#include "../policy/scripted.hpp"
#include "cache/feed.hpp"
#include "sync/planner.hpp"

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace moontide::sync {

inline const kube::Resource config_maps{{"v1", "ConfigMap"}, "configmaps", true, false};

/// Sources are the ConfigMaps of flux-system; targets are the namespaces that `into` names.
struct NamedPolicy final : policy::Policy {
    policy::Shape shaped;
    std::vector<std::string> targets;
    policy::Existing existing = policy::Existing::refuse;
    std::function<void()> on_evaluated = [] {};

    explicit NamedPolicy(std::string name) {
        shaped.name = std::move(name);
        shaped.source_kinds = shaped.copy_kinds = {config_maps.kind};
    }
    const policy::Shape& shape() const override { return shaped; }
    std::optional<policy::Origin> origin(const kube::Metadata&) const override { return std::nullopt; }
    std::unique_ptr<policy::Evaluator> evaluator() const override {
        auto made = std::make_unique<policy::ScriptedEvaluator>();
        made->on_into = [this](const policy::Inputs&) {
            std::vector<policy::Target> all;
            for (const auto& name : targets) all.push_back({"", name, config_maps.kind, "copy"});
            return policy::Into{all, {}, {}};
        };
        made->on_copy = [this, evaluator = made.get()](const policy::Inputs& inputs, policy::Copy copy) {
            evaluator->copies_asked.clear();  // long histories leave nothing behind
            auto content = std::make_shared<policy::Content>();
            content->kind = config_maps.kind;
            content->fields = fmt::format(R"({{"data":{{"from":"{}"}}}})", inputs.sources.front()->name());
            copy.content = content;
            copy.existing = existing;
            on_evaluated();
            return copy;
        };
        return made;
    }
};

struct Silent final : status::Events {
    explicit Silent(std::vector<std::string>& told_to) : reasons(told_to) {}
    void tell(status::Notice notice) override { reasons.push_back(notice.reason); }
    std::vector<std::string>& reasons;
};

struct Planned {
    Loop io;
    status::Metrics metrics;
    std::vector<std::string> told;  // reasons of Events
    std::vector<plan::UnitId> to_prove;
    Board board;
    Reach reach;
    Report report;
    Companions companions;
    Planner planner;
    std::vector<std::shared_ptr<NamedPolicy>> policies;
    std::unique_ptr<cache::Feed> namespaces;

    static SyncOptions options() {
        SyncOptions options;
        options.backoff_first = Milliseconds(1'000);
        return options;
    }

    using MakeClient = std::unique_ptr<kube::Client>(Loop& io);
    static std::unique_ptr<kube::Client> no_server(Loop& io) {
        kube::Access access;
        access.server = "https://127.0.0.1:1";
        return kube::Client::create(io, access, {}).value();
    }

    explicit Planned(std::vector<std::string> namespace_names = {"flux-system", "apps", "web"},
                     SyncOptions chosen = options(), MakeClient& client = no_server)
        : board(std::move(chosen), metrics, {}, 1),
          report(board, io),
          companions(board, io),
          planner(board, reach, report, companions, [this](plan::UnitId unit) { to_prove.push_back(unit); }, 1) {
        board.client = client(io);
        apply::ApplierHooks hooks;
        board.applier = std::make_unique<apply::Applier>(io, *board.client, apply::ApplierOptions(), hooks);
        board.ingest = std::make_unique<watch::Ingest>(io, *board.client, watch::IngestOptions());
        board.foreigners = std::make_unique<Foreigners>(board);
        board.events = std::make_unique<Silent>(told);
        board.cluster = "c0c1c2c3-0000-4000-8000-000000000000";
        board.kinds.id(config_maps);
        namespaces = fill(board.namespaces, "", namespace_names);
    }

    static std::unique_ptr<cache::Feed> fill(cache::Store& store, const std::string& namespace_name,
                                             const std::vector<std::string>& names) {
        auto feed = std::make_unique<cache::Feed>(
            store, config_maps.kind, [](const kube::Metadata&) { return true; }, [](const cache::Change&) {},
            [](bool) {});
        feed->relist_begun();
        for (const auto& name : names) {
            const auto uid = fmt::format("00000000-0000-4000-8000-{:012}", std::hash<std::string>()(name) % 1'000'000);
            feed->listed(fmt::format(
                R"({{"apiVersion":"v1","kind":"{}","metadata":{{"name":"{}"{},"uid":"{}","resourceVersion":"3",)"
                R"("creationTimestamp":"2026-01-01T00:00:0{}Z"}}}})",
                namespace_name.empty() ? "Namespace" : "ConfigMap", name,
                namespace_name.empty() ? "" : R"(,"namespace":")" + namespace_name + "\"", uid, name.size() % 10));
        }
        feed->relisted(5);
        return feed;
    }

    /// A policy at work, with these sources; returns their units.
    std::vector<plan::UnitId> add(const std::string& name, const std::vector<std::string>& sources,
                                  const std::vector<std::string>& targets) {
        auto made = std::make_shared<NamedPolicy>(name);
        made->targets = targets;
        policies.push_back(made);
        const auto index = board.policies.size();
        board.policies.push_back(std::make_unique<RunningPolicy>(index, made, Gate::Limits()));
        auto& running = *board.policies.back();
        policy::Selection all;
        all.kinds = {config_maps.kind};
        running.from = {all};
        board.sources.push_back(std::make_unique<SourceFeed>());
        auto& feed = *board.sources.back();
        feed.scope.resource = config_maps;
        feed.feed = fill(feed.store, "flux-system", sources);
        running.feeds = {&feed};
        running.watching = running.ready = running.looked = true;
        std::vector<plan::UnitId> units;
        for (const auto& source : sources) {
            plan::Bond bond;
            bond.policy = name;
            bond.source = {config_maps.kind, "flux-system", source};
            units.push_back(board.units.id(bond, index));
            board.units.change(units.back(), [](Unit& unit) { unit.presence = Presence::present; });
        }
        return units;
    }

    plan::TargetKey target(const std::string& namespace_name) {
        return {board.names.id(namespace_name), board.names.id("copy"), 0};
    }
    queue::Key spot(plan::UnitId unit, const std::string& namespace_name) {
        return {unit, board.names.id(namespace_name)};
    }
    /// The unit that has a step on its way there; 0: none.
    plan::UnitId ordered(const std::string& namespace_name) {
        return board.have.with([&](plan::Have& have) {
            const auto* ticket = have.ticket(target(namespace_name));
            return ticket == nullptr ? plan::UnitId{0} : ticket->unit;
        });
    }
    /// A copy of that unit stands there, with another content than is wanted.
    plan::Record stands(const std::string& namespace_name, plan::UnitId unit, kube::ResourceVersion version = 7) {
        plan::Record record;
        record.uid = plan::Uid{{9}};
        record.resource_version = version;
        record.unit = unit;
        record.made = record.labelled = record.plain = true;
        board.have.with([&](plan::Have& have) { have.put(target(namespace_name), record); });
        return record;
    }
};

}  // namespace moontide::sync
