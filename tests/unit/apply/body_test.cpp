#include "apply/body.hpp"

#include "orders.hpp"

#include <string>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace moontide;
using namespace moontide::apply;
using nlohmann::json;

namespace {

plan::Claim claim_of(const plan::Wish& wanted, plan::Making making = plan::Making::made) {
    return claim(wanted, signature, "apps", "shared", making);
}

const plan::Replace replace{.target = target, .uid = some_uid, .resource_version = 7};

/// The annotation of the claim, as JSON text within JSON.
std::string claim_text(plan::Making making = plan::Making::made) {
    return json(claim_of(*wish(), making).text()).dump();
}

std::string with_claim(std::string golden, plan::Making making = plan::Making::made) {
    const auto at = golden.find("CLAIM");
    REQUIRE(at != std::string::npos);
    return golden.replace(at, 5, claim_text(making));
}

const std::string labels =
    R"("labels":{"app":"x","app.kubernetes.io/managed-by":"moontide","moontide.dev/instance":"moontide",)"
    R"("moontide.dev/owner":"a1a2a3a4-b1b2-4c1c-8d1d-e1e2e3e4e5e6"})";
const std::string annotations =
    R"("annotations":{"example.com/source":"flux-system/shared","moontide.dev/claim":CLAIM})";

/// A live copy as LiveReader takes it, with what others put on it.
json live(const plan::Wish& wanted) {
    const auto ours = claim_of(wanted);
    auto object = json::parse(new_object(wanted, ours));
    object["metadata"]["uid"] = some_uid.text();
    object["metadata"]["resourceVersion"] = "7";
    object["metadata"]["labels"]["team"] = "blue";
    object["metadata"]["annotations"]["note"] = "kept";
    object["metadata"]["finalizers"] = {"example.com/x"};
    object["metadata"]["managedFields"] = json::array({{{"manager", "m"}}});
    return object;
}

}  // namespace

TEST_CASE("a new object has the content, our marks and the claim") {
    CHECK(new_object(*wish(), claim_of(*wish())) ==
          with_claim(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{)" + annotations + "," + labels +
                     R"(,"name":"shared","namespace":"apps"},"data":{"a":"1"}})"));
    CHECK(json::parse(new_object(*wish("{}"), claim_of(*wish("{}")))).size() == 3);
}

TEST_CASE("a claim lists the keys that are ours and the place") {
    const auto ours = claim_of(*wish(), plan::Making::taken);
    CHECK(ours.instance == "moontide");
    CHECK(ours.place == plan::Place{signature.cluster, "apps", "shared"});
    CHECK(ours.labels == std::vector<std::string>{"app"});
    CHECK(ours.annotations == std::vector<std::string>{"example.com/source"});
    CHECK(ours.hash == wish()->hash);
    CHECK(ours.making == plan::Making::taken);
}

TEST_CASE("nothing that a policy says overrides the engine's marks") {
    auto wanted = wish();
    auto content = *wanted->content;
    content.labels["moontide.dev/owner"] = "mine";
    content.annotations["moontide.dev/claim"] = "mine";
    wanted->content = std::make_shared<policy::Content>(content);
    const auto object = json::parse(new_object(*wanted, claim_of(*wanted)));
    CHECK(object["metadata"]["labels"]["moontide.dev/owner"] == source_uid);
    CHECK(object["metadata"]["annotations"]["moontide.dev/claim"] != "mine");
}

TEST_CASE("a whole object names the uid and version that it replaces") {
    CHECK(whole_object(*wish(), claim_of(*wish()), replace) ==
          with_claim(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{)" + annotations + "," + labels +
                     R"(,"name":"shared","namespace":"apps","resourceVersion":"7",)"
                     R"("uid":"11111111-2222-4333-8444-555555555555"},"data":{"a":"1"}})"));
}

TEST_CASE("an owner reference goes along where the copy belongs to something") {
    auto wanted = wish();
    wanted->belonging = {{"v1", "Pod"}, "web-0", source_uid};
    const auto object = json::parse(new_object(*wanted, claim_of(*wanted)));
    CHECK(object["metadata"]["ownerReferences"].dump() ==
          R"([{"apiVersion":"v1","controller":true,"kind":"Pod","name":"web-0",)"
          R"("uid":"a1a2a3a4-b1b2-4c1c-8d1d-e1e2e3e4e5e6"}])");
}

TEST_CASE("a patch tests the uid, names the version, and empties what is not wanted") {
    const std::string same = R"([{"op":"test","path":"/metadata/uid","value":"11111111-2222-4333-8444-555555555555"},)"
                             R"({"op":"replace","path":"/metadata/resourceVersion","value":"7"},)";
    const std::string marks =
        R"({"op":"add","path":"/metadata/labels/app","value":"x"},)"
        R"({"op":"add","path":"/metadata/labels/app.kubernetes.io~1managed-by","value":"moontide"},)"
        R"({"op":"add","path":"/metadata/labels/moontide.dev~1instance","value":"moontide"},)"
        R"({"op":"add","path":"/metadata/labels/moontide.dev~1owner","value":"a1a2a3a4-b1b2-4c1c-8d1d-e1e2e3e4e5e6"},)"
        R"({"op":"add","path":"/metadata/annotations/example.com~1source","value":"flux-system/shared"},)"
        R"({"op":"add","path":"/metadata/annotations/moontide.dev~1claim","value":CLAIM}])";
    CHECK(content_patch(*wish(), claim_of(*wish()), replace) ==
          with_claim(same +
                     R"({"op":"add","path":"/binaryData","value":{}},)"
                     R"({"op":"add","path":"/data","value":{"a":"1"}},)" +
                     marks));
}

TEST_CASE("a Secret's patch says its type, so that another one is refused and not left") {
    const auto paths = [](const std::string& fields) {
        auto wanted = wish(fields);
        auto content = *wanted->content;
        content.kind = {"v1", "Secret"};
        wanted->content = std::make_shared<policy::Content>(content);
        json out = json::object();
        for (const auto& op : json::parse(content_patch(*wanted, claim_of(*wanted), replace))) {
            const auto path = op.at("path").get<std::string>();
            if (path.find("/metadata") != 0) out[path] = op.at("value");
        }
        return out;
    };
    CHECK(paths(R"({"data":{"p":"cA=="}})") == json({{"/data", {{"p", "cA=="}}}, {"/type", "Opaque"}}));
    CHECK(paths(R"({"type":"kubernetes.io/tls"})") ==
          json({{"/data", json::object()}, {"/type", "kubernetes.io/tls"}}));
}

TEST_CASE("a merged object keeps what is others', and drops keys that were ours") {
    auto before = wish();
    auto content = *before->content;
    content.labels = {{"old", "1"}, {"app", "w"}};
    content.annotations = {{"old.example.com/x", "1"}};
    before->content = std::make_shared<policy::Content>(content);
    auto there = live(*before);
    there["data"]["added"] = "by hand";

    const auto merged = merged_object(*wish(), claim_of(*wish()), replace, there.dump());
    REQUIRE(merged);
    const auto object = json::parse(*merged);
    const auto& metadata = object["metadata"];
    CHECK(metadata["labels"] == json({{"app", "x"},
                                      {"team", "blue"},
                                      {"app.kubernetes.io/managed-by", "moontide"},
                                      {"moontide.dev/instance", "moontide"},
                                      {"moontide.dev/owner", source_uid}}));
    CHECK(metadata["annotations"].size() == 3);
    CHECK(metadata["annotations"]["note"] == "kept");
    CHECK(metadata["annotations"]["moontide.dev/claim"] == claim_of(*wish()).text());
    CHECK(metadata["finalizers"] == json({"example.com/x"}));
    CHECK_FALSE(metadata.contains("managedFields"));
    CHECK(metadata["resourceVersion"] == "7");
    CHECK(object["data"] == json({{"a", "1"}}));
}

TEST_CASE("the annotations of a former controller's copy go, those of an adopted object stay") {
    const json there = {
        {"metadata",
         {{"name", "shared"},
          {"labels", {{"team", "blue"}}},
          {"annotations", {{"example.com/copied", "1"}, {"kubectl.kubernetes.io/last-applied-configuration", "{}"}}}}}};
    for (const bool takes_over : {true, false}) {
        auto step = replace;
        step.making = takes_over ? plan::Making::made : plan::Making::taken;
        step.takes_over = takes_over;
        const auto object =
            json::parse(merged_object(*wish(), claim_of(*wish()), step, there.dump()).value())["metadata"];
        CHECK(object["annotations"].contains("example.com/copied") == !takes_over);
        CHECK(object["annotations"].contains("kubectl.kubernetes.io/last-applied-configuration") == !takes_over);
        CHECK(object["annotations"].contains("moontide.dev/claim"));
        CHECK(object["labels"].contains("team"));
    }
}

TEST_CASE("a live object that is none is an error") {
    for (const std::string text : {"", "[]", "{}", R"({"metadata":7})"}) {
        INFO(text);
        CHECK_FALSE(merged_object(*wish(), claim_of(*wish()), replace, text));
    }
    CHECK(merged_object(*wish(), claim_of(*wish()), replace, R"({"metadata":{"labels":null,"annotations":7}})"));
}

TEST_CASE("an apply names the version judged, 1 where nothing may be there") {
    const auto version = [](kube::ResourceVersion judged) {
        const plan::Apply step{.target = target, .resource_version = judged};
        return json::parse(applied_object(*wish(), claim_of(*wish()), step))["metadata"]["resourceVersion"];
    };
    CHECK(version(0) == "1");
    CHECK(version(7) == "7");
}

TEST_CASE("a release takes our marks off, those that are there, and nothing else") {
    auto there = live(*wish());
    there["metadata"]["labels"].erase("app");
    const plan::Release step{target, some_uid, 7};
    CHECK(release_patch(step, claim_of(*wish()), there.dump()) ==
          R"([{"op":"test","path":"/metadata/uid","value":"11111111-2222-4333-8444-555555555555"},)"
          R"({"op":"replace","path":"/metadata/resourceVersion","value":"7"},)"
          R"({"op":"remove","path":"/metadata/labels/app.kubernetes.io~1managed-by"},)"
          R"({"op":"remove","path":"/metadata/labels/moontide.dev~1instance"},)"
          R"({"op":"remove","path":"/metadata/labels/moontide.dev~1owner"},)"
          R"({"op":"remove","path":"/metadata/annotations/example.com~1source"},)"
          R"({"op":"remove","path":"/metadata/annotations/moontide.dev~1claim"}])");
}

TEST_CASE("a deletion proves uid and version") {
    CHECK(delete_options({target, some_uid, 7}) ==
          R"({"apiVersion":"v1","kind":"DeleteOptions","preconditions":{"resourceVersion":"7",)"
          R"("uid":"11111111-2222-4333-8444-555555555555"},"propagationPolicy":"Background"})");
}

TEST_CASE("an object's keys are told without their values, and of many the first ones and how many more") {
    CHECK(keys_text(R"({"data":{"b":"secret","a":"x"},"binaryData":{"logo":"AA=="}})") == "data a, b; binaryData logo");
    CHECK(keys_text(R"({"metadata":{"name":"empty"}})") == "no data");
    CHECK(keys_text("broken") == "no data");
    json many;
    for (int number = 100; number < 130; ++number) many["data"][std::to_string(number)] = "x";
    const auto text = keys_text(many.dump());
    CHECK(text.ends_with(", 118, 119 and 10 more"));
}
