#include "apply/verbs.hpp"

#include "orders.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace moontide;
using namespace moontide::apply;
using nlohmann::json;

namespace {

plan::Replace replace(bool plain, bool same_keys) {
    return {.target = target, .uid = some_uid, .resource_version = 7, .plain = plain, .same_keys = same_keys};
}

json live(const plan::Uid& uid = some_uid, int version = 7) {
    auto object = json::parse(new_object(*wish(), claim(*wish(), signature, "apps", "shared", plan::Making::made)));
    object["metadata"]["uid"] = uid.text();
    object["metadata"]["resourceVersion"] = std::to_string(version);
    return object;
}

kube::Answer answer(int status, const std::string& body) {
    kube::Answer out;
    out.status = status;
    out.body = body;
    return out;
}

const std::string object_path = "/api/v1/namespaces/apps/configmaps/shared";

}  // namespace

TEST_CASE("each step is one request, read first where its body is made from what is there") {
    struct Row {
        plan::Step step;
        bool looks;
        bool patches;
        std::string method;
        std::string path;
        std::string content_type;
    };
    const std::string managed = "?fieldManager=moontide";
    const std::vector<Row> rows = {
        {plan::Create{target}, false, false, "POST", "/api/v1/namespaces/apps/configmaps" + managed,
         "application/json"},
        {plan::Create{target, true}, true, false, "POST", "/api/v1/namespaces/apps/configmaps" + managed,
         "application/json"},
        {replace(true, true), false, false, "PUT", object_path + managed, "application/json"},
        {replace(true, false), false, false, "PUT", object_path + managed, "application/json"},
        {replace(false, true), false, true, "PATCH", object_path + managed, "application/json-patch+json"},
        {replace(false, false), true, false, "PUT", object_path + managed, "application/json"},
        {plan::Apply{.target = target}, false, false, "PATCH", object_path + managed, "application/apply-patch+yaml"},
        {plan::Apply{.target = target, .resource_version = 7, .force = true}, false, false, "PATCH",
         object_path + managed + "&force=true", "application/apply-patch+yaml"},
        {plan::Release{target, some_uid, 7}, true, true, "PATCH", object_path + managed, "application/json-patch+json"},
        {plan::Delete{target, some_uid, 7}, false, false, "DELETE", object_path, "application/json"},
    };
    for (const auto& row : rows) {
        INFO(plan::name(row.step) << " " << row.path);
        CHECK(needs_look(row.step) == row.looks);
        CHECK(was_patch(row.step) == row.patches);
        const auto call = call_for(order(row.step), address, signature, row.looks ? live().dump() : "");
        REQUIRE(call);
        CHECK(call->method == row.method);
        CHECK(call->path == row.path);
        CHECK(call->content_type == row.content_type);
        CHECK(call->lane == kube::Lane::write);
        CHECK(json::accept(call->body));
    }
}

TEST_CASE("a look reads what is there, whatever it is, and has nothing to write") {
    const plan::Step look = plan::Look{target};
    CHECK(needs_look(look));
    CHECK_FALSE(creates(look));
    CHECK_FALSE(is_as_judged(look, live().dump()));
    CHECK_FALSE(call_for(order(look), address, signature, live().dump()));
}

TEST_CASE("the claim that goes along says whether we made the object") {
    const auto making = [](const plan::Step& step) {
        const auto call = call_for(order(step), address, signature, live().dump()).value();
        const auto object = json::parse(call.body);
        return plan::Claim::parse(object["metadata"]["annotations"]["moontide.dev/claim"].get<std::string>())->making;
    };
    auto taken = replace(true, true);
    taken.making = plan::Making::taken;
    CHECK(making(plan::Create{target}) == plan::Making::made);
    CHECK(making(replace(true, true)) == plan::Making::made);
    CHECK(making(taken) == plan::Making::taken);
    CHECK(making(plan::Apply{.target = target, .resource_version = 7}) == plan::Making::made);
    CHECK(making(plan::Apply{.target = target, .resource_version = 7, .making = plan::Making::taken}) ==
          plan::Making::taken);
}

TEST_CASE("a release of what carries no claim any more is an error") {
    auto object = live();
    object["metadata"].erase("annotations");
    CHECK_FALSE(call_for(order(plan::Release{target, some_uid, 7}), address, signature, object.dump()));
}

TEST_CASE("a step is as judged at the same uid and version alone") {
    const auto other = *plan::Uid::parse("99999999-2222-4333-8444-555555555555");
    struct Row {
        plan::Step step;
        bool same;
        bool other_uid;
        bool other_version;
    };
    const std::vector<Row> rows = {
        {plan::Create{target}, false, false, false},
        {replace(true, true), true, false, false},
        {plan::Release{target, some_uid, 7}, true, false, false},
        {plan::Delete{target, some_uid, 7}, true, false, false},
        {plan::Apply{.target = target, .uid = some_uid, .resource_version = 7}, true, false, false},
        {plan::Apply{.target = target}, false, false, false},
    };
    for (const auto& row : rows) {
        INFO(plan::name(row.step));
        CHECK(is_as_judged(row.step, live().dump()) == row.same);
        CHECK(is_as_judged(row.step, live(other).dump()) == row.other_uid);
        CHECK(is_as_judged(row.step, live(some_uid, 8).dump()) == row.other_version);
        CHECK_FALSE(is_as_judged(row.step, "{"));
    }
}

TEST_CASE("what became of a step is read from its answer") {
    const plan::Step removal = plan::Delete{target, some_uid, 7};
    const auto fate = [](const plan::Step& step, const std::string& body) {
        return fate_of(order(step), answer(200, body)).index();
    };
    const auto written = Fate(Written{}).index();
    const auto gone = Fate(Gone{}).index();
    const auto denied = Fate(Denied{}).index();
    auto held = live();
    held["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z";
    CHECK(fate(removal, R"({"kind":"Status","status":"Success"})") == gone);
    CHECK(fate(removal, "") == gone);
    CHECK(fate(removal, live().dump()) == gone);
    CHECK(fate(removal, held.dump()) == written);
    CHECK(fate(removal, R"({"kind":5})") == denied);
    CHECK(fate(plan::Create{target}, live().dump()) == written);
    CHECK(fate(plan::Create{target}, "{}") == denied);
}

TEST_CASE("what is there is told with its likeness only where it carries no claim") {
    const auto found = [](const std::string& body, int status = 200) {
        return what_is_there(order(plan::Create{target}), answer(status, body));
    };
    CHECK_FALSE(found("{}", 404)->live.has_value());
    CHECK_FALSE(found("{"));
    const auto foreign = found(R"({"metadata":{"name":"shared","namespace":"apps"},"data":{"a":"1"}})");
    REQUIRE(foreign);
    CHECK(foreign->likeness.same_fields);
    CHECK_FALSE(foreign->live->has_claim);
    const auto ours = found(live().dump());
    REQUIRE(ours);
    CHECK(ours->live->claim.has_value());
    CHECK_FALSE(ours->likeness.same_fields);
}
