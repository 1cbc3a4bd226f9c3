// The annotation sync, evaluated and measured.
#include "bindings/load.hpp"
#include "kube/object.hpp"

#include <chrono>
#include <iostream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <fmt/format.h>

using namespace moontide;
using namespace moontide::bindings;

namespace {

kube::ObjectPtr object(const std::string& json) {
    kube::Reader reader;
    auto read = kube::Object::read(reader, json);
    if (!read) FAIL(read.error().message + ": " + json);
    return *read;
}

policy::PolicyPtr loaded(const std::string& text) {
    auto policy = load({"p", "p.lua", text, "", {}, false});
    if (!policy) FAIL(policy.error().message);
    return *policy;
}

const char* const target_namespace =
    R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"blue-eu","uid":"n-1"}})";

const char* const annotation_sync = R"lua(local PREFIX = "flux-extension.nrfcloud.com/"
return {
  api         = "moontide/v1",
  settings    = { namespace = "flux-system" },
  from        = { kind = "ConfigMap", namespace = "{settings.namespace}", annotations = { [PREFIX .. "sync-configmap"] = "true" } },
  into        = { annotations = { [PREFIX .. "sync-target"] = "true" } },
  existing    = "marked",
  annotations = { [PREFIX .. "sync-source"] = "{source.namespace}/{source.name}" },
}
)lua";

const char* const shared_config =
    R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"namespace":"flux-system","name":"shared","uid":"u-9",
    "creationTimestamp":"2026-01-01T00:00:00Z","annotations":{"flux-extension.nrfcloud.com/sync-configmap":"true"}},
    "data":{"database.host":"db.example.com","database.port":"5432","api.version":"v1","log.level":"info"}})";

}  // namespace

TEST_CASE("the nine lines of the annotation sync evaluate") {
    const auto policy = loaded(annotation_sync);
    const auto evaluator = policy->evaluator();
    const auto from = evaluator->from({});
    REQUIRE(from);
    REQUIRE(from->selections.size() == 1);
    CHECK(from->selections[0].kinds == std::vector<kube::Kind>{{"v1", "ConfigMap"}});
    REQUIRE(from->selections[0].namespaces);
    CHECK(from->selections[0].namespaces->front().text == "flux-system");
    CHECK(from->selections[0].annotations.front().any_of.front().text == "true");

    policy::Inputs inputs;
    inputs.sources = {object(shared_config)};
    const auto into = evaluator->into(inputs);
    REQUIRE(into);
    CHECK(std::get<std::vector<policy::Selection>>(into->where_to).front().annotations.front().key ==
          "flux-extension.nrfcloud.com/sync-target");

    inputs.namespace_object = object(target_namespace);
    inputs.target = policy::Target{"", "blue-eu", {"v1", "ConfigMap"}, ""};
    const auto copy = evaluator->copy(inputs);
    if (!copy) FAIL(copy.error().message);
    CHECK(copy->target == policy::Target{"", "blue-eu", {"v1", "ConfigMap"}, "shared"});
    CHECK(copy->existing == policy::Existing::marked);
    CHECK(copy->reads.same_everywhere());
    CHECK(
        copy->content->fields ==
        R"({"data":{"api.version":"v1","database.host":"db.example.com","database.port":"5432","log.level":"info"}})");
    CHECK(copy->content->labels.empty());
    const policy::Labels marks = {{"flux-extension.nrfcloud.com/sync-source", "flux-system/shared"}};
    CHECK(copy->content->annotations == marks);
    CHECK(copy->content->mark_annotations == marks);
}

TEST_CASE("what an evaluation costs", "[.measure]") {
    const auto time = [](const char* what, int times, const auto& act) {
        const auto began = std::chrono::steady_clock::now();
        for (int at = 0; at < times; ++at) act();
        const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - began;
        std::cout << fmt::format("{}: {:.1f} us\n", what, took.count() / times);
    };
    time("load of annotation-sync", 50, [] { loaded(annotation_sync); });
    const auto policy = loaded(annotation_sync);
    policy::Inputs inputs;
    inputs.sources = {object(shared_config)};
    inputs.namespace_object = object(target_namespace);
    inputs.target = policy::Target{"", "blue-eu", {"v1", "ConfigMap"}, ""};
    const auto evaluator = policy->evaluator();
    time("copy of annotation-sync, source parsed", 2000, [&] { CHECK(evaluator->copy(inputs).has_value()); });
    std::vector<kube::ObjectPtr> sources;
    for (int at = 0; at < 500; ++at) sources.push_back(object(shared_config));
    std::size_t next = 0;
    time("copy of annotation-sync, a new source", 500, [&] {
        inputs.sources = {sources[next++]};
        CHECK(evaluator->copy(inputs).has_value());
    });
    const auto with_function = loaded(
        "return { api = 'moontide/v1', from = { kind = 'ConfigMap' }, into = { namespace = '*' }, "
        "data = function(on) local d = on.data d.x = on.source.name return d end }");
    time("an evaluator with its state", 200, [&] { CHECK(with_function->evaluator()->copy(inputs).has_value()); });
    const auto lua = with_function->evaluator();
    time("copy with a function", 2000, [&] { CHECK(lua->copy(inputs).has_value()); });
}
