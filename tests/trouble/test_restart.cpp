// The API server and etcd are killed and started again while users change things in hundreds of namespaces.
#include "load.hpp"

#include <catch2/catch.hpp>

namespace moontide::trouble {

namespace {

/// The server is back, and users go on for a while.
void await_progress(Scene& scene, const Load& load) {
    const auto before = load.done();
    scene.await(
        "users go on", [&] { return load.done() >= before + 50 ? std::string() : "the server takes nothing"; },
        Milliseconds(30'000));
}

}  // namespace

TEST_CASE("an API server and an etcd that are killed under load lose nothing", "[restart]") {
    constexpr std::size_t targets = 300;
    Scene scene(targets);
    scene.add_source("second");
    scene.add_source("third");
    scene.start_engine();
    scene.await_rest(Milliseconds(30'000));
    const auto lists = scene.audit.count({"list"});

    Load load(scene);
    await_progress(scene, load);
    constexpr std::size_t kills = 3;
    for (std::size_t kill = 0; kill < kills; ++kill) {
        scene.cluster.restart_apiserver();
        await_progress(scene, load);
    }
    scene.cluster.kill("etcd");
    scene.cluster.start("etcd");
    await_progress(scene, load);
    load.stop();

    scene.await_rest(Milliseconds(30'000));
    scene.await_ready(Milliseconds(40'000));
    // Five watches, the one of what is in a copy's way among them, whose lists come as watches too. Each begins anew at
    // each start of the server, and tells what it meets: an end, a closed door, a version that is too old.
    constexpr std::size_t watches = 5;
    CHECK(scene.audit.count({"list"}) - lists <= watches * kills);
    CHECK(scene.audit.count({"watch"}) <= watches * 3 * (kills + 2));
    CHECK(scene.engine->times_logged("A watch is interrupted") <= watches * 3 * (kills + 1));
    scene.check_promises();
}

}  // namespace moontide::trouble
