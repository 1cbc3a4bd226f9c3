#include "plan/content_hash.hpp"

#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace moontide;
using namespace moontide::plan;
using nlohmann::json;

namespace {

const std::string uid = "11111111-2222-4333-8444-555555555555";
const std::string source_uid = "a1a2a3a4-b1b2-4c1c-8d1d-e1e2e3e4e5e6";

Bond bond() {
    Bond out;
    out.policy = "annotation-sync";
    out.source = {{"v1", "ConfigMap"}, "flux-system", "shared"};
    out.source_uid = source_uid;
    return out;
}

policy::Content content(const std::string& fields) {
    policy::Content out;
    out.kind = {"v1", "ConfigMap"};
    out.fields = fields;
    out.labels = {{"tier", "web"}, {"app", "x"}};
    out.annotations = {{"example.com/source", "flux-system/shared"}};
    return out;
}

/// The copy as the server has it after we wrote it.
json live(const policy::Content& content, const Bond& of = bond()) {
    Claim claim;
    claim.instance = "moontide";
    claim.bond = of;
    claim.place = {"cluster", "apps", "shared"};
    for (const auto& [key, value] : content.labels) claim.labels.push_back(key);
    for (const auto& [key, value] : content.annotations) claim.annotations.push_back(key);
    claim.hash = wanted_hash(content, of, {}).value();
    json object = json::parse(content.fields);
    object["metadata"] = {{"namespace", "apps"}, {"name", "shared"}, {"uid", uid}, {"resourceVersion", "7"}};
    object["metadata"]["labels"] = content.labels;
    object["metadata"]["labels"].update({{"app.kubernetes.io/managed-by", "moontide"},
                                         {"moontide.dev/instance", "moontide"},
                                         {"moontide.dev/owner", of.owner_label()}});
    object["metadata"]["annotations"] = content.annotations;
    object["metadata"]["annotations"]["moontide.dev/claim"] = claim.text();
    return object;
}

Live read(const json& object) {
    LiveReader reader;
    auto out = reader.read(object.dump());
    REQUIRE(out);
    return *out;
}

const std::string fields = R"({"binaryData":{"k":"AAE="},"data":{"a":"1","b":"2"}})";

}  // namespace

TEST_CASE("what is wanted and what is there have the same hash, however the server writes it") {
    struct Row {
        std::string what;
        std::string wanted;
        std::string there;
    };
    const std::vector<Row> rows = {
        {"data and binaryData", fields, fields},
        {"keys in another order", R"({"data":{"a":"1","b":"2"}})", R"({"data":{"b":"2","a":"1"}})"},
        {"fields in another order", fields, R"({"data":{"b":"2","a":"1"},"binaryData":{"k":"AAE="}})"},
        {"escapes", R"({"data":{"ü":"a\nb"}})", R"({"data":{"\u00fc":"a\u000ab"}})"},
        {"a Secret without a type is Opaque", R"({"data":{"p":"cA=="}})", R"({"data":{"p":"cA=="},"type":"Opaque"})"},
        {"a type that was wanted", R"({"data":{},"type":"kubernetes.io/tls"})", R"({"type":"kubernetes.io/tls"})"},
        {"immutable false is left out", R"({"data":{"a":"1"},"immutable":false})", R"({"data":{"a":"1"}})"},
        {"immutable true", R"({"data":{"a":"1"},"immutable":true})", R"({"data":{"a":"1"},"immutable":true})"},
        {"empty maps are left out", R"({"binaryData":{},"data":{}})", "{}"},
        {"null is nothing", R"({"data":{"a":"1"}})", R"({"data":{"a":"1"},"binaryData":null})"},
        {"nothing", "{}", R"({"data":{}})"},
    };
    for (const auto& row : rows) {
        INFO(row.what);
        auto object = live(content(row.wanted));
        for (const auto* field : {"data", "binaryData", "type", "immutable"}) object.erase(field);
        object.update(json::parse(row.there));
        object["apiVersion"] = "v1";
        object["kind"] = "ConfigMap";
        const auto seen = read(object);
        CHECK(seen.hash == wanted_hash(content(row.wanted), bond(), {}).value());
        CHECK(seen.plain);
        CHECK(seen.our_labels);
    }
}

TEST_CASE("each part of the content changes the hash") {
    const auto right = wanted_hash(content(fields), bond(), {}).value();
    const auto changed = [&](auto change) {
        auto object = live(content(fields));
        change(object);
        return read(object).hash;
    };
    using Change = void (*)(json&);
    const std::vector<std::pair<std::string, Change>> rows = {
        {"a value", [](json& o) { o["data"]["a"] = "x"; }},
        {"a key more", [](json& o) { o["data"]["c"] = "3"; }},
        {"a key less", [](json& o) { o["data"].erase("a"); }},
        {"a key renamed", [](json& o) { o["data"] = {{"a", "1"}, {"c", "2"}}; }},
        {"all keys gone", [](json& o) { o.erase("data"); }},
        {"a key moved to the other section",
         [](json& o) {
             o["data"].erase("b");
             o["binaryData"]["b"] = "2";
         }},
        {"bytes", [](json& o) { o["binaryData"]["k"] = "AAI="; }},
        {"made immutable", [](json& o) { o["immutable"] = true; }},
        {"a type", [](json& o) { o["type"] = "kubernetes.io/tls"; }},
        {"one of our labels", [](json& o) { o["metadata"]["labels"]["app"] = "y"; }},
        {"one of our labels lost", [](json& o) { o["metadata"]["labels"].erase("app"); }},
        {"one of our annotations lost", [](json& o) { o["metadata"]["annotations"].erase("example.com/source"); }},
        {"our labels and annotations lost",
         [](json& o) {
             o["metadata"]["labels"].erase("app");
             o["metadata"]["labels"].erase("tier");
             o["metadata"]["annotations"].erase("example.com/source");
         }},
    };
    for (const auto& [what, change] : rows) {
        INFO(what);
        CHECK(changed(change) != right);
    }
}

TEST_CASE("what others put on a copy changes no hash, and makes it not plain") {
    const auto right = wanted_hash(content(fields), bond(), {}).value();
    using Change = void (*)(json&);
    const std::vector<std::pair<std::string, Change>> rows = {
        {"a label", [](json& o) { o["metadata"]["labels"]["team"] = "blue"; }},
        {"an annotation", [](json& o) { o["metadata"]["annotations"]["note"] = "x"; }},
        {"kubectl's annotation",
         [](json& o) { o["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"] = "{}"; }},
        {"a finalizer", [](json& o) { o["metadata"]["finalizers"] = {"example.com/x"}; }},
        {"an owner",
         [](json& o) {
             o["metadata"]["ownerReferences"] = {{{"apiVersion", "v1"}, {"kind", "Pod"}, {"name", "p"}, {"uid", uid}}};
         }},
    };
    for (const auto& [what, change] : rows) {
        INFO(what);
        auto object = live(content(fields));
        change(object);
        const auto seen = read(object);
        CHECK(seen.hash == right);
        CHECK_FALSE(seen.plain);
        CHECK(seen.our_labels);
    }
}

TEST_CASE("our own labels are told apart from the content") {
    const auto right = wanted_hash(content(fields), bond(), {}).value();
    for (const std::string key : {"app.kubernetes.io/managed-by", "moontide.dev/instance", "moontide.dev/owner"}) {
        INFO(key);
        for (const bool lost : {true, false}) {
            auto object = live(content(fields));
            if (lost) {
                object["metadata"]["labels"].erase(key);
            } else {
                object["metadata"]["labels"][key] = "other";
            }
            const auto seen = read(object);
            CHECK(seen.hash == right);
            CHECK_FALSE(seen.our_labels);
        }
    }
}

TEST_CASE("the owner reference that belongs to the copy is part of its hash") {
    const Belonging belonging{{"v1", "Pod"}, "web-0", source_uid};
    const auto right = wanted_hash(content(fields), bond(), belonging).value();
    CHECK(right != wanted_hash(content(fields), bond(), {}).value());
    auto object = live(content(fields));
    const json ours = {
        {"apiVersion", "v1"}, {"kind", "Pod"}, {"name", "web-0"}, {"uid", source_uid}, {"controller", true}};
    object["metadata"]["ownerReferences"] = json::array({ours});
    CHECK(read(object).hash == right);
    CHECK(read(object).plain);
    object["metadata"]["ownerReferences"] = {{{"apiVersion", "v1"}, {"kind", "Job"}, {"name", "j"}, {"uid", uid}},
                                             ours};
    CHECK(read(object).hash == right);
    CHECK_FALSE(read(object).plain);
}

TEST_CASE("for whom a copy is belongs to its hash, the place does not") {
    const auto right = wanted_hash(content(fields), bond(), {}).value();
    auto other = bond();
    other.source_uid = uid;
    CHECK(wanted_hash(content(fields), other, {}).value() != right);
    CHECK(read(live(content(fields), other)).hash == wanted_hash(content(fields), other, {}).value());
    auto elsewhere = live(content(fields));
    elsewhere["metadata"]["namespace"] = "elsewhere";
    CHECK(read(elsewhere).hash == right);
}

TEST_CASE("no two contents run into the same bytes") {
    // The second half of a data entry stands where the title of the labels would.
    auto left = content(R"({"data":{"k":"v","labels":"x"}})");
    left.labels = {};
    left.annotations = {{"a", "b"}};
    auto right = content(R"({"data":{"k":"v"}})");
    right.labels = {{"a", "b"}, {"x", "annotations"}};
    right.annotations = {};
    auto mirrored = right;
    mirrored.labels = {{"x", "annotations"}, {"y", "b"}};
    auto twin = left;
    twin.annotations = {{"y", "b"}};
    CHECK(wanted_hash(left, bond(), {}).value() != wanted_hash(right, bond(), {}).value());
    CHECK(wanted_hash(twin, bond(), {}).value() != wanted_hash(mirrored, bond(), {}).value());
}

TEST_CASE("a live object's facts are read") {
    auto object = live(content(fields));
    object["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z";
    object["immutable"] = true;
    const auto seen = read(object);
    CHECK(seen.namespace_name == "apps");
    CHECK(seen.name == "shared");
    CHECK(seen.uid.text() == uid);
    CHECK(seen.resource_version == 7);
    CHECK(seen.terminating);
    CHECK(seen.immutable);
    REQUIRE(seen.claim);
    CHECK(seen.claim->bond == bond());
}

TEST_CASE("a claim that cannot be read is there, and claims nothing") {
    auto object = live(content(fields));
    object["metadata"]["annotations"]["moontide.dev/claim"] = "{}";
    CHECK(read(object).has_claim);
    CHECK_FALSE(read(object).claim);
    object["metadata"]["annotations"].erase("moontide.dev/claim");
    CHECK_FALSE(read(object).has_claim);
    object["metadata"].erase("annotations");
    CHECK_FALSE(read(object).has_claim);
}

TEST_CASE("what is no object is an error") {
    LiveReader reader;
    for (const std::string text :
         {"", "{", "[]", "{}", R"({"metadata":7})", R"({"metadata":{"name":"a","resourceVersion":"x"}})"}) {
        INFO(text);
        CHECK_FALSE(reader.read(text));
    }
    CHECK_FALSE(wanted_hash(content("{"), bond(), {}));
}

TEST_CASE("likeness: the same fields, and every mark") {
    auto wanted = content(R"({"data":{"a":"1"}})");
    wanted.mark_labels = {{"synced-by", "x"}};
    wanted.mark_annotations = {{"from", "a/b"}};
    struct Row {
        std::string object;
        bool same_fields;
        bool marked;
    };
    const std::vector<Row> rows = {
        {R"({"metadata":{"name":"n"},"data":{"a":"1"}})", true, false},
        {R"({"metadata":{"name":"n"},"data":{"a":"1","b":"2"}})", false, false},
        {R"({"metadata":{"name":"n","labels":{"synced-by":"x"}},"data":{}})", false, false},
        {R"({"metadata":{"name":"n","labels":{"synced-by":"x"},"annotations":{"from":"a/b","more":"y"}}})", false,
         true},
        {R"({"metadata":{"name":"n","labels":{"synced-by":"x"},"annotations":{"from":"a/b","part.moontide.dev/0":"{}"}}})",
         false, false},
        {R"({"metadata":{"name":"n","labels":{"synced-by":"y"},"annotations":{"from":"a/b"}},"data":{"a":"1"}})", true,
         false},
        {"{", false, false},
    };
    for (const auto& row : rows) {
        INFO(row.object);
        const auto seen = likeness(row.object, wanted);
        CHECK(seen.same_fields == row.same_fields);
        CHECK(seen.marked == row.marked);
    }
    auto unmarked = wanted;
    unmarked.mark_labels = {};
    unmarked.mark_annotations = {};
    CHECK_FALSE(likeness(rows[3].object, unmarked).marked);
}
