// What load() accepts and what it says of mistakes.
#include "bindings/load.hpp"

#include <string>

#include <catch2/catch.hpp>

using namespace moontide;
using namespace moontide::bindings;

namespace {

Result<policy::PolicyPtr> load_text(const std::string& text, const std::string& settings = "") {
    return load({"copy", "policies/copy/policy.lua", text, settings, {}, false});
}

std::string error_of(const std::string& text, const std::string& settings = "") {
    const auto loaded = load_text(text, settings);
    return loaded ? "no error" : loaded.error().message;
}

/// A policy that is whole, with `more` slots.
std::string with(const std::string& more) {
    return "return {\n  api = \"moontide/v1\",\n  from = { kind = \"ConfigMap\" },\n  into = { namespace = \"*\" },\n "
           " " +
           more + "\n}\n";
}

}  // namespace

TEST_CASE("mistakes are named with file, line, slot and a suggestion") {
    const struct {
        std::string text;
        const char* message;  ///< its beginning
    } cases[] = {
        {with("keys = { keep = 'a' },\n  kees = {},"),
         "policies/copy/policy.lua:6: unknown slot 'kees', did you mean 'keys'?"},
        {"return 1", "policies/copy/policy.lua:1: a policy returns a table of slots, not a number"},
        {"\n\nreturn { from = {} }", "policies/copy/policy.lua:3: the slot 'api' is required"},
        {"return {\n api = 'moontide/v2' }", "policies/copy/policy.lua:2: api 'moontide/v2' is not known"},
        {"return {\n api = 'moontide/v1',\n from = { kind = 'ConfigMap' } }",
         "policies/copy/policy.lua:1: the slot 'into' is required"},
        {"return { api = 'moontide/v1', from = { kind = 'ConfigMap' },\n\n into = {} }",
         "policies/copy/policy.lua:3: 'into' is empty and would select nothing; all namespaces are namespace = \"*\""},
        {with("owner = { kind = 'ConfigMapSyncer' },"),
         "policies/copy/policy.lua:5: 'owner.kind': 'ConfigMapSyncer' is no kind of Kubernetes' own"},
        {with("owner = { apiVersion = 'x.y/v1', kind = 'Z', finalizer = 'mine' },"),
         "policies/copy/policy.lua:5: 'mine' is no finalizer's name"},
        {with("owner = { { apiVersion = 'x.y/v1', kind = 'Z', finalizer = 'x.y/z' }, { kind = 'Pod' } },"),
         "policies/copy/policy.lua:5: all owners of a policy have the same 'finalizer'"},
        {with("owner = { apiVersion = 'x.y/v1', kind = 'Z', name = '{owner.name}' },"),
         "policies/copy/policy.lua:5: '{owner.name}' in 'owner.name': placeholders here begin with settings"},
        {with("owner = { apiVersion = 'x.y/v1', kind = 'Z', name = '{settings.zed}' },"),
         "policies/copy/policy.lua:5: '{settings.zed}' in 'owner.name': there is no setting 'zed'"},
        {with("status = function(on) end,"),
         "policies/copy/policy.lua:5: 'status' needs an 'owner', whose status it is"},
        {with("owner = { apiVersion = 'x.y/v1', kind = 'Z' },\n status = { a = 1 },"),
         "policies/copy/policy.lua:6: 'status' must be a function of this file, not a table"},
        {with("store = {},"), "policies/copy/policy.lua:5: 'store' names the Secret with the way to the database"},
        {with("store = { secret = { name = 'x' } },"), "policies/copy/policy.lua:5: 'store' names the Secret"},
        {with("store = { secret = { nmae = 'x' } },"),
         "policies/copy/policy.lua:5: unknown field 'nmae' in 'store.secret', did you mean 'name'?"},
        {with("store = { secret = { namespace = 'x', name = '{target.name}' } },"),
         "policies/copy/policy.lua:5: '{target.name}' in 'store.secret.name': placeholders here begin with settings"},
        {with("labels = {\n    team = 'x',\n    ['moontide.dev/owner'] = 'me' },"),
         "policies/copy/policy.lua:7: 'moontide.dev/owner' belongs to Moontide, which writes it on every copy to know "
         "its own; choose a key of your own, such as 'example.com/owner'"},
        {with("annotations = { ['moontide.dev/anything'] = '{source.name}' },"),
         "policies/copy/policy.lua:5: 'moontide.dev/anything' belongs to Moontide"},
        {with("labels = { ['app.kubernetes.io/managed-by'] = 'me' },"),
         "policies/copy/policy.lua:5: 'app.kubernetes.io/managed-by' belongs to Moontide"},
        {with("from = { kind = 'ConfigMap', nmae = 'x' },"),
         "policies/copy/policy.lua:3: unknown field 'nmae' in 'from', did you mean 'name'?"},
        {with("keys = { kep = 'x' },"),
         "policies/copy/policy.lua:5: unknown field 'kep' in 'keys', did you mean 'keep'?"},
        {with("carry = { label = '*' },"),
         "policies/copy/policy.lua:5: unknown field 'label' in 'carry', did you mean 'labels'?"},
        {with("from = { kind = 'Widget' },"),
         "policies/copy/policy.lua:3: 'from.kind': 'Widget' is no kind of Kubernetes' own, so its 'apiVersion' is "
         "needed"},
        {with("from = { git = { url = 'x' } },"),
         "policies/copy/policy.lua:3: field 'git' in 'from': git sources are not served"},
        {with("from = { name = 'x' },"), "policies/copy/policy.lua:3: 'from' needs a 'kind'"},
        {with("name = 5,"), "policies/copy/policy.lua:5: 'name' must be text or a function, not a number"},
        {with("consent = 'yes',"), "policies/copy/policy.lua:5: 'consent' must be true or false, not a string"},
        {with("orphans = 'kept',"), "policies/copy/policy.lua:5: 'orphans' is \"kept\"; it is delete or keep"},
        {with("writes = 'all',"), "policies/copy/policy.lua:5: 'writes' is \"all\"; it is whole or fields"},
        {with("belongs = 'me',"), "policies/copy/policy.lua:5: 'belongs' is \"me\"; it is source or owner"},
        {with("existing = 'adapt',"),
         "policies/copy/policy.lua:5: 'existing' is \"adapt\"; it is one of refuse, marked, adopt, overwrite, merge, "
         "join, did you mean 'adopt'?"},
        {with("existing = 'marked',"),
         "policies/copy/policy.lua:5: 'existing' is \"marked\", which needs a label or annotation"},
        {with("expires = 'soon',"), "policies/copy/policy.lua:5: 'expires': 'soon' is neither a time"},
        {with("data = { a = 1 },"), "policies/copy/policy.lua:5: 'data.a' must be text or a function, not a number"},
        {with("labels = { 'a' },"), "policies/copy/policy.lua:5: 'labels' must be a table of names and texts"},
        {with("object = { metadata = {} },"), "policies/copy/policy.lua:5: 'object' is what is beside metadata"},
        {with("name = '{sorce.name}',"), "policies/copy/policy.lua:5: 'name': "},
        {with("name = '{target.nmae}',"),
         "policies/copy/policy.lua:5: '{target.nmae}' in 'name': a target has no 'nmae', did you mean 'name'?"},
        {with("name = '{settings.prefix}',"),
         "policies/copy/policy.lua:5: '{settings.prefix}' in 'name': there is no setting 'prefix'"},
        {with("into = { name = '{target.name}', namespace = '*' },"),
         "policies/copy/policy.lua:4: '{target.name}' in 'into.name': placeholders here begin with settings, owner, "
         "source"},
        {with("from = { kind = 'ConfigMap', name = '{source.name}' },"),
         "policies/copy/policy.lua:3: '{source.name}' in 'from.name': placeholders here begin with settings"},
        {with("group = '{source.name}',"), "policies/copy/policy.lua:5: with 'group' the slot 'name'"},
        {with("group = '{source.name}', name = '{source.name}',"),
         "policies/copy/policy.lua:5: '{source.name}' in 'name': placeholders here begin with settings, namespace, "
         "target, group"},
        {with("kind = 'Deployment', data = {},"), "policies/copy/policy.lua:5: 'data' is for ConfigMaps and Secrets"},
        {with("kind = 'ClusterRole',"),
         "policies/copy/policy.lua:5: copies of kind ClusterRole are written only where the configuration's 'kinds' "
         "names it"},
        {with("into = { namespace = '*', name = 'a' }, name = 'b',"),
         "policies/copy/policy.lua:4: the copy's name is in 'into' and in 'name'"},
        {with("into = { namespace = '*', kind = 'Secret' }, kind = 'Secret',"),
         "policies/copy/policy.lua:4: the copy's kind is in 'into' and in 'kind'"},
        {with("into = { kind = 'Secret' },"), "policies/copy/policy.lua:4: 'into' selects no namespaces"},
        {with("with = { source = { kind = 'Secret', name = 'x' } },"),
         "policies/copy/policy.lua:5: 'with.source' is taken"},
        {with("with = { extra = { kind = 'Secret' } },"),
         "policies/copy/policy.lua:5: 'with.extra' needs a 'name' or a 'list'"},
        {with("settings = { a = print },"), "policies/copy/policy.lua:5: 'print' is not known"},
        {with("settings = { a = function() end },"), "policies/copy/policy.lua:5: settings.a: a function"},
        {"local n = 0\nreturn { api = 'moontide/v1', from = { kind = 'Secret' }, into = { namespace = '*' },\n name = "
         "function(on)\n  n = n + 1\n  return 'x' end }",
         "policies/copy/policy.lua:4: assignment to 'n', a local outside of the function"},
        {with("name = function(on)\n x = 1 end,"), "policies/copy/policy.lua:6: assignment to the global 'x'"},
        {"retrun {}", "policies/copy/policy.lua:1: "},
        {"while true do end", "policies/copy/policy.lua:1: stopped after"},
        {"local a = nil\nlocal b = a.x", "policies/copy/policy.lua:2: attempt to index local 'a'"},
        {"moontide.warn('x')", "policies/copy/policy.lua:1: 'warn' is for the functions of slots"},
    };
    for (const auto& one : cases) {
        INFO(one.text);
        // A slot that is there twice counts once, as in Lua; take the first out.
        std::string text = one.text;
        for (const char* slot : {"from = ", "into = "}) {
            const auto first = text.find(slot);
            const auto second = text.find(slot, first == std::string::npos ? first : first + 1);
            if (second == std::string::npos || text.find("api = \"") == std::string::npos) continue;
            const auto end = text.find("},", first) + 2;
            const auto begin = text.find_last_of(' ', second - 1);
            const std::string moved = text.substr(begin, text.find("\n}", begin) - begin);
            text.replace(begin, moved.size(), "");
            text.replace(first, end - first, moved);
        }
        CHECK_THAT(error_of(text), Catch::StartsWith(one.message));
    }
}

TEST_CASE("compiled Lua is no policy, and an error of it names the file") {
    const std::string begin = "\x1bLJ\x02";
    CHECK(error_of(begin + with("")) == "policies/copy/policy.lua: is compiled Lua; a policy is text");
    CHECK(error_of("#\n" + begin).starts_with("policies/copy/policy.lua: "));
}

TEST_CASE("a first line that begins with # is no part of a policy, whatever stands in it") {
    CHECK(error_of("# return { from = ) } end\n" + with("")) == "no error");
    CHECK(error_of("# return { from = ) }") ==
          "policies/copy/policy.lua:1: a policy returns a table of slots, not a nil");
    CHECK(error_of("#!/usr/bin/env moontide\n" + with("kees = {},"))
              .starts_with("policies/copy/policy.lua:6: unknown slot"));
}

TEST_CASE("settings keep the types of their defaults") {
    const std::string text = with("settings = { namespace = 'infra', count = 1, list = { 'a' } },");
    CHECK(error_of(text, R"({"namespace":"other","count":2.5,"list":["b"]})") == "no error");
    CHECK_THAT(error_of(text, R"({"namespce":"other"})"),
               Catch::Contains(
                   "the configuration sets 'namespce', which is no setting of this policy, did you mean 'namespace'?"));
    CHECK_THAT(error_of(text, R"({"namespace":5})"),
               Catch::Contains("sets 'namespace' to a number; it must be text, as its default is"));
    CHECK_THAT(error_of(text, "[]"), Catch::Contains("the configured settings are no map"));
}

TEST_CASE("a kind of rights is written where the configuration names it") {
    PolicyText text{"roles",
                    "r.lua",
                    with("kind = 'ClusterRole', name = 'x',"),
                    "",
                    {{"rbac.authorization.k8s.io/v1", "ClusterRole"}},
                    false};
    const auto loaded = load(text);
    if (!loaded) FAIL(loaded.error().message);
    CHECK((*loaded)->shape().copy_kinds == text.extra_kinds);
}

TEST_CASE("the shape says what is known before any object is there") {
    const auto loaded =
        load_text(with("kind = { 'ConfigMap', 'Secret' }, consent = true, orphans = 'keep', writes = 'fields', "
                       "existing = 'Overwrite', "
                       "belongs = 'source', with = { extra = { kind = 'Pod', name = 'x' } }, group = '{source.name}', "
                       "name = '{group}',"));
    if (!loaded) FAIL(loaded.error().message);
    const policy::Shape& shape = (*loaded)->shape();
    CHECK(shape.name == "copy");
    CHECK(shape.source_kinds == std::vector<kube::Kind>{{"v1", "ConfigMap"}});
    CHECK(shape.copy_kinds == std::vector<kube::Kind>{{"v1", "ConfigMap"}, {"v1", "Secret"}});
    CHECK(shape.with_kinds == std::vector<kube::Kind>{{"v1", "Pod"}});
    CHECK(shape.has_group);
    CHECK(shape.has_with);
    CHECK(shape.consent);
    CHECK(shape.belongs == policy::Belongs::source);
    CHECK(shape.orphans == policy::Orphans::keep);
    CHECK(shape.writes == policy::Writes::fields);
    CHECK(shape.existing == policy::Existing::overwrite);
    CHECK(shape.digest.size() == 64);
}

TEST_CASE("the digest tells versions of a policy apart, by text and by the settings in force") {
    const std::string text = with("settings = { namespace = 'infra' },");
    const auto digest = [](const std::string& policy_text, const std::string& settings) {
        const auto loaded = load_text(policy_text, settings);
        if (!loaded) FAIL(loaded.error().message);
        return (*loaded)->shape().digest;
    };
    CHECK(digest(text, "") == digest(text, R"({"namespace":"infra"})"));
    CHECK(digest(text, "") != digest(text, R"({"namespace":"other"})"));
    CHECK(digest(text, "") != digest(text + "\n", ""));
}

TEST_CASE("the built-in policies load, and are named by their folders") {
    for (const PolicyText& builtin : builtin_policies()) {
        INFO(builtin.file);
        CHECK(builtin.builtin);
        CHECK(builtin.file == "policies/" + builtin.name + "/policy.lua");
        const auto loaded = load(builtin);
        if (!loaded) FAIL(loaded.error().message);
    }
}

TEST_CASE("a policy file is read, and named by its folder") {
    const auto missing = read_policy_file("/nowhere/policy.lua");
    REQUIRE_FALSE(missing);
    CHECK(missing.error().message == "/nowhere/policy.lua: cannot be read");
}

TEST_CASE("what an owner's policy says before any owner exists") {
    PolicyText text;
    text.name = "mirror";
    text.file = "p.lua";
    text.text = R"lua(return {
  api   = "moontide/v1",
  owner = { apiVersion = "mirror.configmirror.io/v1alpha1", kind = "ConfigMirror", finalizer = "x/finalizer" },
  from  = { kind = "ConfigMap", namespace = "{owner.spec.sourceNamespace}" },
  into  = { namespace = "{owner.spec.targets}" },
  labels = { by = "{owner.namespace}.{owner.name}" }, existing = "{owner.spec.existing|marked}", belongs = "owner",
})lua";
    const auto policy = load(text);
    REQUIRE(policy);
    const auto& shape = (*policy)->shape();
    CHECK(shape.owner_kinds == std::vector<kube::Kind>{{"mirror.configmirror.io/v1alpha1", "ConfigMirror"}});
    CHECK(shape.finalizer == "x/finalizer");
    CHECK(shape.belongs == policy::Belongs::owner);
    CHECK(shape.takes_marked);
    CHECK_FALSE(shape.owner_is_source);
    REQUIRE((*policy)->evaluator()->owners());
    CHECK((*policy)->evaluator()->owners()->size() == 1);
}

TEST_CASE("an owner without sources is its own, and the copy's kind has to be said") {
    const std::string begin =
        "return { api = 'moontide/v1', owner = { apiVersion = 'x.y/v1', kind = 'Z' }, into = { namespace = '*' }, "
        "data = { name = '{source.name}' }";
    CHECK_THAT(error_of(begin + " }"), Catch::Contains("without 'from' the slot 'kind' says what the copies are"));
    PolicyText text;
    text.text = begin + ", kind = 'ConfigMap' }";
    const auto policy = load(text);
    REQUIRE(policy);
    CHECK((*policy)->shape().owner_is_source);
    CHECK((*policy)->shape().source_kinds == std::vector<kube::Kind>{{"x.y/v1", "Z"}});
}

TEST_CASE("a long file name is whole in every message") {
    const std::string file = "/etc/moontide/policies/" + std::string(90, 'd') + "/copy/policy.lua";
    for (const char* text : {"local a = nil\nlocal b = a.x", "return {\n api = 'moontide/v1', frm = {} }", "x =\n= 1",
                             "local function f()\n while true do end end f()"}) {
        INFO(text);
        const auto loaded = load({"copy", file, text, "", {}, false});
        REQUIRE_FALSE(loaded);
        CHECK_THAT(loaded.error().message, Catch::StartsWith(file + ":2: "));
    }
}

TEST_CASE("a policy without sources says itself what it writes") {
    const auto loaded =
        load({"note",
              "note.lua",
              "return { api = 'moontide/v1', into = { namespace = '*' }, kind = 'ConfigMap', name = 'note', "
              "data = { text = 'hello {namespace.name}' } }",
              "",
              {},
              false});
    if (!loaded) FAIL(loaded.error().message);
    CHECK((*loaded)->shape().source_kinds.empty());
    CHECK((*loaded)->shape().copy_kinds == std::vector<kube::Kind>{{"v1", "ConfigMap"}});
    CHECK_THAT(error_of("return { api = 'moontide/v1', into = { namespace = '*' } }"),
               Catch::Contains("without 'from' the slot 'kind' says"));
    CHECK_THAT(error_of("return { api = 'moontide/v1', into = { namespace = '*' }, kind = 'Secret' }"),
               Catch::Contains("without 'from' the slot 'name' says"));
}
