// The API server's certificate is renewed, and then comes from another authority than the one that is trusted.
#include "scene.hpp"

#include <catch2/catch.hpp>

namespace moontide::trouble {

TEST_CASE("a new certificate is taken, and one of another authority once its file is trusted", "[certificates]") {
    Scene scene(20);
    scene.add_source("doomed");
    scene.start_engine();
    scene.await_rest(Milliseconds(20'000));

    scene.cluster.control({"certify", "ca"});
    scene.cluster.restart_apiserver();
    scene.change_source(0, "renewed");
    scene.await_rest(Milliseconds(20'000));

    scene.cluster.make_authority("another");
    scene.cluster.control({"certify", "another"});
    scene.cluster.restart_apiserver();
    const auto requests = scene.audit.heard(is_engine).size();
    const auto log = scene.engine->log().size();
    scene.change_source(0, "behind its back");
    scene.world.remove(scene.sources[1]);
    scene.world.remove_copy(scene.spaces[1], scene.sources[0]);
    // What it says names the server and the reason, in the log and on the page.
    scene.await_log("the certificate is not trusted", Milliseconds(10'000));
    scene.await(
        "readiness fails and says why",
        [&]() -> std::string {
            const auto page = scene.engine->ready();
            if (page.status != 503) return "it is " + std::to_string(page.status);
            return page.text.find("the certificate is not trusted") == std::string::npos ? page.text : "";
        },
        Milliseconds(30'000));
    CHECK(scene.audit.heard(is_engine).size() == requests);
    // Five watches, each once for each of the ways in which a server can be away.
    CHECK(scene.engine->times_logged("A watch is interrupted", log) <= 5 * 3);

    write_file(scene.authority_file(), scene.cluster.certificate_of("another"));
    scene.await_rest(Milliseconds(40'000));
    scene.await_ready(Milliseconds(40'000));
    scene.check_promises();

    scene.cluster.control({"certify", "ca"});
    scene.cluster.restart_apiserver();
}

}  // namespace moontide::trouble
