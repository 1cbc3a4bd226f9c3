// Each invariant breaks on a history that breaks it, and on no other.
#include "forged.hpp"

#include <catch2/catch.hpp>

namespace moontide::proof {

TEST_CASE("an ordinary history breaks no invariant") {
    Forged forged;
    forged.note("run started");
    forged.put("configmaps", Forged::source({{"k", "1"}}), 0);
    forged.engine_creates(Forged::copy({{"k", "1"}}));
    forged.note("settled");
    forged.put("configmaps", Forged::source({{"k", "2"}}), 0);
    forged.engine_replaces(Forged::copy({{"k", "2"}}));
    forged.note("settled");
    forged.space("red", false);
    forged.engine_deletes(Forged::copy({{"k", "2"}}));
    forged.note("settled");
    CHECK(forged.broken().empty());
}

TEST_CASE("ownership breaks where a foreign object is changed or deleted, or a create lands on one") {
    Forged forged;
    forged.put("configmaps", Forged::source({{"k", "1"}}), 0);
    const auto foreign = Forged::object("red", "a", {{"k", "mine"}});
    forged.put("configmaps", foreign, 0);
    SECTION("changed") {
        forged.engine_replaces(Forged::copy({{"k", "1"}}));
        CHECK(forged.broken() == "ownership");
    }
    SECTION("created over") {
        forged.engine_creates(Forged::copy({{"k", "1"}}));
        CHECK(forged.broken() == "ownership");
    }
    SECTION("deleted") {
        forged.put("configmaps", Forged::object("src", "a", {}), 0);
        forged.engine_deletes(foreign);
        CHECK(forged.broken() == "ownership");
    }
    SECTION("a claim for another place is a clone's") {
        auto clone = Forged::copy({{"k", "1"}}, "blue");
        clone["metadata"]["namespace"] = "red";
        forged.put("configmaps", clone, 0);
        forged.engine_replaces(Forged::copy({{"k", "1"}}));
        CHECK(forged.broken() == "ownership");
    }
    SECTION("what carries the policy's marks may be taken") {
        auto marked = foreign;
        marked["metadata"]["annotations"]["flux-extension.nrfcloud.com/sync-source"] = "src/a";
        forged.put("configmaps", marked, 0);
        forged.engine_replaces(Forged::copy({{"k", "1"}}));
        CHECK(forged.broken().empty());
    }
}

TEST_CASE("ownership breaks where what was taken over is deleted") {
    Forged forged;
    forged.put("configmaps", Forged::copy({{"k", "1"}}, "red", "taken"), 0);
    forged.engine_deletes(Forged::copy({{"k", "1"}}));
    CHECK(forged.broken() == "ownership");
}

TEST_CASE("a part changes nothing of what is somebody else's, and goes whole") {
    Forged forged;
    forged.terms.existing = Existing::merge;
    forged.put("configmaps", Forged::source({{"k", "1"}}), 0);
    const auto foreign = Forged::object("red", "a", {{"mine", "yes"}});
    forged.put("configmaps", foreign, 0);
    auto joined = foreign;
    joined["data"]["k"] = "1";
    joined["metadata"]["labels"]["moontide.dev/part"] = "m";
    joined["metadata"]["annotations"]["part.moontide.dev/0123"] =
        R"({"instance":"m","place":{"namespace":"red","name":"a"}})";
    SECTION("joined and taken out") {
        forged.engine_replaces(joined);
        forged.note("settled");
        forged.space("red", false);
        forged.engine_replaces(foreign);
        forged.note("settled");
        CHECK(forged.broken().empty());
    }
    SECTION("somebody's own key has the name of one that nobody asks for any more") {
        forged.put("configmaps", Forged::object("red", "a", {{"k", "mine"}}), 0);
        forged.put("configmaps", Forged::source({{"l", "2"}}), 0);
        auto beside = joined;
        beside["data"] = {{"k", "mine"}, {"l", "2"}};
        forged.engine_replaces(beside);
        forged.note("settled");
        CHECK(forged.broken().empty());
    }
    SECTION("somebody's key is changed") {
        joined["data"]["mine"] = "no";
        forged.engine_replaces(joined);
        CHECK(forged.broken() == "ownership");
    }
    SECTION("not joined") {
        forged.note("settled");
        CHECK(forged.broken() == "settling");
    }
    SECTION("the mark alone goes") {
        forged.engine_replaces(joined);
        forged.space("red", false);
        auto left = foreign;
        left["data"]["k"] = "1";
        forged.engine_replaces(left);
        forged.note("settled");
        CHECK(forged.broken() == "settling");
    }
    SECTION("the part stays") {
        forged.engine_replaces(joined);
        forged.space("red", false);
        forged.note("settled");
        CHECK(forged.broken() == "settling");
    }
}

TEST_CASE("preconditions break where a write names no version or no uid") {
    Forged forged;
    forged.put("configmaps", Forged::source({{"k", "1"}}), 0);
    forged.engine_creates(Forged::copy({{"k", "1"}}));
    forged.put("configmaps", Forged::source({{"k", "2"}}), 0);
    auto body = Forged::copy({{"k", "2"}});
    SECTION("no version") {
        forged.put("configmaps", body, forged.ask("update", body));
    }
    SECTION("no uid") {
        body["metadata"]["resourceVersion"] = "3";
        body["metadata"].erase("uid");
        forged.put("configmaps", body, forged.ask("update", body));
    }
    SECTION("a delete without") {
        forged.space("red", false);
        forged.remove("configmaps", body, forged.ask("delete", Json::object()));
    }
    SECTION("a patch without") {
        forged.put("configmaps", body, forged.ask("patch", Json::array({{{"op", "add"}, {"path", "/data"}}})));
    }
    CHECK(forged.broken() == "preconditions");
}

TEST_CASE("scope breaks where a copy is written that nothing asks for") {
    Forged forged;
    SECTION("the namespace never asked") {
        forged.space("blue", false);
        forged.put("configmaps", Forged::source({{"k", "1"}}), 0);
        forged.engine_creates(Forged::copy({{"k", "1"}}, "blue"));
        // No source was ever meant for it.
        CHECK(forged.broken() == "scope content");
    }
    SECTION("it stopped asking long ago") {
        forged.put("configmaps", Forged::source({{"k", "1"}}), 0);
        forged.space("red", false);
        forged.pass(forged.terms.grace + Milliseconds(1));
        forged.engine_creates(Forged::copy({{"k", "1"}}));
        CHECK(forged.broken() == "scope");
    }
    SECTION("it stopped asking a moment ago") {
        forged.put("configmaps", Forged::source({{"k", "1"}}), 0);
        forged.space("red", false);
        forged.engine_creates(Forged::copy({{"k", "1"}}));
        CHECK(forged.broken().empty());
    }
    SECTION("its source went a moment before the namespace asked: watches keep no order among each other") {
        forged.space("red", false);
        forged.put("configmaps", Forged::source({{"k", "1"}}), 0);
        forged.remove("configmaps", Forged::source({{"k", "1"}}), 0);
        forged.space("red", true);
        SECTION("a moment") {
            forged.engine_creates(Forged::copy({{"k", "1"}}));
            CHECK(forged.broken().empty());
        }
        SECTION("long ago") {
            forged.pass(forged.terms.grace + Milliseconds(1));
            forged.engine_creates(Forged::copy({{"k", "1"}}));
            CHECK(forged.broken() == "scope");
        }
    }
    SECTION("another kind") {
        forged.answer(forged.ask("create", Json::object(), 1, "pods"), 201);
        CHECK(forged.broken() == "scope");
    }
}

TEST_CASE("absence breaks where a copy is deleted that was asked for all the time") {
    Forged forged;
    forged.put("configmaps", Forged::source({{"k", "1"}}), 0);
    forged.engine_creates(Forged::copy({{"k", "1"}}));
    forged.pass(forged.terms.grace * 2);
    SECTION("for no reason") {
        forged.engine_deletes(Forged::copy({{"k", "1"}}));
        CHECK(forged.broken() == "absence");
    }
    SECTION("for no reason, soon after it was made") {
        forged.terms.grace *= 10;
        forged.engine_deletes(Forged::copy({{"k", "1"}}));
        CHECK(forged.broken() == "absence");
    }
    SECTION("its source was away for a moment") {
        forged.remove("configmaps", Forged::source({{"k", "1"}}), 0);
        forged.put("configmaps", Forged::source({{"k", "1"}}), 0);
        forged.engine_deletes(Forged::copy({{"k", "1"}}));
        CHECK(forged.broken().empty());
    }
    SECTION("its source was away for a moment, and the copy was made anew since") {
        forged.remove("configmaps", Forged::source({{"k", "1"}}), 0);
        forged.put("configmaps", Forged::source({{"k", "1"}}), 0);
        forged.remove("configmaps", Forged::copy({{"k", "1"}}), 0);
        forged.engine_creates(Forged::copy({{"k", "1"}}));
        forged.engine_deletes(Forged::copy({{"k", "1"}}));
        CHECK(forged.broken().empty());
    }
    SECTION("its source came a moment ago, and what stood there before it could be seen without") {
        forged.remove("configmaps", Forged::copy({{"k", "1"}}), 0);
        forged.remove("configmaps", Forged::source({{"k", "1"}}), 0);
        forged.pass(forged.terms.grace * 2);
        forged.put("configmaps", Forged::copy({{"k", "0"}}), 0);
        forged.put("configmaps", Forged::source({{"k", "1"}}), 0);
        SECTION("a moment ago") {
            forged.engine_deletes(Forged::copy({{"k", "0"}}));
            CHECK(forged.broken().empty());
        }
        SECTION("long ago") {
            forged.pass(forged.terms.grace * 2);
            forged.engine_deletes(Forged::copy({{"k", "0"}}));
            CHECK(forged.broken() == "absence");
        }
    }
    SECTION("its namespace was seen before its source had lost its mark for a moment") {
        forged.space("red", false);
        forged.pass(forged.terms.grace * 2);
        forged.put("configmaps", Forged::source({{"k", "1"}}), 0);
        forged.remove("configmaps", Forged::source({{"k", "1"}}), 0);
        forged.space("red", true);
        forged.put("configmaps", Forged::source({{"k", "1"}}), 0);
        SECTION("a moment ago") {
            forged.engine_deletes(Forged::copy({{"k", "1"}}));
            CHECK(forged.broken().empty());
        }
        SECTION("long ago") {
            forged.pass(forged.terms.grace * 2);
            forged.engine_deletes(Forged::copy({{"k", "1"}}));
            CHECK(forged.broken() == "absence");
        }
    }
    SECTION("an immutable one is made anew") {
        auto fixed = Forged::copy({{"k", "0"}});
        fixed["immutable"] = true;
        forged.put("configmaps", fixed, 0);
        forged.engine_deletes(fixed);
        CHECK(forged.broken().empty());
    }
}

TEST_CASE("content breaks where a copy is what no version asks for, or goes back") {
    Forged forged;
    forged.put("configmaps", Forged::source({{"k", "1"}}), 0);
    forged.put("configmaps", Forged::source({{"k", "2"}}), 0);
    SECTION("invented") {
        forged.engine_creates(Forged::copy({{"k", "3"}}));
        CHECK(forged.broken() == "content");
    }
    SECTION("back") {
        forged.engine_creates(Forged::copy({{"k", "2"}}));
        forged.engine_replaces(Forged::copy({{"k", "1"}}));
        CHECK(forged.broken() == "content");
    }
    SECTION("late, and then on") {
        forged.engine_creates(Forged::copy({{"k", "1"}}));
        forged.engine_replaces(Forged::copy({{"k", "2"}}));
        CHECK(forged.broken().empty());
    }
    SECTION("the source itself went back") {
        forged.engine_creates(Forged::copy({{"k", "2"}}));
        forged.put("configmaps", Forged::source({{"k", "1"}}), 0);
        forged.engine_replaces(Forged::copy({{"k", "1"}}));
        CHECK(forged.broken().empty());
    }
}

TEST_CASE("one writer breaks where an earlier run changes what a later one has changed") {
    Forged forged;
    forged.note("run started");
    forged.put("configmaps", Forged::source({{"k", "1"}}), 0);
    forged.engine_creates(Forged::copy({{"k", "1"}}), 1);
    forged.note("run started");
    forged.put("configmaps", Forged::source({{"k", "2"}}), 0);
    forged.engine_replaces(Forged::copy({{"k", "2"}}), 2);
    CHECK(forged.broken().empty());
    forged.put("configmaps", Forged::copy({{"k", "edited"}}), 0);
    forged.engine_replaces(Forged::copy({{"k", "2"}}), 1);
    CHECK(forged.broken() == "one-writer");
}

TEST_CASE("economy breaks where a write changes nothing, comes at rest, or is one too many") {
    Forged forged;
    forged.put("configmaps", Forged::source({{"k", "1"}}), 0);
    forged.engine_creates(Forged::copy({{"k", "1"}}));
    SECTION("changes nothing") {
        auto body = Forged::copy({{"k", "1"}});
        body["metadata"]["resourceVersion"] = "4";
        forged.answer(forged.ask("update", body), 200);
        CHECK(forged.broken() == "economy");
    }
    SECTION("at rest") {
        forged.note("settled");
        forged.note("run started");
        forged.answer(forged.ask("create", Forged::copy({{"k", "1"}})), 409);
        CHECK(forged.broken() == "economy");
    }
    SECTION("one too many") {
        forged.terms.most_writes = 0;
        CHECK(forged.broken() == "economy");
    }
}

TEST_CASE("settling breaks where at rest a copy is missing, wrong or left over") {
    Forged forged;
    forged.put("configmaps", Forged::source({{"k", "1"}}), 0);
    SECTION("missing") {
        forged.note("settled");
        CHECK(forged.broken() == "settling");
    }
    SECTION("wrong") {
        forged.put("configmaps", Forged::copy({{"k", "edited"}}), 0);
        forged.note("settled");
        CHECK(forged.broken() == "settling");
    }
    SECTION("left over") {
        forged.put("configmaps", Forged::copy({{"k", "1"}}), 0);
        forged.space("red", false);
        forged.note("settled");
        CHECK(forged.broken() == "settling");
    }
    SECTION("somebody else's is left") {
        forged.put("configmaps", Forged::object("red", "a", {{"k", "mine"}}), 0);
        forged.note("settled");
        CHECK(forged.broken().empty());
    }
}

TEST_CASE("secrecy breaks where a Secret's value is said") {
    Forged forged;
    Json secret = {{"kind", "Secret"},
                   {"metadata", {{"namespace", "src"}, {"name", "s"}, {"uid", "s"}}},
                   {"data", {{"password", "Y29ycmVjdCBob3JzZQ=="}}}};
    forged.put("secrets", secret, 0);
    SECTION("in a log, decoded") {
        forged.note("said", {{"where", "the log"}, {"text", "the password is correct horse"}});
        CHECK(forged.broken() == "secrecy");
    }
    SECTION("in an Event, as it stands") {
        forged.answer(forged.ask("create", {{"message", "Y29ycmVjdCBob3JzZQ=="}}, 1, "events"), 201);
        CHECK(forged.broken() == "secrecy");
    }
    SECTION("in a metric's label") {
        forged.note("said", {{"where", "/metrics"}, {"text", "moontide_copies{policy=\"correct horse\"} 1"}});
        CHECK(forged.broken() == "secrecy");
    }
    SECTION("its key may be said") {
        forged.note("said", {{"where", "the log"}, {"text", "key password is too long"}});
        CHECK(forged.broken().empty());
    }
}

TEST_CASE("a report names the promise, the lines that prove it and the command that does it again") {
    Forged forged;
    forged.put("configmaps", Forged::source({{"k", "1"}}), 0);
    forged.note("settled");
    const auto report = check(forged.history, forged.terms, "test_proof \"this one\"");
    CHECK(report.find("broken: settling") != std::string::npos);
    CHECK(report.find("red/a is not there, and a source asks for it") != std::string::npos);
    CHECK(report.find(R"("note":"settled")") != std::string::npos);
    CHECK(report.find("again with: test_proof \"this one\"") != std::string::npos);
}

}  // namespace moontide::proof
