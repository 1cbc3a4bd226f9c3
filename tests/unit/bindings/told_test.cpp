// The slots `status` and `store`: what a function makes of a report, and which Secret is the way to a database.
#include "bindings/load.hpp"
#include "kube/object.hpp"

#include <string>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace moontide;
using namespace moontide::bindings;
using Json = nlohmann::json;

namespace {

kube::ObjectPtr owner(const std::string& spec = "{}") {
    kube::Reader reader;
    return kube::Object::read(reader, R"({"apiVersion":"x.y/v1","kind":"Syncer","metadata":{"namespace":"default",
        "name":"one","uid":"u-1","generation":2},"spec":)" +
                                          spec + "}")
        .value();
}

policy::PolicyPtr told(const std::string& slots) {
    auto policy = load({"p",
                        "p.lua",
                        "return { api = 'moontide/v1', owner = { apiVersion = 'x.y/v1', kind = 'Syncer' },\n"
                        "from = { kind = 'ConfigMap' }, into = { namespace = '*' }, settings = { tone = 'low' },\n" +
                            slots + " }",
                        "",
                        {},
                        false});
    if (!policy) FAIL(policy.error().message);
    return *policy;
}

policy::Report report() {
    policy::Report made;
    made.wanted = 3;
    made.synced = {"apps", "web"};
    made.failed = {"data"};
    made.failures = {{"data", "ConfigMap", "ca", "AlreadyExists", "exists"}};
    made.waiting = {"ConfigMap infra/b does not exist"};
    made.sources = {{"infra", "ca", {"apps", "web"}, "2026-01-01T00:00:01Z"}};
    made.changed = "2026-01-01T00:00:02Z";
    return made;
}

Result<policy::StatusFields> status_of(const policy::PolicyPtr& policy, const policy::Report& made = report()) {
    policy::Inputs inputs;
    inputs.owner = owner(R"({"path":"x"})");
    return policy->evaluator()->status(inputs, made);
}

Result<Json> status(const policy::PolicyPtr& policy, const policy::Report& made = report()) {
    return TRY(status_of(policy, made)).fields;
}

}  // namespace

TEST_CASE("a status function makes fields of the owner, the report and the settings") {
    const struct {
        const char* body;
        const char* fields;
    } rows[] = {
        {"return { syncedNamespaces = on.report.synced, failedNamespaces = on.report.failed, "
         "lastSyncTime = on.report.changed }",
         R"({"syncedNamespaces":["apps","web"],"failedNamespaces":["data"],"lastSyncTime":"2026-01-01T00:00:02Z"})"},
        {"return { appliedTargets = on.report.wanted - #on.report.failures, path = on.owner.spec.path }",
         R"({"appliedTargets":2,"path":"x"})"},
        {"local all = moontide.list() for i, s in ipairs(on.report.sources) do "
         "all[i] = { name = s.name, sourceNamespace = s.namespace, targets = s.synced, lastSyncTime = s.changed } end "
         "return { replicated = all, tone = on.settings.tone }",
         R"({"replicated":[{"name":"ca","sourceNamespace":"infra","targets":["apps","web"],
             "lastSyncTime":"2026-01-01T00:00:01Z"}],"tone":"low"})"},
        {"local f = on.report.failures[1] return { first = f.namespace .. '/' .. f.name .. ' ' .. f.reason, "
         "message = f.message, kind = f.kind, waits = on.report.waiting[1] }",
         R"({"first":"data/ca AlreadyExists","message":"exists","kind":"ConfigMap",
             "waits":"ConfigMap infra/b does not exist"})"},
        {"return { database = on.report.store, revision = on.report.revision, error = on.report.error }", "{}"},
        {"return nil", "{}"},
        {"return {}", "{}"},
        {"return { conditions = {} }", R"({"conditions":[]})"},
        {"return { conditions = { { type = 'Ready', reason = 'SyncPartiallyFailed' }, { type = 'Warm', status = true } "
         "} }",
         R"({"conditions":[{"type":"Ready","reason":"SyncPartiallyFailed"},{"type":"Warm","status":true}]})"},
    };
    for (const auto& row : rows) {
        INFO(row.body);
        const auto fields = status(told(std::string("status = function(on) ") + row.body + " end"));
        if (!fields) FAIL(fields.error().message);
        CHECK(*fields == Json::parse(row.fields));
    }
}

TEST_CASE("a status depends on when copies were written where its function reads that, or all of the report") {
    const struct {
        const char* body;
        bool dated;
    } table[] = {
        {"return { ready = on.report.wanted }", false},
        {"return { failed = on.report.failed, of = #on.report.synced }", false},
        {"return {}", false},
        {"return { at = on.report.changed }", true},
        {"if on.report.changed then return {} end", true},
        {"local text = '' for _, one in ipairs(on.report.sources) do text = text .. one.name end return { text = text "
         "}",
         true},
        {"for key in pairs(on.report) do end", true},
        {"return on.report", true},
        {"return { text = moontide.json.encode(on.report) }", true},
        {"return { text = on.owner.spec.changed }", false},
    };
    for (const auto& row : table) {
        INFO(row.body);
        auto made = report();
        const auto policy = told(std::string("status = function(on) ") + row.body + " end");
        const auto said = status_of(policy, made);
        REQUIRE(said);
        CHECK(said->dated == row.dated);
        // What is not there is read too.
        made.changed.reset();
        CHECK(status_of(policy, made).value().dated == row.dated);
    }
    CHECK_FALSE(status_of(told("")).value().dated);
}

TEST_CASE("a policy without a status function tells conditions alone") {
    CHECK_FALSE(told("")->shape().has_status);
    CHECK(status(told("")).value() == Json::object());
    CHECK(told("status = function(on) end")->shape().has_status);
}

TEST_CASE("mistakes of a status function name the line, the slot and the owner") {
    const struct {
        const char* body;
        const char* part;
    } rows[] = {
        {"return 5", "the function must return a table of status fields"},
        {"return moontide.list({ 1 })", "the function must return a table of status fields"},
        {"return on.report.nothing.more", "attempt to index"},
        {"return on.source", "on has no 'source' here; it has owner, settings, report"},
        {"on.report.synced[1] = 'x'", "what 'on' brings is read-only"},
        {"return { conditions = 'x' }", "'conditions' must be a list"},
        {"return { conditions = { 'x' } }", "a condition must be a table with a type"},
        {"return { conditions = { { status = 'True' } } }", "a condition needs a 'type'"},
        {"return { conditions = { { type = 'A', statsu = 'True' } } }",
         "a condition has no 'statsu', did you mean 'status'?"},
        {"return { conditions = { { type = 'A', status = 'Yes' } } }",
         "'status' of the condition 'A' is \"Yes\"; it is True, False or Unknown"},
        {"return { conditions = { { type = 'A', message = 5 } } }", "'message' of a condition must be text"},
        {"return { conditions = { { type = 'A', reason = 'not a word' } } }",
         "'reason' of the condition 'A' must be one word"},
        {"return { conditions = { { type = 'A' }, { type = 'A' } } }", "there are two conditions 'A'"},
        {"while true do end", "stopped after"},
    };
    for (const auto& row : rows) {
        INFO(row.body);
        const auto fields = status(told(std::string("status = function(on) ") + row.body + " end"));
        REQUIRE_FALSE(fields);
        const auto& message = fields.error().message;
        INFO(message);
        CHECK(message.starts_with("p.lua:3: "));
        CHECK(message.find(row.part) != std::string::npos);
        CHECK(message.find("(in 'status', owner Syncer default/one)") != std::string::npos);
    }
}

TEST_CASE("the types of a policy's conditions are among the words in quotes of its file") {
    const auto types =
        told(
            "status = function(on) local kind = 'ErrorIn' .. 'Pods' return { conditions = { "
            "{ type = \"Warm\", message = 'It is warm', reason = 'yes' }, { type = 'ErrorInPods' } } } end")
            ->shape()
            .condition_types;
    CHECK(types.contains("Warm"));
    CHECK(types.contains("ErrorInPods"));
    CHECK_FALSE(types.contains("yes"));
    CHECK_FALSE(types.contains("It is warm"));
    CHECK(told("labels = { a = 'Warm' }")->shape().condition_types.empty());
}

TEST_CASE("a store is the Secret that a table or a function names") {
    const struct {
        const char* slot;
        const char* spec;
        const char* secret;  ///< or a part of the error
    } rows[] = {
        {"store = { secret = { namespace = '{owner.namespace}', name = '{owner.spec.secret}' } }", R"({"secret":"db"})",
         "Secret default/db"},
        {"store = { secret = { namespace = 'fixed', name = 'db' } }", "{}", "Secret fixed/db"},
        {"store = function(on) if not on.owner.spec.secret then return nil end "
         "return { secret = { namespace = on.owner.namespace, name = on.owner.spec.secret } } end",
         R"({"secret":"db"})", "Secret default/db"},
        {"store = function(on) if not on.owner.spec.secret then return nil end return 5 end", "{}", ""},
        {"store = function(on) return { secret = { name = 'db' } } end", "{}",
         "p.lua:3: 'store': the Secret of 'store' needs a namespace and a name"},
        {"store = function(on) return { secrets = {} } end", "{}",
         "p.lua:3: 'store': the function must return { secret"},
        {"store = { secret = { namespace = 'a', name = '{owner.spec.secret}' } }", "{}",
         "'store.secret.name': owner.spec.secret is missing"},
    };
    for (const auto& row : rows) {
        INFO(row.slot);
        const auto policy = told(row.slot);
        CHECK(policy->shape().has_store);
        policy::Inputs inputs;
        inputs.owner = owner(row.spec);
        const auto secret = policy->evaluator()->store(inputs);
        if (!secret) {
            INFO(secret.error().message);
            CHECK(secret.error().message.find(row.secret) != std::string::npos);
        } else if (!*secret) {
            CHECK(std::string(row.secret).empty());
        } else {
            CHECK((*secret)->text() == row.secret);
        }
    }
    policy::Inputs inputs;
    inputs.owner = owner();
    CHECK_FALSE(told("")->evaluator()->store(inputs).value());
}
