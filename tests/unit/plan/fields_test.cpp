#include "plan/fields.hpp"

#include <catch2/catch.hpp>

using namespace moontide;
using namespace moontide::plan;
using nlohmann::json;

namespace {

json with_managers(json object, json entries) {
    object["metadata"]["managedFields"] = std::move(entries);
    return object;
}

json applied(const std::string& manager, json fields) {
    return {{"manager", manager}, {"operation", "Apply"}, {"apiVersion", "v1"}, {"fieldsV1", std::move(fields)}};
}

Claim part_claim() {
    Claim claim;
    claim.instance = "moontide";
    claim.bond.policy = "p";
    claim.bond.source = {{"v1", "ConfigMap"}, "infra", "s"};
    claim.place = {"c", "apps", "shared"};
    claim.making = Making::joined;
    claim.writes = policy::Writes::fields;
    claim.labels = {"team"};
    return claim;
}

policy::Content content(const std::string& fields) {
    policy::Content out;
    out.kind = {"v1", "ConfigMap"};
    out.fields = fields;
    out.labels = {{"team", "blue"}};
    return out;
}

}  // namespace

TEST_CASE("an object is reduced to the fields that a manager applied") {
    struct Row {
        std::string what;
        json object;
        json fields;
        json want;
    };
    const std::vector<Row> rows = {
        {"members",
         {{"data", {{"a", "1"}, {"b", "2"}}}},
         {{"f:data", {{"f:a", json::object()}}}},
         {{"data", {{"a", "1"}}}}},
        {"a member that is gone",
         {{"data", {{"b", "2"}}}},
         {{"f:data", {{"f:a", json::object()}}}},
         {{"data", json::object()}}},
        {"a leaf is whole", {{"list", {1, 2}}}, {{"f:list", json::object()}}, {{"list", {1, 2}}}},
        {"the thing itself without what others put in",
         {{"data", {{"b", "2"}}}},
         {{"f:data", {{".", json::object()}}}},
         {{"data", json::object()}}},
        {"items by their keys, in the order that they stand in",
         {{"ports", {{{"port", 80}, {"name", "web"}}, {{"port", 81}}, {{"port", 443}, {"name", "tls"}}}}},
         {{"f:ports",
           {{R"(k:{"port":443})", {{".", json::object()}, {"f:port", json::object()}}},
            {R"(k:{"port":80})", {{".", json::object()}, {"f:port", json::object()}, {"f:name", json::object()}}}}}},
         {{"ports", {{{"port", 80}, {"name", "web"}}, {{"port", 443}}}}}},
        {"values of a set",
         {{"finalizers", {"x", "y"}}},
         {{"f:finalizers", {{R"(v:"y")", json::object()}}}},
         {{"finalizers", {"y"}}}},
        {"what is of another type than its fields say",
         {{"data", "text"}},
         {{"f:data", {{"f:a", json::object()}}}},
         {{"data", json::object()}}},
    };
    for (const auto& row : rows) {
        INFO(row.what);
        CHECK(reduced_to(row.object, row.fields) == row.want);
    }
}

TEST_CASE("only what was applied counts, of the object itself") {
    const json fields = {{"f:data", {{"f:a", json::object()}}}};
    auto update = applied("moontide", fields);
    update["operation"] = "Update";
    auto status = applied("moontide", fields);
    status["subresource"] = "status";
    CHECK(applied_fields(with_managers({}, json::array({applied("moontide", fields)})), "moontide") != nullptr);
    CHECK(applied_fields(with_managers({}, json::array({applied("other", fields)})), "moontide") == nullptr);
    CHECK(applied_fields(with_managers({}, json::array({update})), "moontide") == nullptr);
    CHECK(applied_fields(with_managers({}, json::array({status})), "moontide") == nullptr);
    CHECK(applied_fields(with_managers({}, json("nothing")), "moontide") == nullptr);
    CHECK(applied_fields(json::object(), "moontide") == nullptr);
}

TEST_CASE("a part's hash is that of the wish while its fields are as wanted, whatever others do") {
    const auto claim = part_claim();
    const auto manager = part_manager(part_id(claim.instance, claim.bond));
    const json fields = {{"f:data", {{"f:a", json::object()}}}};
    json object = {{"data", {{"a", "1"}, {"mine", "yes"}}},
                   {"metadata", {{"labels", {{"team", "blue"}, {"app", "web"}}}}}};
    object = with_managers(std::move(object), json::array({applied(manager, fields)}));
    const auto wanted = wanted_fields_hash(content(R"({"data":{"a":"1"}})"), claim.bond, {}).value();
    const auto live = [&] { return live_fields_hash(object, claim, {}); };
    CHECK(live() == wanted);
    object["data"]["mine"] = "no";
    object["metadata"]["labels"]["app"] = "api";
    CHECK(live() == wanted);
    SECTION("a value") {
        object["data"]["a"] = "2";
    }
    SECTION("a label") {
        object["metadata"]["labels"]["team"] = "red";
    }
    SECTION("a field that another manager has now") {
        object = with_managers(object, json::array());
    }
    CHECK(live() != wanted);
}

TEST_CASE("elements of a list that has one owner count as long as they stand in it") {
    const auto claim = part_claim();
    const auto id = part_id(claim.instance, claim.bond);
    const json ours = {{"name", "ours"}};
    const json both = {{"name", "both"}};
    const ListParts lists = {{"/imagePullSecrets", {{ours, true}, {both, false}}}};
    json object = {
        {"imagePullSecrets", {{{"name", "theirs"}}, both, ours}},
        {"metadata",
         {{"labels", {{"team", "blue"}}}, {"annotations", {{std::string(marks::part_lists) + id, text_of(lists)}}}}}};
    CHECK(text_of(list_parts(object, id)) == text_of(lists));
    const auto wanted =
        wanted_fields_hash(content(R"({"imagePullSecrets":[{"name":"ours"},{"name":"both"}]})"), claim.bond, {})
            .value();
    CHECK(live_fields_hash(object, claim, {}) == wanted);
    object["imagePullSecrets"].erase(2);
    CHECK(live_fields_hash(object, claim, {}) != wanted);
}

TEST_CASE("a note of lists that somebody wrote by hand is read as far as it is one") {
    const auto read = [](const std::string& text) {
        return list_parts({{"metadata", {{"annotations", {{std::string(marks::part_lists) + "id", text}}}}}}, "id");
    };
    for (const auto* text : {"", "[]", "7", R"({"x":[]})", R"({"/a~2":[]})", R"({"/a":{}})"}) {
        INFO(text);
        CHECK(read(text).empty());
    }
    CHECK(read(R"({"/a":[1,{"added":2},{"other":3}]})").at("/a").size() == 1);
    // A way through what is no object leads nowhere.
    const auto claim = part_claim();
    const auto id = part_id(claim.instance, claim.bond);
    const json object = {
        {"metadata", {{"annotations", {{std::string(marks::part_lists) + id, R"({"/a/b":[],"/a":[]})"}}}}}};
    CHECK(live_fields_hash(object, claim, {}) == live_fields_hash(object, claim, {}));
}

TEST_CASE("parts of the same unit in two instances, and of two units, have ids of their own") {
    auto other = part_claim().bond;
    other.source.name = "t";
    CHECK(part_id("a", part_claim().bond) == part_id("a", part_claim().bond));
    CHECK(part_id("a", part_claim().bond) != part_id("b", part_claim().bond));
    CHECK(part_id("a", part_claim().bond) != part_id("a", other));
}

TEST_CASE("an object holds what is wanted however much else it has") {
    const json object = {{"spec", {{"a", 1}, {"list", {{{"name", "x"}, {"v", 1}}, {{"name", "y"}}}}}}};
    CHECK(holds(object, {{"spec", {{"a", 1}}}}));
    CHECK(holds(object, {{"spec", {{"list", {{{"name", "y"}}}}}}}));
    CHECK_FALSE(holds(object, {{"spec", {{"a", 2}}}}));
    CHECK_FALSE(holds(object, {{"spec", {{"b", 1}}}}));
    CHECK_FALSE(holds(object, {{"spec", {{"list", {{{"name", "z"}}}}}}}));
    CHECK_FALSE(holds(object, {{"spec", {{"list", {{"name", "y"}}}}}}));
}
