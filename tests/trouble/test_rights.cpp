// Rights are taken and given back: what cannot be read is not gone, and what cannot be written is told once.
#include "account.hpp"
#include "scene.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <fmt/format.h>

namespace moontide::trouble {

namespace {

const std::vector<std::string> WRITES = {"create", "update", "patch", "delete"};

std::string user_of(Account& account, const Scene& scene) {
    const auto file = scene.authority_file().parent_path() / "token";
    write_file(file, account.token("token"));
    return "    tokenFile: " + file.string();
}

/// Refused writes of the engine that came sooner than that after the one before of the same target.
std::size_t hurried(const Scene& scene, Milliseconds least) {
    std::map<std::string, std::chrono::microseconds> last;
    std::size_t count = 0;
    for (const auto& heard : scene.audit.heard([](const Heard& one) {
             return is_engine(one) && one.status == 403 && std::ranges::find(WRITES, one.verb) != WRITES.end();
         })) {
        auto& before = last[heard.namespace_name + "/" + heard.name];
        if (before.count() != 0 && heard.asked - before < least) ++count;
        before = heard.asked;
    }
    return count;
}

}  // namespace

TEST_CASE("what may no longer be read or written is not gone, and all goes on when the rights are back", "[rights]") {
    constexpr std::size_t targets = 100;
    Scene scene(targets);
    scene.add_source("doomed");
    Account account(scene.world);
    account.grant_all();
    scene.start_engine(user_of(account, scene));
    scene.await_rest(Milliseconds(20'000));

    account.withdraw("all");
    account.await_right(false, "list", "configmaps", "");
    scene.cluster.restart_apiserver();  // watches that are open stay open
    const auto log = scene.engine->log().size();
    const auto requests = scene.audit.heard(is_engine).size();
    scene.change_source(0, "unseen");
    scene.world.remove(scene.sources[1]);
    scene.world.remove_copy(scene.spaces[1], scene.sources[0]);
    scene.world.annotate_namespace(scene.spaces[2], {{test::TARGET_MARK, nullptr}});
    scene.await(
        "readiness fails and says why",
        [&]() -> std::string {
            const auto page = scene.engine->ready();
            if (page.status != 503) return "it is " + std::to_string(page.status);
            return page.text.find("is forbidden") == std::string::npos ? page.text : "";
        },
        Milliseconds(30'000));
    INFO(scene.engine->log().substr(log));
    CHECK(scene.deletions_of_copies() == 0);
    CHECK(scene.audit.heard(is_engine).size() - requests < 100);
    CHECK(scene.engine->times_logged("is interrupted", log) <= 5 * 3);

    account.grant_all();
    scene.await_rest(Milliseconds(60'000));
    scene.await_ready(Milliseconds(40'000));
    // The engine acted on what it last saw for as long as it saw nothing.
    scene.terms.grace = Milliseconds(60'000);
    scene.check_promises();
}

TEST_CASE("what may not be written is told once, asked for rarely, and written when it may be", "[rights]") {
    constexpr std::size_t targets = 200;
    Scene scene(targets);
    scene.add_source("doomed");
    Account account(scene.world);
    account.grant_all();
    account.grant("read",
                  {{{"configmaps", "namespaces"}, {"get", "list", "watch"}}, {{"events"}, {"create", "patch"}}});
    scene.start_engine(user_of(account, scene));
    scene.await_rest(Milliseconds(20'000));

    account.withdraw("all");
    account.await_right(false, "create", "configmaps", "");
    const auto log = scene.engine->log().size();
    scene.change_source(0, "not yet");
    scene.world.remove(scene.sources[1]);
    const auto refused = [&] { return scene.audit.count(WRITES, 403); };
    scene.await(
        "every target is refused",
        [&] {
            const auto failed = scene.metric(R"(moontide_copies{policy="annotation-sync",state="failed"})");
            return failed >= 2 * targets - 2 ? std::string() : fmt::format("{} are", failed);
        },
        Milliseconds(20'000));
    const auto asked = refused();
    CHECK(scene.engine->times_logged("failed target", log) <= 2 * targets);
    CHECK(scene.engine->times_logged("is forbidden", log) >= 1);
    CHECK(asked <= 2 * targets * 3);
    // None in a hurry, and each ever more rarely.
    scene.await(
        "they are asked for again", [&] { return refused() >= 2 * targets + 50 ? std::string() : "they are not"; },
        Milliseconds(20'000));
    CHECK(hurried(scene, Milliseconds(500)) == 0);

    account.grant_all();
    scene.await_rest(Milliseconds(60'000));
    CHECK(scene.metric(R"(moontide_copies{policy="annotation-sync",state="failed"})") == 0);
    scene.terms.grace = Milliseconds(60'000);
    scene.check_promises();
}

TEST_CASE("a namespace that may not be written is refused alone", "[rights]") {
    constexpr std::size_t targets = 12;
    Scene scene(targets);
    Account account(scene.world);
    account.grant("read",
                  {{{"configmaps", "namespaces"}, {"get", "list", "watch"}}, {{"events"}, {"create", "patch"}}});
    const std::vector<Rule> write = {{{"configmaps"}, WRITES}};
    for (const auto& space : scene.spaces) account.grant_in(space, write);
    scene.start_engine(user_of(account, scene));
    scene.await_rest(Milliseconds(20'000));

    const auto& shut = scene.spaces[3];
    account.withdraw_in(shut);
    account.await_right(false, "patch", "configmaps", shut);
    scene.change_source(0, "for the others");
    std::vector<std::string> open(scene.spaces.begin() + 1, scene.spaces.end());
    std::erase(open, shut);
    scene.world.expect_copies(open, scene.sources[0]);
    scene.await_log("namespace=" + shut + " name=shared source=" + scene.world.sources() +
                        "/shared policy=annotation-sync reason=Forbidden",
                    Milliseconds(5'000));
    CHECK(scene.metric(R"(moontide_copies{policy="annotation-sync",state="failed"})") == 1);

    account.grant_in(shut, write);
    scene.await_rest(Milliseconds(30'000));
    for (const auto& space : scene.spaces) account.withdraw_in(space);
    scene.check_promises();
}

}  // namespace moontide::trouble
