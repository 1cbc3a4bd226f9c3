#include "scene.hpp"

#include "checker.hpp"
#include "environment.hpp"
#include "unrest.hpp"

#include <cstdlib>
#include <fstream>

#include <catch2/catch.hpp>
#include <fmt/format.h>

namespace moontide::trouble {

namespace {

constexpr double MOST_MEMORY_GAINED = 48.0 * 1024 * 1024;

}  // namespace

Scene::Scene(std::size_t targets)
    : spaces(world.make_targets(targets)),
      audit(cluster.audit_log(), world.mirror),
      terms(proof::annotation_sync_terms(world.sources(), world.id())) {
    terms.lag = Milliseconds(1'000);
    folder_ = cluster.directory() / world.id();
    std::filesystem::create_directory(folder_);
    write_file(authority_file(), cluster.certificate_of("ca"));
    // In a copy's way, and with our marks but of another place.
    foreign.push_back(world.make_config_map(spaces.front(), "shared", {{"theirs", "yes"}}));
    foreign.push_back(world.make_config_map(
        spaces.front(), "clone", {{"theirs", "yes"}},
        {{"metadata",
          {{"labels", {{test::INSTANCE, world.id()}, {test::MANAGED_BY, "moontide"}, {test::OWNER, "somebody"}}},
           {"annotations", {{test::COPY_MARK, world.sources() + "/shared"}}}}}}));
    add_source("shared");
}

void Scene::add_source(const std::string& name) {
    sources.push_back(world.make_source(name, {{"n", "0"}}));
}

void Scene::change_source(std::size_t index, const std::string& value) {
    sources[index] = world.change_data(sources[index], {{"n", value}});
}

std::filesystem::path Scene::authority_file() const {
    return folder_ / "authority.crt";
}

void Scene::start_engine(const std::string& user_lines, std::vector<std::pair<std::string, std::string>> policies) {
    auto user = user_lines;
    if (user.empty()) {
        const auto& admin = cluster.access();
        write_file(folder_ / "admin.crt", admin.client_certificate.inline_pem);
        write_file(folder_ / "admin.key", admin.client_key.inline_pem);
        user = fmt::format("    client-certificate: {0}/admin.crt\n    client-key: {0}/admin.key", folder_.string());
    }
    const auto kubeconfig = folder_ / "kubeconfig";
    write_file(kubeconfig, kubeconfig_for(cluster, {authority_file().string(), user}));
    proof::ProcessOptions options;
    options.kubeconfig_file = kubeconfig.string();
    options.config =
        fmt::format("controller:\n  instance: {}\npolicies:\n  annotation-sync:\n    settings:\n      namespace: {}\n",
                    world.id(), world.sources());
    for (auto& [name, lua] : policies) {
        const std::string hole = "@SOURCES@";
        for (auto at = lua.find(hole); at != std::string::npos; at = lua.find(hole)) {
            lua.replace(at, hole.size(), world.sources());
        }
    }
    options.policies = std::move(policies);
    engine = std::make_unique<proof::Process>(std::move(options));
    audit.note("run started");
    engine->start();
}

void Scene::await(const std::string& what, const std::function<std::string()>& complaint, Milliseconds deadline,
                  Where where) {
    deadline = test::patient(deadline);
    auto missing = world.mirror.await([&](const test::Objects&) { return complaint(); }, deadline);
    if (!missing.empty()) {
        const auto log = engine ? engine->log() : std::string();
        missing += fmt::format("\n(waited for {} ms)\n{}", deadline.count(),
                               log.size() > 6'000 ? log.substr(log.size() - 6'000) : log);
    }
    test::demand(what, missing, where);
}

void Scene::await_log(const std::string& text, Milliseconds deadline, Where where) {
    await(
        "the log says '" + text + "'", [&] { return engine->times_logged(text) > 0 ? std::string() : "it does not"; },
        deadline, where);
}

void Scene::await_ready(Milliseconds deadline, Where where) {
    await(
        "the engine is ready",
        [&] {
            const auto page = engine->ready();
            return page.status == 200 ? std::string() : page.text;
        },
        deadline, where);
}

void Scene::await_rest(Milliseconds deadline, Where where) {
    world.catch_up();
    auto missing = world.mirror.await([&](const test::Objects& objects) { return proof::unrest(objects.all(), terms); },
                                      test::patient(deadline));
    await("all is as it should be", [&] { return missing; }, Milliseconds(0), where);
    await(
        "the engine has nothing left to do",
        [&]() -> std::string {
            if (metric("workqueue_depth") > 0) return "keys wait";
            if (metric("moontide_writes_in_flight") > 0) return "writes are under way";
            return metric(R"(moontide_copies{policy="annotation-sync",state="pending"})") > 0 ? "steps wait" : "";
        },
        Milliseconds(10'000), where);
    keep_pages();
    if (memory_at_rest_ == 0) memory_at_rest_ = metric("process_resident_memory_bytes");
}

void Scene::keep_pages() {
    audit.note("said", {{"where", "/metrics"}, {"text", engine->metrics().text}});
    audit.note("said", {{"where", "/readyz"}, {"text", engine->ready().text}});
}

std::size_t Scene::deletions_of_copies() const {
    return audit.count({"delete", "deletecollection"});
}

void Scene::check_promises(Where where) {
    const auto gained = metric("process_resident_memory_bytes") - memory_at_rest_;
    CHECK(gained < MOST_MEMORY_GAINED);
    keep_pages();
    engine->end();
    audit.note("said", {{"where", "the log"}, {"text", engine->log()}});
    for (const auto& object : foreign) world.check_untouched(object, where);
    world.catch_up();
    const auto tick = world.api.get(test::config_map("default", world.id() + "-tick"));
    const auto history = audit.history(test::version_of(tick));
    const char* file = std::getenv("MOONTIDE_PROOF_HISTORY");
    if (file != nullptr && *file != '\0') std::ofstream(file) << history->lines();
    test::demand("every promise is kept", proof::check(*history, terms), where);
}

}  // namespace moontide::trouble
