#include "status/recall.hpp"

#include <catch2/catch.hpp>

using namespace moontide;
using Json = nlohmann::json;

namespace {

const std::string now = "2026-05-05T05:05:05Z";

policy::Report report() {
    policy::Report made;
    made.wanted = 3;
    made.sources = {{"infra", "a", {"apps"}, std::nullopt}, {"infra", "b", {"apps", "web"}, std::nullopt}};
    return made;
}

/// What a policy such as config-mirror makes of it.
Json fields(const policy::Report& made) {
    Json all{{"lastSyncTime", made.changed.value_or("")}};
    for (const auto& source : made.sources) {
        all["replicated"].push_back(
            {{"name", source.name}, {"targets", source.synced}, {"time", source.changed.value_or("")}});
    }
    if (made.store) all["database"] = {{"connected", made.store->connected}};
    if (made.store && made.store->last_sync_time) all["database"]["time"] = *made.store->last_sync_time;
    return all;
}

}  // namespace

TEST_CASE("after a restart the times stand where the policy had put them") {
    auto before = report();
    before.changed = "2026-01-01T00:00:02Z";
    before.sources[0].changed = "2026-01-01T00:00:01Z";
    before.sources[1].changed = "2026-01-01T00:00:02Z";
    const auto previous = fields(before);

    auto after = report();
    REQUIRE(status::has_forgotten(after));
    status::recall(after, fields(status::with_marks(after)), previous, now);
    CHECK(after == before);
    CHECK(fields(after) == previous);
    CHECK_FALSE(status::has_forgotten(after));
}

TEST_CASE("a time is found by the other fields of its element, wherever that stands now") {
    const auto previous = Json::parse(R"({"lastSyncTime": "2026-01-01T00:00:09Z", "replicated": [
        {"name": "z", "targets": [], "time": "2026-01-01T00:00:07Z"},
        {"name": "b", "targets": ["elsewhere"], "time": "2026-01-01T00:00:08Z"}]})");
    auto made = report();
    status::recall(made, fields(status::with_marks(made)), previous, now);
    CHECK(made.changed == "2026-01-01T00:00:09Z");
    CHECK(made.sources[0].changed == now);  // told for the first time
    CHECK(made.sources[1].changed == "2026-01-01T00:00:08Z");
}

TEST_CASE("when a row was written last is known from the status, or not at all") {
    auto made = report();
    made.changed = made.sources[0].changed = made.sources[1].changed = "2026-03-03T00:00:00Z";
    made.store = policy::Report::Store{.connected = true, .last_sync_time = "2026-02-02T00:00:00Z"};
    const auto previous = fields(made);
    CHECK_FALSE(status::has_forgotten(made));
    made.store = policy::Report::Store{.connected = false};
    REQUIRE(status::has_forgotten(made));
    status::recall(made, fields(status::with_marks(made)), previous, now);
    CHECK(made.store->last_sync_time == "2026-02-02T00:00:00Z");

    policy::Report nothing;
    nothing.store = policy::Report::Store{};
    status::recall(nothing, fields(status::with_marks(nothing)), fields(nothing), now);
    CHECK(nothing.store->last_sync_time == std::nullopt);
    CHECK(nothing.changed == std::nullopt);
}

TEST_CASE("what is known stays, and what was never written has no time") {
    auto made = report();
    made.changed = made.sources[0].changed = "2026-03-03T00:00:00Z";
    made.sources[1].synced.clear();
    CHECK_FALSE(status::has_forgotten(made));
    CHECK(status::with_marks(made) == made);
    policy::Report nothing;
    CHECK_FALSE(status::has_forgotten(nothing));
}

TEST_CASE("a status that is no status of ours recalls nothing") {
    for (const char* previous :
         {"null", "{}", "[]", R"({"lastSyncTime": 5, "replicated": "x"})",
          R"({"lastSyncTime": "yesterday", "replicated": [{"time": "2026-01-01T00:00:07Z"}]})"}) {
        INFO(previous);
        auto made = report();
        status::recall(made, fields(status::with_marks(made)), Json::parse(previous), now);
        CHECK(made.changed == now);
        CHECK(made.sources[1].changed == now);
    }
}
