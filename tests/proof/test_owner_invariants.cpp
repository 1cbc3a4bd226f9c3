// The invariants of owners, each broken by a history that breaks it.
#include "forged.hpp"
#include "owned.hpp"

#include <catch2/catch.hpp>

namespace moontide::proof {

namespace {

constexpr const char* FINALIZER = "configmapsyncer.config.example.com/finalizer";
constexpr const char* SYNCERS = "configmapsyncers";

/// configmap-syncer: owners copy "a" of "src" to "red".
class ForgedOwners : public Forged {
public:
    ForgedOwners() {
        terms = owned_terms(Driven::configmap_syncer, "src", "m");
        put("configmaps", Forged::object("src", "a", {{"k", "1"}}), 0);
    }

    static Json owner(const std::string& name = "one", const Json& finalizers = Json::array(), bool deleted = false) {
        Json made = {{"kind", "ConfigMapSyncer"},
                     {"apiVersion", "config.example.com/v1alpha1"},
                     {"metadata", {{"namespace", "src"}, {"name", name}, {"uid", name}, {"finalizers", finalizers}}},
                     {"spec", {{"sourceNamespace", "src"}, {"sourceConfigMap", "a"}, {"targetNamespaces", {"red"}}}}};
        if (deleted) made["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z";
        return made;
    }
    static Json copy(const Json& data, const std::string& name = "one") {
        auto made = Forged::copy(data);
        auto claim = Json::parse(made["metadata"]["annotations"]["moontide.dev/claim"].get<std::string>());
        claim["owner"] = {{"namespace", "src"}, {"name", name}};
        claim["source"] = {{"kind", "ConfigMap"}, {"namespace", "src"}, {"name", "a"}};
        made["metadata"]["annotations"]["moontide.dev/claim"] = claim.dump();
        made["metadata"]["labels"]["moontide.dev/owner"] = name;
        return made;
    }

    void user_has(const Json& made) { put(SYNCERS, made, 0); }
    void engine_patches(const Json& made) {
        const auto id = ask("patch", Json::array(), 1, SYNCERS);
        put(SYNCERS, made, id);
        answer(id, 200);
    }
    /// The last finalizer comes off.
    void engine_lets_go(const Json& made) {
        const auto id = ask("patch", Json::array(), 1, SYNCERS);
        remove(SYNCERS, made, id);
        answer(id, 200);
    }
    void engine_lists(const std::string& uid = "one", int status = 200) {
        Asked asked;
        asked.id = history.next_request();
        asked.client = "moontide";
        asked.verb = "list";
        asked.resource = "configmaps";
        asked.path = "/api/v1/configmaps?limit=500&labelSelector=moontide.dev%2Fowner%3D" + uid;
        history.add(asked);
        answer(asked.id, status);
    }
    /// An owner with its copy.
    void begin() {
        user_has(owner());
        engine_patches(owner("one", {FINALIZER}));
        engine_creates(copy({{"k", "1"}}));
        note("settled");
    }
};

/// The owner merges into somebody's object of that name in "red".
class ForgedParts : public ForgedOwners {
public:
    ForgedParts() { put("configmaps", theirs(), 0); }

    static Json theirs(const std::string& name_space = "red") {
        auto made = object(name_space, "a", {{"mine", "yes"}});
        made["metadata"]["managedFields"] = Json::array({fields("user", "mine")});
        return made;
    }
    static Json fields(const std::string& manager, const std::string& key) {
        return {{"manager", manager}, {"fieldsV1", {{"f:data", {{"f:" + key, Json::object()}}}}}};
    }
    static Json merging(const Json& finalizers = Json::array(), bool deleted = false) {
        auto made = owner("one", finalizers, deleted);
        made["spec"]["conflictPolicy"] = "Merge";
        return made;
    }
    /// With that key and value beside what was there.
    static Json joined(const std::string& key, const std::string& value, const std::string& name_space = "red") {
        const Json claim = {{"instance", "m"},
                            {"state", "joined"},
                            {"place", {{"cluster", "c"}, {"namespace", name_space}, {"name", "a"}}},
                            {"owner", {{"namespace", "src"}, {"name", "one"}, {"uid", "one"}}},
                            {"source", {{"kind", "ConfigMap"}, {"namespace", "src"}, {"name", "a"}}}};
        auto made = theirs(name_space);
        made["data"][key] = value;
        made["metadata"]["managedFields"].push_back(fields("moontide/01", key));
        made["metadata"]["labels"] = {{"moontide.dev/part", "m"}, {"synced-by", "one"}, {"synced-from", "src"}};
        made["metadata"]["annotations"]["part.moontide.dev/01"] = claim.dump();
        return made;
    }

    /// An owner with its part.
    void begin() {
        user_has(merging());
        engine_patches(merging({FINALIZER}));
        engine_replaces(joined("k", "1"));
    }
};

using F = ForgedOwners;
using P = ForgedParts;

}  // namespace

TEST_CASE("an ordinary history of an owner breaks no invariant") {
    F forged;
    forged.begin();
    forged.user_has(F::owner("one", {FINALIZER}, true));
    forged.engine_deletes(F::copy({{"k", "1"}}));
    forged.engine_lists();
    forged.engine_lets_go(F::owner("one", {FINALIZER}, true));
    forged.note("settled");
    CHECK(forged.broken().empty());
}

TEST_CASE("the finalizer's rule breaks where a copy is made before it is on") {
    F forged;
    forged.user_has(F::owner());
    forged.engine_creates(F::copy({{"k", "1"}}));
    CHECK(forged.broken() == "finalizer");
}

TEST_CASE("the finalizer's rule breaks where a copy is given to an owner that does not carry it") {
    F forged;
    forged.begin();
    forged.user_has(F::owner("two"));
    forged.user_has(F::owner("one", {FINALIZER}, true));
    forged.engine_replaces(F::copy({{"k", "1"}}, "two"));
    CHECK(forged.broken() == "finalizer");
}

TEST_CASE("the finalizer's rule breaks where it comes off too early") {
    F forged;
    forged.begin();
    SECTION("of an owner that is not deleted") {
        forged.engine_lists();
        forged.engine_patches(F::owner());
    }
    SECTION("without a list") {
        forged.user_has(F::owner("one", {FINALIZER}, true));
        forged.engine_deletes(F::copy({{"k", "1"}}));
        forged.engine_lets_go(F::owner("one", {FINALIZER}, true));
    }
    SECTION("after a list that was refused") {
        forged.user_has(F::owner("one", {FINALIZER}, true));
        forged.engine_deletes(F::copy({{"k", "1"}}));
        forged.engine_lists("one", 403);
        forged.engine_lets_go(F::owner("one", {FINALIZER}, true));
    }
    SECTION("after a list of another's copies") {
        forged.user_has(F::owner("one", {FINALIZER}, true));
        forged.engine_deletes(F::copy({{"k", "1"}}));
        forged.engine_lists("two");
        forged.engine_lets_go(F::owner("one", {FINALIZER}, true));
    }
    SECTION("after a list that showed a copy") {
        forged.user_has(F::owner("one", {FINALIZER}, true));
        forged.engine_lists();
        forged.engine_deletes(F::copy({{"k", "1"}}));
        forged.engine_lets_go(F::owner("one", {FINALIZER}, true));
    }
    SECTION("while a copy is there") {
        forged.user_has(F::owner("one", {FINALIZER}, true));
        forged.engine_lists();
        forged.engine_lets_go(F::owner("one", {FINALIZER}, true));
    }
    CHECK(forged.broken() == "finalizer");
}

TEST_CASE("a create that was on its way before the list and came true after it breaks nothing") {
    F forged;
    forged.user_has(F::owner());
    forged.engine_patches(F::owner("one", {FINALIZER}));
    const auto late = forged.ask("create", F::copy({{"k", "1"}}));
    forged.user_has(F::owner("one", {FINALIZER}, true));
    forged.engine_lists();
    forged.put("configmaps", F::copy({{"k", "1"}}), late);
    forged.engine_lets_go(F::owner("one", {FINALIZER}, true));
    CHECK(forged.broken().empty());
}

TEST_CASE("the finalizer's rule breaks where more of an owner is changed") {
    F forged;
    forged.user_has(F::owner("one", {"example.com/hold"}));
    auto changed = F::owner("one", {"example.com/hold", FINALIZER});
    SECTION("nothing more") {
        forged.engine_patches(changed);
        CHECK(forged.broken().empty());
        return;
    }
    SECTION("somebody else's finalizer") {
        forged.engine_patches(F::owner("one", {FINALIZER}));
    }
    SECTION("its spec") {
        changed["spec"]["keys"] = {"k"};
        forged.engine_patches(changed);
    }
    SECTION("it is deleted") {
        forged.remove(SYNCERS, F::owner(), forged.ask("patch", Json::array(), 1, SYNCERS));
    }
    CHECK(forged.broken() == "finalizer");
}

TEST_CASE("scope breaks where an owner is replaced whole") {
    F forged;
    forged.user_has(F::owner());
    forged.answer(forged.ask("update", F::owner(), 1, SYNCERS), 409);
    CHECK(forged.broken() == "scope");
}

TEST_CASE("economy breaks where a status is written that changes nothing") {
    F forged;
    forged.user_has(F::owner());
    const auto id = forged.ask("patch", Json::array(), 1, "configmapsyncers/status");
    SECTION("for nothing") {
        forged.answer(id, 200);
        CHECK(forged.broken() == "economy");
    }
    SECTION("again, since an answer was lost") {
        forged.history.add(Answered{id, 200, false, "drop-after", {}});
        forged.answer(forged.ask("patch", Json::array(), 1, "configmapsyncers/status"), 200);
        CHECK(forged.broken().empty());
    }
}

TEST_CASE("settling breaks where an owner without copies is not let go") {
    F forged;
    forged.user_has(F::owner("one", {FINALIZER}, true));
    forged.note("settled");
    CHECK(forged.broken() == "settling");
}

TEST_CASE("of two owners the one that holds a copy keeps it, and the other takes over without a gap") {
    F forged;
    forged.begin();
    forged.user_has(F::owner("two"));
    forged.engine_patches(F::owner("two", {FINALIZER}));
    forged.note("settled");
    forged.pass(forged.terms.grace * 2);
    SECTION("taken from who asks for it") {
        forged.engine_replaces(F::copy({{"k", "1"}}, "two"));
        CHECK(forged.broken() == "ownership economy");
    }
    SECTION("taken over when it is let go") {
        forged.user_has(F::owner("one", {FINALIZER}, true));
        forged.engine_replaces(F::copy({{"k", "1"}}, "two"));
        CHECK(forged.broken().empty());
    }
    SECTION("deleted when it is let go") {
        forged.user_has(F::owner("one", {FINALIZER}, true));
        forged.engine_deletes(F::copy({{"k", "1"}}));
        CHECK(forged.broken() == "absence");
    }
    SECTION("left with who does not ask") {
        forged.user_has(F::owner("one", {FINALIZER}, true));
        forged.note("settled");
        CHECK(forged.broken() == "settling");
    }
}

TEST_CASE("a copy may go while its owner goes, though another began to ask for it in the same millisecond") {
    F forged;
    forged.begin();
    forged.pass(Milliseconds(1));
    forged.note("settled");
    forged.user_has(F::owner("one", {FINALIZER}, true));
    forged.user_has(F::owner("two"));
    forged.engine_deletes(F::copy({{"k", "1"}}));
    CHECK(forged.broken().empty());
}

TEST_CASE("what a source that is gone left stays as long as its owner asks, where the policy keeps orphans") {
    F forged;
    forged.begin();
    forged.pass(forged.terms.grace * 2);
    forged.remove("configmaps", Forged::object("src", "a", {{"k", "1"}}), 0);
    SECTION("kept") {
        forged.note("settled");
        CHECK(forged.broken().empty());
    }
    SECTION("deleted") {
        forged.engine_deletes(F::copy({{"k", "1"}}));
        CHECK(forged.broken() == "absence");
    }
}

TEST_CASE("content breaks where a copy is what an older version of its owner asked for") {
    F forged;
    forged.put("configmaps", Forged::object("src", "a", {{"k", "1"}, {"l", "1"}}), 0);
    forged.user_has(F::owner());
    forged.engine_patches(F::owner("one", {FINALIZER}));
    forged.engine_creates(F::copy({{"k", "1"}, {"l", "1"}}));
    auto fewer = F::owner("one", {FINALIZER});
    fewer["spec"]["keys"] = {"k"};
    forged.user_has(fewer);
    forged.engine_replaces(F::copy({{"k", "1"}}));
    CHECK(forged.broken().empty());
    forged.engine_replaces(F::copy({{"k", "1"}, {"l", "1"}}));
    CHECK(forged.broken() == "content");
}

TEST_CASE("settling breaks where a copy does not belong to its pod") {
    Forged forged;
    forged.terms = owned_terms(Driven::pod_configmap, "src", "m");
    auto pod = pod_object("src", "p", Json::object());
    pod["metadata"]["uid"] = "pod";
    forged.put("pods", pod, 0);
    const Json config = {{"kind", "PodConfigMapConfig"},
                         {"apiVersion", "podconfig.example.com/v1alpha1"},
                         {"metadata", {{"namespace", "src"}, {"name", "c"}, {"uid", "c"}}},
                         {"spec", Json::object()}};
    forged.put("podconfigmapconfigs", config, 0);
    const std::string name = "pod-p-from-c-cfg";
    auto copy = Forged::object("src", name, {{"podName", "p"}, {"namespace", "src"}, {"nodeName", ""}, {"phase", ""}});
    const Json claim = {{"instance", "m"},
                        {"state", "made"},
                        {"owner", {{"namespace", "src"}, {"name", "c"}}},
                        {"source", {{"kind", "Pod"}, {"namespace", "src"}, {"name", "p"}}},
                        {"place", {{"cluster", "c"}, {"namespace", "src"}, {"name", name}}}};
    copy["metadata"]["annotations"]["moontide.dev/claim"] = claim.dump();
    copy["metadata"]["ownerReferences"] = Json::array({{{"kind", "Pod"}, {"uid", "pod"}, {"controller", true}}});
    SECTION("it does") {
        forged.engine_creates(copy);
        forged.note("settled");
        CHECK(forged.broken().empty());
    }
    SECTION("to another") {
        copy["metadata"]["ownerReferences"][0]["uid"] = "another";
        forged.engine_creates(copy);
        forged.note("settled");
        CHECK(forged.broken() == "settling");
    }
    SECTION("to nobody") {
        copy["metadata"].erase("ownerReferences");
        forged.engine_creates(copy);
        forged.note("settled");
        CHECK(forged.broken() == "settling");
    }
}

TEST_CASE("a part is an owner's as a copy is") {
    P forged;
    SECTION("joined, followed and taken out") {
        forged.begin();
        forged.note("settled");
        forged.put("configmaps", Forged::object("src", "a", {{"k", "2"}}), 0);
        forged.engine_replaces(P::joined("k", "2"));
        forged.note("settled");
        forged.user_has(P::merging({FINALIZER}, true));
        forged.engine_replaces(P::theirs());
        forged.engine_lists();
        forged.engine_lets_go(P::merging({FINALIZER}, true));
        forged.note("settled");
        CHECK(forged.broken().empty());
    }
    SECTION("joined before the finalizer is on") {
        forged.user_has(P::merging());
        forged.engine_replaces(P::joined("k", "1"));
        CHECK(forged.broken() == "finalizer");
    }
    SECTION("the finalizer comes off before the part does") {
        forged.begin();
        forged.user_has(P::merging({FINALIZER}, true));
        forged.engine_lists();
        forged.engine_lets_go(P::merging({FINALIZER}, true));
        CHECK(forged.broken() == "finalizer");
    }
    SECTION("joined where nobody asks for it") {
        forged.begin();
        forged.space("blue", false);
        forged.put("configmaps", P::theirs("blue"), 0);
        forged.engine_replaces(P::joined("k", "1", "blue"));
        CHECK(forged.broken() == "ownership scope");
    }
    SECTION("joined for one that does not merge") {
        forged.user_has(F::owner("one", {FINALIZER}));
        forged.engine_replaces(P::joined("k", "1"));
        CHECK(forged.broken() == "ownership");
    }
    SECTION("what it brought is taken for the marks of a copy") {
        forged.begin();
        forged.user_has(F::owner("one", {FINALIZER}));
        auto taken = F::copy({{"k", "1"}});
        taken["metadata"]["labels"]["synced-by"] = "one";
        forged.engine_replaces(taken);
        CHECK(forged.broken() == "ownership");
    }
    SECTION("it stays although its owner merges no more") {
        forged.begin();
        forged.user_has(F::owner("one", {FINALIZER}));
        forged.note("settled");
        CHECK(forged.broken() == "settling");
    }
    SECTION("a key stays that nobody asks for any more") {
        forged.begin();
        forged.put("configmaps", Forged::object("src", "a", {{"l", "2"}}), 0);
        auto both = P::joined("l", "2");
        both["data"]["k"] = "1";
        both["metadata"]["managedFields"].push_back(P::fields("moontide/01", "k"));
        forged.engine_replaces(both);
        forged.note("settled");
        CHECK(forged.broken() == "settling");
    }
    SECTION("another's key is not changed, and is waited for") {
        forged.put("configmaps", Forged::object("src", "a", {{"mine", "no"}}), 0);
        forged.user_has(P::merging({FINALIZER}));
        forged.note("settled");
        CHECK(forged.broken().empty());
        auto forced = P::joined("k", "1");
        forced["data"] = {{"mine", "no"}};
        forged.engine_replaces(forced);
        CHECK(forged.broken() == "ownership economy");
    }
}

}  // namespace moontide::proof
