#include "engine.hpp"

#include "environment.hpp"
#include "policies.hpp"

#include <algorithm>
#include <atomic>

#include <catch2/catch.hpp>

namespace moontide::test {
namespace {

const char* word(Deed::What what) {
    switch (what) {
        case Deed::What::created:
            return "created";
        case Deed::What::replaced:
            return "replaced";
        case Deed::What::deleted:
            return "deleted";
        case Deed::What::released:
            return "released";
        case Deed::What::refused:
            return "refused";
        case Deed::What::failed:
            return "failed";
    }
    return "?";
}

}  // namespace

Engine::Engine(World& world, Setup setup_) : setup(std::move(setup_)), world_(world) {
    start();
}

Engine::~Engine() {
    stop();
}

void Engine::start(Where where) {
    SyncOptions options;
    options.instance = setup.instance.empty() ? world_.id() : setup.instance;
    options.excluded_namespaces.insert(setup.excluded_namespaces.begin(), setup.excluded_namespaces.end());
    options.dry_run = setup.dry_run;
    options.workers = 2;
    options.user_agent = "moontide";
    // What waits for a person's patience in production waits for a test's here.
    options.backoff_last = Milliseconds(500);
    options.refused_again = Milliseconds(1'000);
    options.kinds_again = Milliseconds(500);
    options.seed = 1;
    if (setup.adjust) setup.adjust(options);

    auto policies = setup.policies;
    if (policies.empty()) policies.push_back(annotation_sync(world_.sources()));
    metrics_ = std::make_unique<status::Metrics>();
    auto sync =
        Sync::start(setup.access.value_or(world_.server.access()), std::move(policies), options, *metrics_,
                    [deeds = deeds_](const Deed& deed) { deeds->with([&](auto& all) { all.push_back(deed); }); });
    demand("the engine starts", sync ? "" : sync.error().message, where);
    sync_ = std::move(*sync);
}

void Engine::stop() {
    if (sync_) sync_->stop();
    sync_.reset();
}

void Engine::crash() {
    if (!sync_) return;
    sync_->abandon();
    sync_.reset();
}

void Engine::restart(Where where) {
    stop();
    start(where);
}

void Engine::settle(Where where) {
    const auto deadline = patient(DEADLINE);
    if (sync_->wait_settled(deadline)) return;
    std::string why = "not after " + std::to_string(deadline.count() / 1000) + " s";
    for (const auto& ailment : sync_->ailments()) why += "\n  " + ailment.name + ": " + ailment.message;
    for (const auto& tally : sync_->tallies()) {
        why += "\n  " + tally.policy + ": " + std::to_string(tally.pending) + " steps pending, " +
               std::to_string(tally.failed) + " failed, " + std::to_string(tally.refused) + " refused";
    }
    demand("the engine settles", why + "\n" + story(), where);
}

void Engine::expect_refused(const std::string& namespace_name, Where where) {
    world_.await(
        "a target in " + namespace_name + " is refused",
        [&](const Objects&) -> std::string {
            return count(Deed::What::refused, namespace_name) > 0 ? "" : "it is not";
        },
        where);
}

std::optional<double> Engine::metric(const std::string& name) const {
    const auto page = "\n" + metrics_->page();
    const auto at = page.find("\n" + name + " ");
    if (at == std::string::npos) return std::nullopt;
    return std::stod(page.substr(at + name.size() + 2));
}

std::vector<Deed> Engine::deeds() const {
    return deeds_->with([](const auto& all) { return all; });
}

void Engine::forget_deeds() {
    deeds_->with([](auto& all) { all.clear(); });
}

std::string Engine::story() const {
    std::string told;
    for (const auto& deed : deeds()) {
        told += std::string(word(deed.what)) + " " + deed.target.kind.kind + " " + deed.target.namespace_name + "/" +
                deed.target.name + " for " + deed.source + ": " + deed.reason + "\n";
    }
    return told;
}

std::size_t Engine::count(Deed::What what, const std::string& namespace_name) const {
    const auto all = deeds();
    return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [&](const Deed& deed) {
        return deed.what == what && deed.target.namespace_name == namespace_name;
    }));
}

std::string pass_sentinel(World& world, Engine& engine, Where where) {
    static std::atomic<unsigned> count = 0;
    const auto number = std::to_string(++count);
    auto place = world.make_target("sentinel" + number);
    const auto source = world.make_source("sentinel" + number, {{"sentinel", number}});
    world.expect_copy(place, source, where);
    world.remove_copy(place, source);
    world.catch_up();
    world.expect_copy(place, source, where);
    engine.settle(where);
    world.catch_up();
    return place;
}

}  // namespace moontide::test
