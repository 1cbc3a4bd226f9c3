#include "apply/course.hpp"

#include "orders.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace moontide;
using namespace moontide::apply;
using nlohmann::json;

namespace {

/// What an object answers: the part's claim and its key, at a version.
json object_at(int version, const json& data = {{"a", "1"}}) {
    return {{"metadata",
             {{"name", "shared"},
              {"namespace", "apps"},
              {"uid", some_uid.text()},
              {"resourceVersion", std::to_string(version)}}},
            {"data", data}};
}

kube::Answer answer(const json& object) {
    kube::Answer out;
    out.status = 200;
    out.body = object.dump();
    return out;
}

plan::TargetKey part_target() {
    return target.part_of(1);
}

/// Method, path's query and body of a request; the fate's place in its variant where it ends.
struct Seen {
    std::string query;
    json body;
    bool ended = false;
    std::size_t fate = 0;
};

Seen seen(const Result<Next>& next) {
    REQUIRE(next);
    Seen out;
    if (const auto* fate = std::get_if<Fate>(&*next)) {
        out.ended = true;
        out.fate = fate->index();
        return out;
    }
    const auto& call = std::get<kube::Call>(*next);
    CHECK(call.method == "PATCH");
    out.query = call.path.substr(call.path.find('?') + 1);
    out.body = json::parse(call.body);
    return out;
}

std::string version_in(const Seen& one) {
    return one.body["metadata"]["resourceVersion"];
}

}  // namespace

TEST_CASE("a part is one apply under its own manager, without force") {
    AtomicLists lists;
    auto one = order(
        plan::Apply{.target = part_target(), .uid = some_uid, .resource_version = 7, .making = plan::Making::joined});
    const auto sent = seen(first(one, address, signature, "", lists));
    const auto id = plan::part_id(signature.instance, one.wish->bond);
    CHECK(sent.query == "fieldManager=moontide%2F" + id);
    CHECK(version_in(sent) == "7");
    CHECK(seen(after(one, address, signature, answer(object_at(8)), lists)).fate == Fate(Written{}).index());
}

TEST_CASE("a part with a list that has one owner learns that, is applied, then adds its elements at the new version") {
    AtomicLists lists;
    auto with = std::make_shared<plan::Wish>(*wish(R"({"list":["x"]})"));
    auto one = order(
        plan::Apply{.target = part_target(), .uid = some_uid, .resource_version = 7, .making = plan::Making::joined},
        with);
    const auto manager = plan::part_manager(plan::part_id(signature.instance, with->bond));
    CHECK(seen(first(one, address, signature, "", lists)).query.ends_with("&force=true&dryRun=All"));
    auto learned = object_at(7);
    learned["metadata"]["managedFields"] = {
        {{"manager", manager}, {"operation", "Apply"}, {"fieldsV1", {{"f:list", json::object()}}}}};
    const auto applied = seen(after(one, address, signature, answer(learned), lists));
    CHECK_FALSE(applied.body.contains("list"));
    CHECK(version_in(applied) == "7");
    CHECK_FALSE(is_patch_under_way(one));
    const auto listed = seen(after(one, address, signature, answer(object_at(8)), lists));
    CHECK(listed.body[1]["value"] == "8");
    CHECK(is_patch_under_way(one));
    CHECK(seen(after(one, address, signature, answer(object_at(9)), lists)).ended);
    // The next one knows.
    auto next = order(
        plan::Apply{.target = part_target(), .uid = some_uid, .resource_version = 9, .making = plan::Making::joined},
        with);
    CHECK_FALSE(seen(first(next, address, signature, "", lists)).query.ends_with("dryRun=All"));
}

TEST_CASE("what looks otherwise is rehearsed, and written only where that would change it") {
    AtomicLists lists;
    auto ours = object_at(7);
    auto with = std::make_shared<plan::Wish>(*wish());
    with->writes = policy::Writes::fields;
    const auto marks = claim(*with, signature, "apps", "shared", plan::Making::made);
    ours["metadata"]["annotations"] = {{"moontide.dev/claim", marks.text()}};
    const auto hash = plan::LiveReader().read(ours.dump())->hash;
    plan::Apply step{.target = target, .uid = some_uid, .resource_version = 7, .force = true};
    step.doubted = hash;
    auto one = order(step, with);
    CHECK(seen(first(one, address, signature, "", lists)).query == "fieldManager=moontide&dryRun=All&force=true");
    SECTION("nothing changes") {
        const auto end = seen(after(one, address, signature, answer(ours), lists));
        CHECK(end.fate == Fate(Unchanged{}).index());
    }
    SECTION("something does") {
        ours["metadata"]["annotations"].erase("moontide.dev/claim");
        const auto sent = seen(after(one, address, signature, answer(ours), lists));
        CHECK(sent.query == "fieldManager=moontide&force=true");
        CHECK(version_in(sent) == "7");
    }
}

TEST_CASE("taking over begins with the managers that are there") {
    AtomicLists lists;
    auto there = object_at(7);
    there["metadata"]["managedFields"] = {{{"manager", "kubectl"},
                                           {"operation", "Update"},
                                           {"apiVersion", "v1"},
                                           {"fieldsV1", {{"f:data", {{"f:a", json::object()}}}}}}};
    const plan::Apply step{
        .target = target, .uid = some_uid, .resource_version = 7, .making = plan::Making::taken, .takes_over = true};
    auto one = order(step);
    CHECK(needs_look(one.step));
    const auto patch = seen(first(one, address, signature, there.dump(), lists));
    CHECK(patch.body[2]["path"] == "/metadata/managedFields");
    CHECK(is_patch_under_way(one));
    CHECK(version_in(seen(after(one, address, signature, answer(object_at(8)), lists))) == "8");
}

TEST_CASE("a part goes by its elements, then an empty apply, then what is left of its marks") {
    AtomicLists lists;
    const auto id = std::string("0a");
    auto there = object_at(7);
    there["list"] = {"x", "y"};
    there["metadata"]["annotations"] = {{"lists.part.moontide.dev/0a", R"({"/list":[{"added":"x"}]})"},
                                        {"part.moontide.dev/0a", "{}"}};
    plan::Release step{.target = part_target(), .uid = some_uid, .resource_version = 7, .lists = true};
    auto one = order(step, nullptr);
    one.part = id;
    CHECK(needs_look(one.step));
    const auto unlisted = seen(first(one, address, signature, there.dump(), lists));
    CHECK(unlisted.body[2] == json({{"op", "add"}, {"path", "/list"}, {"value", {"y"}}}));
    const auto released = seen(after(one, address, signature, answer(object_at(8)), lists));
    CHECK(released.query == "fieldManager=moontide%2F0a");
    CHECK(version_in(released) == "8");
    CHECK(released.body.size() == 3);
    there["metadata"]["resourceVersion"] = "9";
    const auto cleared = seen(after(one, address, signature, answer(there), lists));
    CHECK(cleared.body[2]["path"] == "/metadata/annotations/part.moontide.dev~10a");
    CHECK(seen(after(one, address, signature, answer(object_at(10)), lists)).ended);
}

TEST_CASE("of a part that no manager holds only the marks are taken off") {
    AtomicLists lists;
    auto there = object_at(7);
    there["metadata"]["annotations"] = {{"part.moontide.dev/0a", "{}"}};
    auto one = order(plan::Release{.target = part_target(), .uid = some_uid, .resource_version = 7, .managed = false},
                     nullptr);
    one.part = "0a";
    CHECK(needs_look(one.step));
    CHECK(seen(first(one, address, signature, there.dump(), lists)).body[2]["op"] == "remove");
}
