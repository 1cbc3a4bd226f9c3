// Tokens that are rotated, that end before the next one is there, and that a plugin gives.
#include "account.hpp"
#include "scene.hpp"

#include <algorithm>

#include <catch2/catch.hpp>
#include <fmt/format.h>

namespace moontide::trouble {

TEST_CASE("a token that has ended is read again, and while there is no other nothing is touched", "[credentials]") {
    Scene scene(20);
    scene.add_source("doomed");
    Account account(scene.world);
    account.grant_all();
    const auto file = scene.authority_file().parent_path() / "token";
    const auto first = account.token("first");
    write_file(file, first);
    scene.start_engine("    tokenFile: " + file.string());
    scene.await_rest(Milliseconds(20'000));

    // Rotated in time: nobody notices.
    const auto second = account.token("second");
    write_file(file, second + "\n");
    account.revoke("first");
    account.await_refused(first);
    scene.change_source(0, "rotated");
    scene.await_rest(Milliseconds(20'000));
    CHECK(scene.engine->times_logged("failed target") == 0);
    CHECK(scene.engine->times_logged("is interrupted") == 0);

    // Ended, and no other is there.
    account.revoke("second");
    account.await_refused(second);
    const auto before = scene.audit.count({"create", "update", "patch", "delete"}, 401);
    const auto log = scene.engine->log().size();
    scene.change_source(0, "nobody knows you");
    scene.await(
        "the engine is told so",
        [&] {
            const auto refused = scene.metric(R"(rest_client_requests_total{code="401",host=")" +
                                              scene.cluster.address().substr(8) + R"(",method="PUT"})");
            return refused >= 8 ? std::string() : fmt::format("{} refused", refused);
        },
        Milliseconds(10'000));
    scene.await_log("does not take our credentials (401)", Milliseconds(10'000));
    INFO(scene.engine->log().substr(log));
    // One outage, and not one of each target.
    CHECK(scene.engine->times_logged("failed target", log) <= 3);
    const auto refused = scene.audit.count({"create", "update", "patch", "delete"}, 401) - before;
    CHECK(refused < 400);
    CHECK(scene.deletions_of_copies() == 0);

    write_file(file, account.token("third"));
    scene.await_rest(Milliseconds(30'000));
    scene.await_ready(Milliseconds(40'000));
    for (const auto& token : {first, second}) {
        CHECK(scene.engine->times_logged(token) == 0);
        CHECK(scene.engine->metrics().text.find(token) == std::string::npos);
    }
    scene.check_promises();
}

TEST_CASE("a plugin is asked again when its token is refused", "[credentials]") {
    Scene scene(10);
    Account account(scene.world);
    account.grant_all();
    const auto folder = scene.authority_file().parent_path();
    const auto first = account.token("first");
    write_file(folder / "token", first);
    write_file(
        folder / "plugin",
        fmt::format("#!/bin/sh\necho run >>{0}/runs\nprintf '{{\"apiVersion\":\"client.authentication.k8s.io/v1\","
                    "\"kind\":\"ExecCredential\",\"status\":{{\"token\":\"%s\"}}}}' \"$(cat {0}/token)\"\n",
                    folder.string()));
    std::filesystem::permissions(folder / "plugin", std::filesystem::perms::owner_all);
    scene.start_engine(
        fmt::format("    exec:\n      apiVersion: client.authentication.k8s.io/v1\n      command: "
                    "{}/plugin\n      interactiveMode: Never",
                    folder.string()));
    scene.await_rest(Milliseconds(20'000));
    const auto runs = [&] {
        const auto text = read_file(folder / "runs");
        return std::count(text.begin(), text.end(), '\n');
    };
    CHECK(runs() == 1);

    const auto second = account.token("second");
    write_file(folder / "token", second);
    account.revoke("first");
    account.await_refused(first);
    scene.change_source(0, "renewed");
    scene.await_rest(Milliseconds(20'000));
    CHECK(runs() == 2);
    CHECK(scene.engine->times_logged("failed target") == 0);
    scene.check_promises();
}

}  // namespace moontide::trouble
