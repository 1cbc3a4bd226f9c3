// The sandbox as its users meet it: over HTTP/2, with a kubeconfig, from several threads.
#include "sandbox/sandbox.hpp"

#include "base/guarded.hpp"
#include "kube/blocking.hpp"

#include <atomic>
#include <thread>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace moontide;
using namespace moontide::sandbox;
using Json = nlohmann::json;

namespace {

std::unique_ptr<Sandbox> start(Options options = {}) {
    auto started = Sandbox::start(std::move(options));
    REQUIRE((started ? "" : started.error().message) == std::string());
    return std::move(*started);
}

kube::Access access_of(const Sandbox& sandbox) {
    auto access = kube::parse_kubeconfig(sandbox.kubeconfig(), "kubeconfig", "/");
    REQUIRE(access);
    return *access;
}

std::unique_ptr<kube::Blocking> connect(kube::Access access) {
    auto connected = kube::Blocking::connect(std::move(access));
    REQUIRE((connected ? "" : connected.error().message) == std::string());
    return std::move(*connected);
}

const kube::Kind CONFIG_MAP{"v1", "ConfigMap"};

std::string config_map(const std::string& name, const std::string& more = "") {
    return R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":")" + name + R"(","namespace":"default"})" +
           more + "}";
}

}  // namespace

TEST_CASE("objects are written and read over HTTP/2") {
    const auto sandbox = start();
    const auto client = connect(access_of(*sandbox));
    CHECK(client->create(config_map("x", R"(,"data":{"k":"1"})"))->status == 201);
    const auto got = client->get({CONFIG_MAP, "default", "x"});
    REQUIRE(got);
    CHECK(got->status == 200);
    CHECK(Json::parse(got->body).at("data").at("k") == "1");
    CHECK(kube::http2::find(got->headers, "date"));
    const auto again = client->create(config_map("x"));
    CHECK(again->status == 409);
    CHECK(kube::read_status(*again).reason == "AlreadyExists");
    CHECK(sandbox->counts().at("create configmaps") == 2);
    CHECK(sandbox->counts().at("get configmaps") == 1);
}

TEST_CASE("nobody comes in without a certificate or the token") {
    Options options;
    options.token = "secret";
    const auto sandbox = start(std::move(options));
    auto anonymous = access_of(*sandbox);
    anonymous.client_certificate = {};
    anonymous.client_key = {};
    const auto refused = connect(anonymous)->get({CONFIG_MAP, "default", "x"});
    REQUIRE(refused);
    CHECK(refused->status == 401);
    CHECK(kube::read_status(*refused).reason == "Unauthorized");
    auto wrong = anonymous;
    wrong.token = "secrets";
    CHECK(connect(wrong)->get({CONFIG_MAP, "default", "x"})->status == 401);
    auto right = anonymous;
    right.token = "secret";
    CHECK(connect(right)->get({CONFIG_MAP, "default", "x"})->status == 404);
}

TEST_CASE("a watch over HTTP/2 tells what other clients do, and ends when it is told to") {
    const auto sandbox = start();
    const auto writer = connect(access_of(*sandbox));
    Guarded<std::string> text;
    std::atomic<bool> begun = false;
    std::atomic<bool> ended = false;
    Loop loop;
    std::jthread thread([&] { loop.run(); });
    std::unique_ptr<kube::Client> client;
    std::unique_ptr<kube::Stream> stream;
    loop.post([&] {
        auto made = kube::Client::create(loop, access_of(*sandbox), {});
        REQUIRE(made);
        client = std::move(*made);
        kube::Call call;
        call.path = "/api/v1/configmaps?watch=1";
        stream = client->stream(call, {[&](int, kube::http2::Headers) { begun = true; },
                                       [&](std::string_view chunk) {
                                           text.with([&](std::string& all) { all += chunk; });
                                           stream->consumed(chunk.size());
                                       },
                                       [&](std::optional<Error>) { ended = true; }});
    });
    const auto await = [&](const auto& holds) {
        for (int i = 0; i < 5000 && !holds(); ++i) std::this_thread::sleep_for(Milliseconds(1));
        return holds();
    };
    REQUIRE(await([&] { return begun.load(); }));
    CHECK(writer->create(config_map("x"))->status == 201);
    CHECK(writer->remove({CONFIG_MAP, "default", "x"})->status == 200);
    CHECK(await([&] {
        return text.with([](const std::string& all) { return all.find(R"({"type":"DELETED")") != std::string::npos; });
    }));
    CHECK(text.with(
        [](const std::string& all) { return all.starts_with(R"({"type":"ADDED","object":{"kind":"ConfigMap")"); }));
    sandbox->end_watches();
    CHECK(await([&] { return ended.load(); }));
    loop.post([&] {
        stream.reset();
        client.reset();
    });
    loop.stop();
    thread.join();
}

TEST_CASE("manifests are loaded, and loaded again") {
    const auto sandbox = start();
    const std::string manifests = R"(
apiVersion: v1
kind: Namespace
metadata: {name: team, annotations: {a/b: "true"}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: x, namespace: team}
data: {k: "1"}
---
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Secret, metadata: {name: s}, stringData: {a: b}}
)";
    CHECK(sandbox->load(manifests, "m.yaml"));
    CHECK(sandbox->load(manifests, "m.yaml"));
    const auto client = connect(access_of(*sandbox));
    CHECK(client->get({CONFIG_MAP, "team", "x"})->status == 200);
    CHECK(client->get({{"v1", "Secret"}, "default", "s"})->status == 200);

    const auto refused = [&](const std::string& yaml) { return sandbox->load(yaml, "m.yaml").error().message; };
    CHECK(refused("a: b\n---\nkind: Foo\napiVersion: v9\n") ==
          "m.yaml:1: the sandbox does not serve kind '' of apiVersion ''");
    CHECK(refused("\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: none}\n") ==
          "m.yaml:3: namespaces \"none\" not found");
    CHECK(refused("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\nspec: {}\n") ==
          "m.yaml:1: unknown field 'spec'");
    CHECK(refused("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {k: 1}\n") ==
          "m.yaml:1: json: cannot unmarshal number into Go struct field ConfigMap.data of type string");
}

TEST_CASE("each request is told of when it is answered") {
    Guarded<std::vector<std::string>> seen;
    Options options;
    options.on_request = [&](const Seen& one) {
        seen.with([&](auto& all) {
            all.push_back(one.verb + " " + one.resource + " " + one.namespace_name + "/" + one.name + " " +
                          std::to_string(one.status));
        });
    };
    const auto sandbox = start(std::move(options));
    const auto client = connect(access_of(*sandbox));
    CHECK(client->create(config_map("x")));
    CHECK(client->patch({CONFIG_MAP, "default", "x"}, kube::PatchType::json, "[]"));
    CHECK(client->get({CONFIG_MAP, "default", "y"}));
    CHECK(seen.with([](const auto& all) { return all; }) == std::vector<std::string>{"create configmaps default/ 201",
                                                                                     "patch configmaps default/x 200",
                                                                                     "get configmaps default/y 404"});
}

TEST_CASE("ten thousand objects are listed in one answer") {
    const auto sandbox = start();
    std::string manifests;
    for (int i = 0; i < 10'000; ++i) {
        manifests +=
            "---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: x" + std::to_string(i) + "}, data: {k: v}}\n";
    }
    CHECK(sandbox->load(manifests, "m.yaml"));
    const auto client = connect(access_of(*sandbox));
    const auto began = std::chrono::steady_clock::now();
    const auto list = client->list(CONFIG_MAP);
    const auto took = std::chrono::steady_clock::now() - began;
    REQUIRE(list);
    CHECK(Json::parse(list->body).at("items").size() == 10'000);
    // Texts are spliced, nothing is serialised: milliseconds, on any machine well below this.
    CHECK(took < std::chrono::seconds(2));
}
