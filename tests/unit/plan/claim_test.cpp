#include "plan/claim.hpp"

#include "plan/content_hash.hpp"

#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

using namespace moontide;
using namespace moontide::plan;

namespace {

const std::string owner_uid = "0a0b0c0d-0e0f-4a4b-8c8d-101112131415";
const std::string source_uid = "a1a2a3a4-b1b2-4c1c-8d1d-e1e2e3e4e5e6";
const kube::Kind config_map{"v1", "ConfigMap"};
const kube::Kind syncer{"config.example.com/v1alpha1", "ConfigMapSyncer"};

Claim plain() {
    Claim claim;
    claim.instance = "moontide";
    claim.bond.policy = "annotation-sync";
    claim.bond.source = {config_map, "flux-system", "shared"};
    claim.bond.source_uid = source_uid;
    claim.place = {"c0c1c2c3-0000-4000-8000-000000000000", "apps", "shared"};
    claim.hash = *Hash::parse("000102030405060708090a0b0c0d0e0f");
    claim.annotations = {"example.com/source"};
    return claim;
}

Claim full() {
    auto claim = plain();
    claim.bond.owner = {syncer, "team", "settings"};
    claim.bond.owner_uid = owner_uid;
    claim.labels = {"a", "b/c"};
    claim.making = Making::taken;
    return claim;
}

Claim grouped() {
    auto claim = plain();
    claim.bond.source = {};
    claim.bond.source_uid.clear();
    claim.bond.group = "a group: \"ü\"\nof two lines";
    claim.annotations.clear();
    return claim;
}

}  // namespace

TEST_CASE("a claim's text is canonical JSON on one line") {
    struct Row {
        std::string what;
        Claim claim;
        std::string text;
    };
    const std::vector<Row> rows = {
        {"of a source", plain(),
         R"({"annotations":["example.com/source"],"hash":"000102030405060708090a0b0c0d0e0f","instance":"moontide",)"
         R"("place":{"cluster":"c0c1c2c3-0000-4000-8000-000000000000","name":"shared","namespace":"apps"},)"
         R"("policy":"annotation-sync",)"
         R"("source":{"apiVersion":"v1","kind":"ConfigMap","name":"shared","namespace":"flux-system",)"
         R"("uid":"a1a2a3a4-b1b2-4c1c-8d1d-e1e2e3e4e5e6"},"state":"made"})"},
        {"of an owner, taken over", full(),
         R"({"annotations":["example.com/source"],"hash":"000102030405060708090a0b0c0d0e0f","instance":"moontide",)"
         R"("labels":["a","b/c"],)"
         R"("owner":{"apiVersion":"config.example.com/v1alpha1","kind":"ConfigMapSyncer","name":"settings",)"
         R"("namespace":"team","uid":"0a0b0c0d-0e0f-4a4b-8c8d-101112131415"},)"
         R"("place":{"cluster":"c0c1c2c3-0000-4000-8000-000000000000","name":"shared","namespace":"apps"},)"
         R"("policy":"annotation-sync",)"
         R"("source":{"apiVersion":"v1","kind":"ConfigMap","name":"shared","namespace":"flux-system",)"
         R"("uid":"a1a2a3a4-b1b2-4c1c-8d1d-e1e2e3e4e5e6"},"state":"taken"})"},
        {"of a group", grouped(),
         R"({"group":"a group: \"ü\"\nof two lines","hash":"000102030405060708090a0b0c0d0e0f","instance":"moontide",)"
         R"("place":{"cluster":"c0c1c2c3-0000-4000-8000-000000000000","name":"shared","namespace":"apps"},)"
         R"("policy":"annotation-sync","state":"made"})"},
    };
    for (const auto& row : rows) {
        INFO(row.what);
        CHECK(row.claim.text() == row.text);
        CHECK(row.claim.text().find('\n') == std::string::npos);
    }
}

TEST_CASE("a claim comes back from its text as it was") {
    for (const auto& claim : {plain(), full(), grouped()}) {
        const auto back = Claim::parse(claim.text());
        REQUIRE(back);
        CHECK(back->instance == claim.instance);
        CHECK(back->bond == claim.bond);
        CHECK(back->place == claim.place);
        CHECK(back->making == claim.making);
        CHECK(back->hash == claim.hash);
        CHECK(back->labels == claim.labels);
        CHECK(back->annotations == claim.annotations);
        CHECK(back->text() == claim.text());
    }
}

TEST_CASE("what is no claim is none") {
    const auto without = [](const std::string& part, const std::string& instead) {
        auto text = plain().text();
        const auto at = text.find(part);
        REQUIRE(at != std::string::npos);
        return text.replace(at, part.size(), instead);
    };
    const std::vector<std::pair<std::string, std::string>> rows = {
        {"no text", ""},
        {"no JSON", "{"},
        {"a list", "[]"},
        {"a number", "7"},
        {"an empty object", "{}"},
        {"no policy", without(R"("policy":"annotation-sync")", R"("policy":"")")},
        {"a policy that is no text", without(R"("policy":"annotation-sync")", R"("policy":5)")},
        {"a hash too short", without("000102", "0001")},
        {"a hash that is no hex", without("000102", "00010g")},
        {"no state", without(R"("state":"made")", R"("state":"")")},
        {"another state", without(R"("state":"made")", R"("state":"found")")},
        {"a place that is a text", without(R"("place":{)", R"("place":"there","was":{)")},
        {"a place without a name", without(R"("name":"shared","namespace":"apps")", R"("namespace":"apps")")},
    };
    for (const auto& [what, text] : rows) {
        INFO(what);
        CHECK_FALSE(Claim::parse(text).has_value());
    }
}

TEST_CASE("a bond names the same unit whatever the uids, and another one for each other part") {
    const auto base = full().bond;
    auto other_uids = base;
    other_uids.owner_uid = "x";
    other_uids.source_uid = "y";
    CHECK(other_uids.key() == base.key());

    std::vector<Bond> others(8, base);
    others[0].policy = "other";
    others[1].owner.kind.kind = "Other";
    others[2].owner.namespace_name = "other";
    others[3].owner.name = "other";
    others[4].source.kind.api_version = "other/v1";
    others[5].source.namespace_name = "other";
    others[6].source.name = "other";
    others[7].group = "other";
    for (const auto& other : others) CHECK(other.key() != base.key());

    // A namespace that is missing is not the next part.
    auto left = base;
    left.source.namespace_name = "ab";
    left.source.name = "c";
    auto right = base;
    right.source.namespace_name = "a";
    right.source.name = "bc";
    CHECK(left.key() != right.key());
}

TEST_CASE("the owner label is the owner's uid, else the source's, else a hash of policy and group") {
    CHECK(full().bond.owner_label() == owner_uid);
    CHECK(plain().bond.owner_label() == source_uid);
    const auto label = grouped().bond.owner_label();
    CHECK(label.size() == 32);
    auto other = grouped().bond;
    other.group = "another";
    CHECK(other.owner_label() != label);
    CHECK(grouped().bond.owner_label() == label);
}

TEST_CASE("uids and hashes keep their text") {
    CHECK(Uid::parse(owner_uid)->text() == owner_uid);
    CHECK(Uid::parse("0A0B0C0D-0E0F-4A4B-8C8D-101112131415")->text() == owner_uid);
    for (const std::string text :
         {"", "0a0b0c0d", "0a0b0c0d0e0f4a4b8c8d101112131415", "0a0b0c0d-0e0f-4a4b-8c8d-10111213141",
          "0a0b0c0d-0e0f-4a4b-8c8d-1011121314155", "0a0b0c0d-0e0f-4a4b-8c8d-10111213141g"}) {
        INFO(text);
        CHECK_FALSE(Uid::parse(text));
    }
    CHECK(Hash::parse("000102030405060708090a0b0c0d0e0f")->hex() == "000102030405060708090a0b0c0d0e0f");
    CHECK_FALSE(Hash::parse("000102030405060708090a0b0c0d0e"));
}
