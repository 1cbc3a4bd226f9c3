#include "bench.hpp"
#include "sandbox/sandbox.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace moontide;
using namespace moontide::apply;
using nlohmann::json;

namespace {

constexpr const char* config_maps_path = "/api/v1/namespaces/apps/configmaps";

struct Cluster {
    std::unique_ptr<sandbox::Sandbox> sandbox = sandbox::Sandbox::start({}).value();
    Loop loop;
    ApplierBench bench{loop, kube::parse_kubeconfig(sandbox->kubeconfig(), "kubeconfig", "/").value()};

    Cluster() {
        const auto made = bench.call("POST", "/api/v1/namespaces", R"({"metadata":{"name":"apps"}})");
        REQUIRE(made.status == 201);
    }

    json get(const std::string& name) {
        const auto answer = bench.call("GET", std::string(config_maps_path) + "/" + name);
        return answer.ok() ? json::parse(answer.body) : json();
    }
    json put_there(const std::string& name, json object) {
        object["metadata"]["name"] = name;
        const auto answer = bench.call("POST", config_maps_path, object.dump());
        REQUIRE(answer.status == 201);
        return json::parse(answer.body);
    }
    void merge(const std::string& name, const json& patch) {
        const auto answer = bench.call("PATCH", std::string(config_maps_path) + "/" + name, patch.dump(),
                                       "application/merge-patch+json");
        REQUIRE(answer.status == 200);
    }
    plan::Live create(plan::NameId name, std::shared_ptr<const plan::Wish> with = wish()) {
        return std::get<Written>(bench.fate(order(apply::create(name), std::move(with)))).live;
    }
    std::uint64_t asked(const std::string& what) {
        const auto counts = sandbox->counts();
        const auto found = counts.find(what);
        return found == counts.end() ? 0 : found->second;
    }
};

plan::Replace replace(const plan::Live& live) {
    return {.target = {1, 1, 0}, .uid = live.uid, .resource_version = live.resource_version, .plain = live.plain};
}

std::string value(const json& object) {
    return object.at("data").at("a").get<std::string>();
}

}  // namespace

TEST_CASE("a create makes the copy, as its hash says") {
    Cluster cluster;
    const auto live = cluster.create(1);
    CHECK(live.hash == wish()->hash);
    CHECK(live.plain);
    CHECK(live.our_labels);
    const auto object = cluster.get("n1");
    CHECK(value(object) == "1");
    CHECK(object["metadata"]["uid"] == live.uid.text());
    CHECK(live.claim->place == plan::Place{signature.cluster, "apps", "n1"});
    CHECK(cluster.asked("create configmaps") == 1);
}

TEST_CASE("a create that meets an object shows it and leaves it") {
    Cluster cluster;
    const auto before = cluster.put_there("n1", {{"data", {{"a", "1"}}}});
    const auto fate = cluster.bench.fate(order(create(1)));
    const auto& found = std::get<Found>(fate);
    REQUIRE(found.live);
    CHECK_FALSE(found.live->has_claim);
    CHECK(found.likeness.same_fields);
    CHECK(cluster.get("n1") == before);

    cluster.create(2);
    const auto again = cluster.bench.fate(order(create(2)));
    CHECK(std::get<Found>(again).live->claim.has_value());
}

TEST_CASE("a create that looks first posts only where nothing is there") {
    Cluster cluster;
    cluster.put_there("n1", {{"data", {{"a", "theirs"}}}});
    const auto posts = cluster.asked("create configmaps");
    CHECK(std::get<Found>(cluster.bench.fate(order(create(1, true)))).live.has_value());
    CHECK(cluster.asked("create configmaps") == posts);
    CHECK(std::holds_alternative<Written>(cluster.bench.fate(order(create(2, true)))));
    CHECK(cluster.asked("create configmaps") == posts + 1);
}

TEST_CASE("a create in a namespace that is not there is denied in the server's words") {
    Cluster cluster;
    cluster.bench.call("DELETE", "/api/v1/namespaces/apps");
    const auto fate = cluster.bench.fate(order(create(1)));
    const auto& status = std::get<Denied>(fate).status;
    const bool told = status.code == 404 || status.cause == "NamespaceTerminating";
    CHECK(told);
    CHECK_FALSE(status.message.empty());
}

TEST_CASE("a replace changes what was judged, and shows what is there instead where that moved") {
    Cluster cluster;
    const auto live = cluster.create(1);
    const auto next = wish(R"({"data":{"a":"2"}})");
    const auto fate = cluster.bench.fate(order(replace(live), next));
    CHECK(std::get<Written>(fate).live.hash == next->hash);
    CHECK(std::get<Written>(fate).live.uid == live.uid);

    const auto stale = cluster.bench.fate(order(replace(live), wish(R"({"data":{"a":"3"}})")));
    REQUIRE(std::holds_alternative<Found>(stale));
    CHECK(std::get<Found>(stale).live->resource_version > live.resource_version);
    CHECK(value(cluster.get("n1")) == "2");

    cluster.bench.call("DELETE", std::string(config_maps_path) + "/n1");
    CHECK_FALSE(std::get<Found>(cluster.bench.fate(order(replace(live), next))).live.has_value());
    CHECK(cluster.get("n1").is_null());
}

TEST_CASE("a patch and a merge leave what others put on a copy, and take their keys") {
    for (const bool same_keys : {true, false}) {
        Cluster cluster;
        cluster.create(1);
        cluster.merge("n1", {{"metadata", {{"labels", {{"team", "blue"}}}, {"annotations", {{"note", "x"}}}}},
                             {"data", {{"theirs", "x"}}},
                             {"binaryData", {{"b", "AAE="}}}});
        plan::LiveReader reader;
        auto step = replace(reader.read(cluster.get("n1").dump()).value());
        CHECK_FALSE(step.plain);
        step.same_keys = same_keys;
        const auto next = wish(R"({"data":{"a":"2"}})");
        const auto fate = cluster.bench.fate(order(step, next));
        REQUIRE(std::holds_alternative<Written>(fate));
        CHECK(std::get<Written>(fate).live.hash == next->hash);
        const auto object = cluster.get("n1");
        CHECK(object["data"] == json({{"a", "2"}}));
        CHECK_FALSE(object.contains("binaryData"));
        CHECK(object["metadata"]["labels"]["team"] == "blue");
        CHECK(object["metadata"]["annotations"]["note"] == "x");

        // At the version judged before, neither changes anything.
        const auto stale = cluster.bench.fate(order(step, wish(R"({"data":{"a":"3"}})")));
        CHECK(std::holds_alternative<Found>(stale));
        CHECK(value(cluster.get("n1")) == "2");
    }
}

TEST_CASE("a step that the server does not take is denied, where nothing has moved") {
    Cluster cluster;
    const auto live = cluster.create(1, wish(R"({"data":{"a":"1"},"immutable":true})"));
    const auto fate = cluster.bench.fate(order(replace(live), wish(R"({"data":{"a":"2"}})")));
    REQUIRE(std::holds_alternative<Denied>(fate));
    CHECK(std::get<Denied>(fate).status.code == 422);

    auto patch = replace(live);
    patch.plain = false;
    patch.same_keys = true;
    const auto patched = cluster.bench.fate(order(patch, wish(R"({"data":{"a":"2"}})")));
    REQUIRE(std::holds_alternative<Denied>(patched));
    CHECK(std::get<Denied>(patched).status.message.find("immutable") != std::string::npos);
}

TEST_CASE("a delete takes away what was judged, and nothing else") {
    Cluster cluster;
    const auto live = cluster.create(1);
    const plan::Delete step{{1, 1, 0}, live.uid, live.resource_version};
    cluster.merge("n1", {{"data", {{"a", "moved"}}}});
    CHECK(std::get<Found>(cluster.bench.fate(order(step, nullptr))).live.has_value());
    CHECK(value(cluster.get("n1")) == "moved");

    auto right = step;
    right.resource_version = std::stoull(cluster.get("n1")["metadata"]["resourceVersion"].get<std::string>());
    CHECK(std::holds_alternative<Gone>(cluster.bench.fate(order(right, nullptr))));
    CHECK(cluster.get("n1").is_null());
    CHECK_FALSE(std::get<Found>(cluster.bench.fate(order(right, nullptr))).live.has_value());

    // Another object in its place.
    cluster.put_there("n1", {{"data", {{"a", "theirs"}}}});
    CHECK(std::get<Found>(cluster.bench.fate(order(right, nullptr))).live.has_value());
    CHECK(value(cluster.get("n1")) == "theirs");
}

TEST_CASE("a delete that a finalizer holds up shows the object as it waits") {
    Cluster cluster;
    cluster.create(1);
    cluster.merge("n1", {{"metadata", {{"finalizers", {"example.com/x"}}}}});
    plan::LiveReader reader;
    const auto live = reader.read(cluster.get("n1").dump()).value();
    const auto fate = cluster.bench.fate(order(plan::Delete{{1, 1, 0}, live.uid, live.resource_version}, nullptr));
    REQUIRE(std::holds_alternative<Written>(fate));
    CHECK(std::get<Written>(fate).live.terminating);
}

TEST_CASE("a release takes our marks off and leaves the rest") {
    Cluster cluster;
    cluster.create(1);
    cluster.merge("n1", {{"metadata", {{"labels", {{"team", "blue"}}}}}});
    plan::LiveReader reader;
    const auto live = reader.read(cluster.get("n1").dump()).value();
    const plan::Release step{{1, 1, 0}, live.uid, live.resource_version};
    const auto fate = cluster.bench.fate(order(step, nullptr));
    REQUIRE(std::holds_alternative<Written>(fate));
    CHECK_FALSE(std::get<Written>(fate).live.has_claim);
    const auto object = cluster.get("n1");
    CHECK(object["metadata"]["labels"] == json({{"team", "blue"}}));
    CHECK(value(object) == "1");
    CHECK(std::holds_alternative<Found>(cluster.bench.fate(order(step, nullptr))));
}

TEST_CASE("orders wait until the applier is opened, and those that have been overtaken are dropped unsent") {
    Cluster cluster;
    std::vector<Order> orders;
    for (plan::NameId name = 1; name <= 3; ++name) {
        orders.push_back(order(create(name)));
        orders.back().ticket = name;
    }
    cluster.bench.moved_on = {2};
    cluster.bench.applier->submit(std::move(orders));
    CHECK(cluster.get("n1").is_null());
    CHECK(cluster.bench.applier->waiting() == 3);
    cluster.bench.applier->open();
    cluster.bench.until([&] { return cluster.bench.outcomes.size() == 3; });
    for (const auto& outcome : cluster.bench.outcomes) {
        CHECK(std::holds_alternative<Dropped>(outcome.fate) == (outcome.order.ticket == 2));
    }
    CHECK(cluster.get("n2").is_null());
    CHECK(cluster.bench.waiting == std::vector<std::size_t>{3, 2, 1});
    CHECK(cluster.bench.applier->waiting() == 0);
    CHECK(cluster.bench.rests == 1);
    CHECK(cluster.bench.applier->in_flight() == 0);
}
