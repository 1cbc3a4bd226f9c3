#include "apply/parts.hpp"

#include "orders.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace moontide;
using namespace moontide::apply;
using nlohmann::json;

namespace {

const kube::Kind account{"v1", "ServiceAccount"};

std::shared_ptr<plan::Wish> pulling(const std::vector<std::string>& names) {
    json fields = {{"automount", true}, {"imagePullSecrets", json::array()}};
    for (const auto& name : names) fields["imagePullSecrets"].push_back({{"name", name}});
    auto out = wish(fields.dump());
    auto content = std::make_shared<policy::Content>(*out->content);
    content->kind = account;
    out->content = content;
    out->writes = policy::Writes::fields;
    return out;
}

plan::Claim joined(const plan::Wish& wanted) {
    return claim(wanted, signature, "apps", "shared", plan::Making::joined);
}

std::string id_of(const plan::Wish& wanted) {
    return plan::part_id(signature.instance, wanted.bond);
}

json live(const std::vector<std::string>& names, const json& annotations = json::object()) {
    json out = {{"metadata", {{"uid", some_uid.text()}, {"resourceVersion", "7"}, {"annotations", annotations}}}};
    for (const auto& name : names) out["imagePullSecrets"].push_back({{"name", name}});
    return out;
}

/// The object after the patch, and what of it the part has noted.
json patched(const json& object, const std::optional<std::string>& patch) {
    REQUIRE(patch);
    return object.patch(json::parse(*patch));
}

std::vector<std::string> names_in(const json& object) {
    std::vector<std::string> names;
    for (const auto& one : object.value("imagePullSecrets", json::array())) names.push_back(one.at("name"));
    return names;
}

using Texts = std::vector<std::string>;
const std::set<std::string> pull_secrets = {"/imagePullSecrets"};

json managed(json object, json entries) {
    object["metadata"]["managedFields"] = std::move(entries);
    return object;
}

json entry(const std::string& manager, const std::string& operation, json fields) {
    return {{"manager", manager}, {"operation", operation}, {"apiVersion", "v1"}, {"fieldsV1", std::move(fields)}};
}

}  // namespace

TEST_CASE("a list is atomic where a dry run shows no owners of its items") {
    const auto wanted = pulling({"a"});
    const auto manager = plan::part_manager(id_of(*wanted));
    AtomicLists lists;
    CHECK_FALSE(lists.knows(*wanted->content));
    const auto learn = [&](const json& field) {
        lists.learn(
            *wanted->content, manager,
            managed(json::object(), json::array({entry(manager, "Apply", {{"f:imagePullSecrets", field}})})).dump());
        CHECK(lists.knows(*wanted->content));
        return lists.of(*wanted->content);
    };
    CHECK(learn(json::object()) == pull_secrets);
    CHECK(learn({{R"(k:{"name":"a"})", json::object()}}).empty());
    // An empty list teaches nothing and needs nothing.
    CHECK(AtomicLists().knows(*pulling({})->content));
}

TEST_CASE("a part is applied without its atomic lists and empty ones, under its own marks") {
    const auto wanted = pulling({"a"});
    const plan::Apply step{.target = target, .uid = some_uid, .resource_version = 7, .making = plan::Making::joined};
    const auto object = json::parse(applied_part(*wanted, joined(*wanted), step, pull_secrets));
    CHECK_FALSE(object.contains("imagePullSecrets"));
    CHECK(object["automount"] == true);
    const auto& metadata = object["metadata"];
    CHECK(metadata["uid"] == some_uid.text());
    CHECK(metadata["resourceVersion"] == "7");
    CHECK(metadata["labels"] == json({{"app", "x"}, {"moontide.dev/part", "moontide"}}));
    CHECK(metadata["annotations"].contains("part.moontide.dev/" + id_of(*wanted)));
    CHECK_FALSE(metadata.contains("ownerReferences"));
    CHECK(json::parse(applied_part(*wanted, joined(*wanted), step, {})).contains("imagePullSecrets"));
    const auto nothing = pulling({});
    CHECK_FALSE(json::parse(applied_part(*nothing, joined(*nothing), step, {})).contains("imagePullSecrets"));
}

TEST_CASE("elements are added to a list, follow the wish, and only those that were added go") {
    const auto first = pulling({"ours", "both"});
    const auto id = id_of(*first);
    auto object = live({"theirs", "both"});
    object = patched(object, lists_patch(*first, joined(*first), pull_secrets, object.dump()));
    CHECK(names_in(object) == Texts{"theirs", "both", "ours"});
    CHECK_FALSE(lists_patch(*first, joined(*first), pull_secrets, object.dump()));

    object["imagePullSecrets"].push_back({{"name", "later"}});
    const auto second = pulling({"other"});
    object = patched(object, lists_patch(*second, joined(*second), pull_secrets, object.dump()));
    CHECK(names_in(object) == Texts{"theirs", "both", "later", "other"});
    SECTION("with the part") {
        object = patched(object, unlisting_patch(id, object.dump()));
        CHECK_FALSE(unlisting_patch(id, object.dump()));
    }
    SECTION("with the last element that is wanted") {
        object = patched(object, lists_patch(*pulling({}), joined(*second), {}, object.dump()));
    }
    CHECK(names_in(object) == Texts{"theirs", "both", "later"});
    CHECK(object["metadata"]["annotations"].empty());
}

TEST_CASE("a list patch proves what it was made from, and makes the place that it needs") {
    const auto wanted = pulling({"a"});
    const json object = {
        {"metadata", {{"uid", some_uid.text()}, {"resourceVersion", "7"}, {"annotations", {{"x", "y"}}}}}};
    const auto patch = json::parse(*lists_patch(*wanted, joined(*wanted), pull_secrets, object.dump()));
    CHECK(patch[0] == json({{"op", "test"}, {"path", "/metadata/uid"}, {"value", some_uid.text()}}));
    CHECK(patch[1] == json({{"op", "replace"}, {"path", "/metadata/resourceVersion"}, {"value", "7"}}));
    CHECK(names_in(object.patch(patch)) == Texts{"a"});
}

TEST_CASE("marks that no manager holds any more are cleared, the label with the last part") {
    const auto id = id_of(*wish());
    const json both = {{"part.moontide.dev/" + id, "{}"}, {"part.moontide.dev/other", "{}"}, {"x", "y"}};
    auto object = live({}, both);
    object["metadata"]["labels"] = {{"moontide.dev/part", "moontide"}, {"app", "web"}};
    object = patched(object, clearing_patch(id, object.dump()));
    CHECK(object["metadata"]["annotations"] == json({{"part.moontide.dev/other", "{}"}, {"x", "y"}}));
    CHECK(object["metadata"]["labels"].size() == 2);
    object = patched(object, clearing_patch("other", object.dump()));
    CHECK(object["metadata"]["labels"] == json({{"app", "web"}}));
    CHECK_FALSE(clearing_patch("other", object.dump()));
}

TEST_CASE("what others wrote becomes ours to take away, but for labels, subresources and parts") {
    const json data = {{"f:data", {{"f:a", json::object()}}}};
    const json more = {{"f:data", {{"f:b", json::object()}}},
                       {"f:metadata", {{"f:labels", {{"f:app", json::object()}}}, {"f:annotations", json::object()}}}};
    auto status = entry("kubelet", "Update", {{"f:status", json::object()}});
    status["subresource"] = "status";
    const auto part = entry("moontide/0a", "Apply", {{"f:data", {{"f:part", json::object()}}}});
    auto old = entry("kubectl", "Update", {{"f:spec", json::object()}});
    old["apiVersion"] = "v1beta1";
    const auto object = managed(live({}), {entry("moontide", "Apply", data), entry("kubectl", "Update", more),
                                           entry("old", "Apply", {{"f:type", json::object()}}), status, part, old});
    const auto entries = [&](plan::Making making) {
        json by_manager;
        const auto after = patched(object, takeover_patch(making, config_maps.kind, object.dump()));
        for (const auto& one : after["metadata"]["managedFields"]) {
            by_manager[one["manager"].get<std::string>() + " " + one["apiVersion"].get<std::string>()] =
                one["fieldsV1"];
        }
        return by_manager;
    };
    const auto taken = entries(plan::Making::taken);
    CHECK(taken["moontide v1"] ==
          json({{"f:data", {{"f:a", json::object()}, {"f:b", json::object()}}}, {"f:type", json::object()}}));
    CHECK(taken["kubectl v1"] == json({{"f:metadata", more["f:metadata"]}}));
    CHECK_FALSE(taken.contains("old v1"));
    CHECK(taken["kubelet v1"] == status["fieldsV1"]);
    CHECK(taken["moontide/0a v1"] == part["fieldsV1"]);
    CHECK(taken["kubectl v1beta1"] == old["fieldsV1"]);
    // The controller that we replace wrote the annotations whole.
    const auto made = entries(plan::Making::made);
    CHECK(made["moontide v1"].contains("f:metadata"));
    CHECK(made["kubectl v1"] == json({{"f:metadata", {{"f:labels", {{"f:app", json::object()}}}}}}));

    const auto ours = managed(live({}), {entry("moontide", "Apply", data), status, part});
    CHECK_FALSE(takeover_patch(plan::Making::made, config_maps.kind, ours.dump()));
    CHECK_FALSE(takeover_patch(plan::Making::made, config_maps.kind, live({}).dump()));
}
