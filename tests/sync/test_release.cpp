// `moontide release`, as a process, after the engine whose policies made what it takes.
#include "engine.hpp"
#include "policies.hpp"
#include "shell.hpp"
#include "source_directory.hpp"

#include <string>

#include <catch2/catch.hpp>

namespace moontide::test {
namespace {

Outcome release(World& world, const std::string& arguments) {
    return run(world.server, std::string(MOONTIDE_PROGRAM) + " release --instance " + world.id() + " " + arguments);
}

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

constexpr const char* FINALIZER = "configmapsyncer.config.example.com/finalizer";
constexpr const char* OTHERS = "example.com/hold";

/// Installs the definitions of deploy/crds, as `moontide crds` prints them.
void install_definitions(World& world) {
    const auto outcome = run(world.server, std::string(MOONTIDE_PROGRAM) +
                                               " crds | kubectl apply --server-side -f - && "
                                               "kubectl wait --for condition=established --timeout=20s crd --all");
    INFO(outcome.output);
    REQUIRE(outcome.code == 0);
}

kube::Ref syncer(const World& world, const std::string& name) {
    return {{"config.example.com/v1alpha1", "ConfigMapSyncer"}, world.sources(), name};
}

void make_syncer(World& world, const std::string& name, const Json& finalizers) {
    world.api.create(
        {{"apiVersion", "config.example.com/v1alpha1"},
         {"kind", "ConfigMapSyncer"},
         {"metadata", {{"namespace", world.sources()}, {"name", name}, {"finalizers", finalizers}}},
         {"spec", {{"sourceNamespace", "a"}, {"sourceConfigMap", "b"}, {"targetNamespaces", Json::array({"c"})}}}});
}

}  // namespace

TEST_CASE("what a policy left is released: copies stay without our marks, parts go out of their objects") {
    World world;
    const auto red = world.make_namespace("red", {}, {{"test/world", world.id()}});
    const auto foreign = world.make_config_map(red, "app", {{"mine", "yes"}});
    const auto source = world.make_config_map(world.sources(), "one", {{"a", "1"}},
                                              {{"metadata", {{"labels", {{"test/for", "release"}}}}}});
    const std::string from =
        R"(api = "moontide/v1", from = { kind = "ConfigMap", namespace = "@SOURCES@", labels = { ["test/for"] = "release" } },
           into = { labels = { ["test/world"] = "@ID@" } },)";
    {
        Engine engine(
            world,
            {.policies = {policy_of(world, "return {" + from + R"(labels = { from = "x" } })", "spread"),
                          policy_of(world, "return {" + from + R"(name = "app", existing = "merge" })", "join")}});
        world.expect_data(config_map(red, "app"), {{"mine", "yes"}, {"a", "1"}});
        world.expect_data(config_map(red, "one"), {{"a", "1"}});
        engine.settle();
    }
    const auto copy = world.api.get(config_map(red, "one"));
    const auto joined = world.api.get(config_map(red, "app"));

    const auto told = release(world, "");
    INFO(told.output);
    CHECK(told.code == 0);
    CHECK(has(told.output, "join: 1 copies, 0 owners with its finalizer\nspread: 1 copies, 0 owners"));
    const auto rehearsed = release(world, "join spread --dry-run");
    INFO(rehearsed.output);
    CHECK(rehearsed.code == 0);
    CHECK(has(rehearsed.output, "would release copy ConfigMap " + red + "/one of spread\n"));
    CHECK(has(rehearsed.output, "would release part ConfigMap " + red + "/app of join\n"));
    world.check_untouched(copy);
    world.check_untouched(joined);

    const auto first = release(world, "join");
    INFO(first.output);
    CHECK(first.code == 0);
    CHECK(has(first.output, "released part ConfigMap " + red + "/app of join\nreleased 1 copies"));
    const auto left = world.api.get(config_map(red, "app"));
    CHECK(left.at("data") == foreign.at("data"));
    CHECK(annotations_of(left).empty());
    CHECK(labels_of(left).empty());
    world.check_untouched(copy);

    const auto second = release(world, "spread");
    INFO(second.output);
    CHECK(second.code == 0);
    const auto kept = world.api.get(config_map(red, "one"));
    CHECK(uid_of(kept) == uid_of(copy));
    CHECK(kept.at("data") == source.at("data"));
    CHECK(annotations_of(kept).empty());
    CHECK(labels_of(kept).empty());
    CHECK(has(release(world, "").output, "no policy has left anything"));
}

TEST_CASE("owners that carry the finalizer of a policy that is gone are let go") {
    World world;
    if (!has_programs(world.server)) return;
    install_definitions(world);
    make_syncer(world, "going", Json::array({FINALIZER}));
    make_syncer(world, "held", Json::array({OTHERS, FINALIZER}));
    make_syncer(world, "free", Json::array({OTHERS}));
    world.api.remove(syncer(world, "going"));
    REQUIRE(world.api.find(syncer(world, "going")));
    const auto free = world.api.get(syncer(world, "free"));

    const std::string lost =
        std::string("lost --owner config.example.com/v1alpha1/ConfigMapSyncer --finalizer ") + FINALIZER;
    const std::string known = "configmap-syncer --policies " + source_directory() + "/policies";
    const auto spared = release(world, known + " --copies");
    INFO(spared.output);
    CHECK(spared.code == 0);
    CHECK(world.api.get(syncer(world, "held")).at("metadata").at("finalizers").size() == 2);

    const auto engine = run(world.server, R"(folder=$(mktemp -d)
cat >$folder/config.yaml <<EOF
policies:
  annotation-sync: {settings: {namespace: )" + world.sources() +
                                              R"(}}
  configmap-syncer: {enabled: false}
  config-mirror: {enabled: false}
  pod-configmap: {enabled: false}
EOF
)" + std::string(MOONTIDE_PROGRAM) + " run --dry-run --config $folder/config.yaml --policies " +
                                              source_directory() +
                                              R"(/policies \
  --metrics-bind-address=0 --health-probe-bind-address=0 >$folder/log 2>&1 &
for attempt in $(seq 200); do
    grep -q 'lets go of them' $folder/log && break
    sleep 0.05
done
kill $!
wait $!
cat $folder/log
rm -r $folder)");
    INFO(engine.output);
    CHECK(has(engine.output, "owners carry the finalizer of a policy that is turned off"));
    CHECK(has(engine.output, "policy=configmap-syncer owners=2"));
    CHECK(has(engine.output, FINALIZER));

    const auto way = GENERATE_COPY(as<std::string>{}, lost, known);
    const auto outcome = release(world, way);
    INFO(outcome.output);
    CHECK(outcome.code == 0);
    CHECK(has(outcome.output, "released owner ConfigMapSyncer " + world.sources() + "/going of"));
    CHECK(has(outcome.output, ", which is being deleted\n"));
    CHECK_FALSE(world.api.find(syncer(world, "going")));
    CHECK(world.api.get(syncer(world, "held")).at("metadata").at("finalizers") == Json::array({OTHERS}));
    CHECK(version_of(world.api.get(syncer(world, "free"))) == version_of(free));
    for (const char* name : {"held", "free"}) {
        world.api.merge(syncer(world, name), {{"metadata", {{"finalizers", nullptr}}}});
        world.api.remove_if_there(syncer(world, name));
    }
}

TEST_CASE("release says what it cannot reach") {
    World world;
    const auto outcome = run(world.server, std::string(MOONTIDE_PROGRAM) + " release x --kubeconfig /nowhere");
    INFO(outcome.output);
    CHECK(outcome.code == 1);
    CHECK(has(outcome.output, "moontide release: "));
    CHECK(has(outcome.output, "/nowhere"));
}

}  // namespace moontide::test
