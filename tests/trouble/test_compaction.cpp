// etcd is compacted, so that what watches and continue tokens go on from is no longer there: 410 in its forms.
#include "engine.hpp"
#include "recording_proxy.hpp"
#include "scene.hpp"
#include "unrest.hpp"

#include <atomic>

#include <catch2/catch.hpp>
#include <fmt/format.h>

namespace moontide::trouble {

TEST_CASE("watches whose version is compacted list anew and miss nothing", "[compaction]") {
    constexpr std::size_t targets = 100;
    Scene scene(targets);
    // Without a cache in front of it what is asked for is etcd's, and so is the answer.
    scene.cluster.restart_apiserver({"--watch-cache=false"});
    for (const auto* name : {"doomed", "second"}) scene.add_source(name);
    scene.start_engine();
    scene.await_rest(Milliseconds(30'000));
    const auto lists = scene.metric("moontide_watch_relists_total");

    // While it stands still its connections end, and what happens then comes over none of them.
    scene.engine->signal(SIGSTOP);
    scene.cluster.restart_apiserver({"--watch-cache=false"});
    scene.change_source(0, "unseen");
    scene.world.remove(scene.sources[1]);
    scene.world.remove_copy(scene.spaces[1], scene.sources[0]);
    scene.world.annotate_namespace(scene.spaces[2], {{test::TARGET_MARK, nullptr}});
    scene.world.catch_up();
    scene.world.catch_up();
    scene.cluster.control({"compact"});
    scene.engine->signal(SIGCONT);

    scene.await_rest(Milliseconds(30'000));
    const auto relists = [&] { return scene.metric("moontide_watch_relists_total") - lists; };
    scene.await(
        "watches list anew", [&] { return relists() >= 4 ? std::string() : "some do not"; }, Milliseconds(20'000));
    CHECK(relists() <= 5 * 2);
    CHECK(scene.engine->times_logged("410: ") >= 4);
    scene.terms.grace = Milliseconds(30'000);
    scene.check_promises();
    scene.cluster.restart_apiserver();
}

TEST_CASE("a list whose continue token is compacted under way begins anew", "[compaction]") {
    constexpr std::size_t targets = 280;
    Scene scene(targets);
    scene.add_source("second");
    scene.cluster.restart_apiserver({"--watch-cache=false"});
    auto proxy = proof::RecordingProxy::start(scene.cluster.access());
    REQUIRE(proxy);
    auto access = kube::parse_kubeconfig((*proxy)->kubeconfig(), "the proxy's kubeconfig", "/");
    REQUIRE(access);
    // 560 copies are two pages.
    test::Engine engine(scene.world,
                        {.access = *access, .adjust = [](SyncOptions& options) { options.watch_list = false; }});
    const auto unrest = scene.world.mirror.await(
        [&](const test::Objects& objects) { return proof::unrest(objects.all(), scene.terms); }, Milliseconds(30'000));
    REQUIRE(unrest == "");
    engine.settle();
    engine.stop();
    engine.forget_deeds();

    scene.world.remove_copy(scene.spaces[3], scene.sources[0]);
    sandbox::FaultPlan plan;
    auto& rule = plan.rules.emplace_back();
    rule.match.clients = {"moontide"};
    rule.match.verbs = {"list"};
    rule.match.resources = {"configmaps"};
    rule.fault = sandbox::Fault::freeze_before;
    std::atomic<int> held = 0;
    (*proxy)->inject(plan, [&](const sandbox::Fired&) { ++held; });
    engine.start();
    const auto await_held = [&](int count) {
        const auto missing = scene.world.mirror.await(
            [&](const test::Objects&) {
                return held == count ? std::string() : fmt::format("{} lists are held, not {}", held.load(), count);
            },
            Milliseconds(10'000));
        REQUIRE(missing == "");
    };
    await_held(5);  // the sources, the copies, the parts, whether copies may be read, and what may be taken over
    (*proxy)->release();
    await_held(7);  // the second pages of the copies and of what may be taken over
    // A revision after the one of the lists, so that theirs is gone.
    scene.world.catch_up();
    scene.cluster.control({"compact"});
    // Those that come next are held too.
    const auto missing = scene.world.mirror.await(
        [&](const test::Objects& objects) {
            (*proxy)->release();
            auto told = proof::unrest(objects.all(), scene.terms);
            return told.empty() && !engine.sync().settled() ? std::string("the engine is at work") : told;
        },
        Milliseconds(30'000));
    REQUIRE(missing == "");
    CHECK(scene.audit.heard([](const Heard& heard) { return heard.verb == "list" && heard.status == 410; }).size() ==
          2);
    CHECK(engine.count(Deed::What::created, scene.spaces[3]) == 1);
    for (const auto& deed : engine.deeds()) {
        CHECK((deed.what == Deed::What::created || deed.what == Deed::What::refused));
    }
    engine.stop();
    scene.cluster.restart_apiserver();
}

}  // namespace moontide::trouble
