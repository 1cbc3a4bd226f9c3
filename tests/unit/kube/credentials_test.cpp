#include "kube/credentials.hpp"

#include "kube/credentials_base64.hpp"
#include "loopback.hpp"
#include "temporary.hpp"

#include <csignal>

#include <nlohmann/json.hpp>

using namespace moontide;
using namespace moontide::kube;

namespace {

/// A plugin that is a shell script, counting its runs in the file `runs`.
struct Plugin {
    Directory directory;
    Access access;
    Loop loop;
    CredentialsOptions options;
    std::unique_ptr<Credentials> credentials;

    explicit Plugin(const std::string& script) {
        ExecPlugin exec;
        exec.api_version = "client.authentication.k8s.io/v1";
        exec.command = directory.path() + "/plugin";
        exec.environment = {{"RUNS", directory.path() + "/runs"}, {"HERE", directory.path()}};
        exec.arguments = {"one", "two words"};
        access.exec = exec;
        access.server = "https://h";
        access.context = "test";
        becomes(script);
        restart();
    }

    void becomes(const std::string& script) const {
        directory.write("plugin", "#!/bin/sh\necho run >>\"$RUNS\"\n" + script + "\n", 0700);
    }
    void restart() { credentials = std::make_unique<Credentials>(loop, access, options); }
    auto runs() const { return std::ranges::count(directory.read("runs"), '\n'); }

    Result<ProofPtr> get() {
        std::optional<Result<ProofPtr>> got;
        credentials->get([&](Result<ProofPtr> proof) { got = std::move(proof); });
        run_until(loop, [&] { return got.has_value(); });
        return std::move(*got);
    }
    std::string error() {
        const auto proof = get();
        REQUIRE_FALSE(proof.has_value());
        CHECK(proof.error().retry == Retry::later);
        return proof.error().message;
    }
};

std::string printing(const std::string& status) {
    return R"(echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":)" + status + "}'";
}

std::string in_an_hour() {
    return rfc3339(system_clock().wall() + std::chrono::hours(1));
}

}  // namespace

TEST_CASE("a plugin runs once, with its arguments and environment, for all who ask") {
    Plugin plugin(R"(echo "$1|$2|$HERE" >"$HERE/asked"; echo "$KUBERNETES_EXEC_INFO" >"$HERE/info")"
                  "\n" +
                  printing(R"({"token":"t1","expirationTimestamp":")" + in_an_hour() + "\"}"));
    int answers = 0;
    for (int i = 0; i < 3; ++i) {
        plugin.credentials->get([&](Result<ProofPtr> proof) {
            ++answers;
            CHECK(proof.value()->authorization == "Bearer t1");
        });
    }
    CHECK(answers == 0);
    run_until(plugin.loop, [&] { return answers == 3; });
    CHECK(plugin.get().value()->authorization == "Bearer t1");
    CHECK(plugin.runs() == 1);
    CHECK(plugin.directory.read("asked") == "one|two words|" + plugin.directory.path() + "\n");
    const auto info = nlohmann::json::parse(plugin.directory.read("info"));
    CHECK(info == nlohmann::json::parse(R"({"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential",)"
                                        R"("spec":{"interactive":false}})"));
}

TEST_CASE("a plugin that asks for it is told of the cluster") {
    Plugin plugin("echo \"$KUBERNETES_EXEC_INFO\" >\"$HERE/info\"\n" + printing(R"({"token":"t"})"));
    plugin.access.exec->provide_cluster_info = true;
    plugin.access.certificate_authority.inline_pem = "ca";
    plugin.access.tls_server_name = "name";
    plugin.restart();
    plugin.get().value();
    const auto cluster = nlohmann::json::parse(plugin.directory.read("info"))["spec"]["cluster"];
    CHECK(cluster["server"] == "https://h");
    CHECK(cluster["certificate-authority-data"] == "Y2E=");
    CHECK(cluster["tls-server-name"] == "name");
}

TEST_CASE("a plugin runs again when its credential expires or is refused") {
    Plugin plugin(printing(R"({"token":"old","expirationTimestamp":"2020-01-01T00:00:00Z"})"));
    plugin.options.plugin_rest = Milliseconds(0);
    plugin.restart();
    CHECK(plugin.get().value()->authorization == "Bearer old");
    plugin.becomes(printing(R"({"token":"new"})"));
    const auto proof = plugin.get().value();
    CHECK(proof->authorization == "Bearer new");
    CHECK(plugin.get().value() == proof);
    CHECK(plugin.runs() == 2);

    plugin.becomes(printing(R"({"token":"newer"})"));
    CHECK(plugin.credentials->refused(proof));
    CHECK(plugin.get().value()->authorization == "Bearer newer");
    CHECK(plugin.credentials->refused(proof));  // of one that is no longer in use: no reason to run
    plugin.get().value();
    CHECK(plugin.runs() == 3);
}

TEST_CASE("a plugin whose credentials are refused again and again gets a rest") {
    Plugin plugin(printing(R"({"token":"t"})"));
    const auto proof = plugin.get().value();
    CHECK_FALSE(plugin.credentials->refused(proof));
    plugin.get().value();
    CHECK(plugin.runs() == 1);
}

TEST_CASE("a plugin may give a client certificate") {
    const auto issued = Identities::shared().authority.issue_client("ada").value();
    Plugin plugin("");
    const auto text =
        nlohmann::json({{"clientCertificateData", issued.certificate_pem}, {"clientKeyData", issued.key_pem}});
    plugin.directory.write("status", text.dump());
    plugin.becomes(
        R"sh(printf '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":%s}')sh"
        R"sh( "$(cat "$HERE/status")")sh");
    const auto proof = plugin.get().value();
    CHECK(proof->authorization.empty());
    CHECK(proof->client_certificate.inline_pem == issued.certificate_pem);
    CHECK(proof->client_key.inline_pem == issued.key_pem);
}

TEST_CASE("what goes wrong with a plugin is said, and it rests before it runs again") {
    Plugin plugin("echo 'please log in' >&2; exit 3");
    CHECK(plugin.error() == "credential plugin '" + plugin.access.exec->command + "' ended with code 3: please log in");
    CHECK(plugin.error().find("please log in") != std::string::npos);
    CHECK(plugin.runs() == 1);

    const std::vector<std::pair<std::string, std::string>> cases = {
        {"echo secret-looking text", "printed no ExecCredential"},
        {"echo '{\"kind\":\"ExecCredential\",\"apiVersion\":\"v9\"}'", "answers in version 'v9'"},
        {printing("{}"), "neither a token nor a client certificate"},
        {printing(R"({"clientKeyData":"x"})"), "only one of"},
        {printing(R"({"token":"t","expirationTimestamp":"soon"})"), "no time"},
        {"kill -9 $$", "ended with code 137"},
    };
    for (const auto& [script, message] : cases) {
        plugin.becomes(script);
        plugin.restart();
        const auto error = plugin.error();
        CHECK_THAT(error, Catch::Contains(message));
        CHECK(error.find("secret-looking") == std::string::npos);
    }
}

TEST_CASE("a plugin that is not there is named, with the hint for installing it") {
    Plugin plugin("");
    plugin.access.exec->command = "moontide-no-such-plugin";
    plugin.access.exec->install_hint = "see https://example.com";
    plugin.restart();
    CHECK(plugin.error() == "cannot run 'moontide-no-such-plugin': it is not in PATH; see https://example.com");
}

TEST_CASE("a plugin that hangs is ended, with what it has started") {
    Plugin plugin("sleep 100 & echo $! >\"$HERE/child\"; wait");
    plugin.options.plugin_timeout = Milliseconds(300);
    plugin.restart();
    CHECK(plugin.error().find("did not end within 300 ms") != std::string::npos);
    const auto child = std::stoi(plugin.directory.read("child"));
    // Whoever adopted it has to wait for it; until then it is a zombie, which runs no more.
    run_until(plugin.loop, [&] {
        std::ifstream stat("/proc/" + std::to_string(child) + "/stat");
        const std::string text(std::istreambuf_iterator<char>(stat), {});
        return text.empty() || text.find(") Z ") != std::string::npos;
    });
}

TEST_CASE("a plugin can be interrupted although we wait for signals in our own way") {
    sigset_t ours;
    sigset_t before;
    sigemptyset(&ours);
    sigaddset(&ours, SIGINT);
    sigaddset(&ours, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &ours, &before);
    Plugin plugin("grep -E 'Sig(Blk|Ign)' /proc/self/status >\"$HERE/signals\"\n" + printing(R"({"token":"t"})"));
    plugin.get().value();
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    // Bits from 1 for signal 1 on; the C library keeps two beyond those that have names for itself.
    std::istringstream told(plugin.directory.read("signals"));
    const std::uint64_t asked = (1ULL << (SIGINT - 1)) | (1ULL << (SIGTERM - 1)) | (1ULL << (SIGPIPE - 1));
    for (const char* const set : {"SigBlk:", "SigIgn:"}) {
        std::string name;
        std::uint64_t signals = ~0ULL;
        told >> name >> std::hex >> signals;
        CHECK(name == set);
        CHECK((signals & asked) == 0);
    }
}

TEST_CASE("credentials that go end their plugin and call nobody") {
    Plugin plugin("sleep 100");
    plugin.credentials->get([](Result<ProofPtr>) { FAIL("gone, and yet it answers"); });
    plugin.credentials.reset();
    bool later = false;
    plugin.loop.after(Milliseconds(10), [&] { later = true; });
    run_until(plugin.loop, [&] { return later; });
}

TEST_CASE("base64 is read and written") {
    for (const std::string text : {"", "a", "ab", "abc", "abcd"}) CHECK(from_base64(to_base64(text)) == text);
    CHECK(from_base64("Y2\nE=\n") == "ca");
    for (const std::string bad : {"Y2E", "Y===", "*", "Y2E=Y2E=", "="}) CHECK_FALSE(from_base64(bad).has_value());
}
