#include "planned.hpp"
#include "sync/sources.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace moontide;
using namespace moontide::sync;

namespace {

/// A ConfigMap of flux-system with a claim for a place in that namespace; empty: with none.
std::string object_claimed_for(const Board& board, const std::string& namespace_name) {
    nlohmann::json object = {{"apiVersion", "v1"},
                             {"kind", "ConfigMap"},
                             {"metadata",
                              {{"name", "a"},
                               {"namespace", "flux-system"},
                               {"uid", "00000000-0000-4000-8000-000000000001"},
                               {"resourceVersion", "3"}}}};
    if (!namespace_name.empty()) {
        plan::Claim claim;
        claim.instance = "somebody";
        claim.bond.policy = "other";
        claim.bond.source = {config_maps.kind, "far", "away"};
        claim.place = {board.cluster, namespace_name, "a"};
        object["metadata"]["annotations"] = {{std::string(plan::marks::claim), claim.text()}};
    }
    return object.dump();
}

}  // namespace

TEST_CASE("what is selected is a source, but for the copies of any instance in their place") {
    Planned planned;
    planned.add("p", {}, {"apps"});
    const auto judged = [&](const std::string& claimed_for) {
        const auto text = object_claimed_for(planned.board, claimed_for);
        kube::Reader reader;
        return selects(planned.board, *planned.board.policies.front(), config_maps.kind, reader.metadata(text).value());
    };
    CHECK(judged(""));
    CHECK_FALSE(judged("flux-system"));
    CHECK(judged("elsewhere"));  // a user's clone
}
