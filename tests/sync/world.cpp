#include "world.hpp"

#include "environment.hpp"

#include <algorithm>
#include <atomic>

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <unistd.h>

namespace moontide::test {
namespace {

std::string fresh_id() {
    static std::atomic<unsigned> count = 0;
    return "sync" + std::to_string(::getpid()) + "-" + std::to_string(++count);
}

Json namespace_object(const std::string& name, const Json& annotations, const Json& labels) {
    return {{"apiVersion", "v1"},
            {"kind", "Namespace"},
            {"metadata", {{"name", name}, {"annotations", annotations}, {"labels", labels}}}};
}

}  // namespace

std::string text(const Where& where) {
    std::string file = where.file_name();
    if (const auto tests = file.rfind("tests/"); tests != std::string::npos) file = file.substr(tests);
    return file + ":" + std::to_string(where.line());
}

void demand(const std::string& what, const std::string& complaint, const Where& where) {
    if (complaint.empty()) {
        SUCCEED(what);
        return;
    }
    FAIL(text(where) << ": " << what << ": " << complaint);
}

World::World(Sources sources) : id_(fresh_id()) {
    mirror.forget_changes();
    if (sources == Sources::in_flux_system) {
        sources_ = "flux-system";
        if (!api.find(namespace_ref(sources_))) api.create(namespace_object(sources_, {}, {}));
    } else {
        sources_ = make_namespace("sources");
    }
    api.create({{"apiVersion", "v1"},
                {"kind", "ConfigMap"},
                {"metadata", {{"name", id_ + "-tick"}, {"namespace", "default"}}}});
}

World::~World() {
    try {
        for (const auto& ref : objects_) api.remove_if_there(ref);
        api.remove_if_there(config_map("default", id_ + "-tick"));
        Api::at_once(namespaces_.size(), [this](std::size_t index) {
            // Fine where the test has deleted it.
            api.try_merge(namespace_ref(namespaces_[index]),
                          {{"metadata", {{"annotations", {{TARGET_MARK, nullptr}}}}}});
        });
        Api::at_once(shared_.size(), [this](std::size_t index) {
            annotate_namespace(shared_[index], {{TARGET_MARK, nullptr}});
            api.remove_all("configmaps", shared_[index]);
        });
        server.forget(namespaces_);
    } catch (const std::exception& error) {
        WARN("cleaning up after the test: " << error.what());
    }
}

std::string World::make_namespace(std::string_view word, const Json& annotations, const Json& labels) {
    std::string name = id_ + "-" + std::string(word);
    api.create(namespace_object(name, annotations, labels));
    clean_up_later(name);
    return name;
}

std::string World::make_target(std::string_view word) {
    return make_namespace(word, {{TARGET_MARK, "true"}});
}

std::vector<std::string> World::make_targets(std::size_t count) {
    shared_.resize(count);
    Api::at_once(count, [&](std::size_t index) {
        shared_[index] = server.shared_namespace(index);
        annotate_namespace(shared_[index], {{TARGET_MARK, "true"}});
    });
    return shared_;
}

void World::annotate_namespace(const std::string& name, const Json& annotations) {
    api.merge(namespace_ref(name), {{"metadata", {{"annotations", annotations}}}});
}

void World::clean_up_later(const std::string& namespace_name) {
    if (std::find(namespaces_.begin(), namespaces_.end(), namespace_name) != namespaces_.end()) return;
    namespaces_.push_back(namespace_name);
    server.remove_at_end(namespace_name);
}

void World::delete_namespace(const std::string& name) {
    api.remove(namespace_ref(name));
}

void World::await_namespace_gone(const std::string& name, Where where) {
    demand("namespace " + name + " goes",
           mirror.await(
               [&](const Objects& objects) {
                   return objects.find(namespace_ref(name)) == nullptr ? std::string() : "it is still there";
               },
               Milliseconds(30'000)),
           where);
}

Json World::make_source(const std::string& name, const Json& data, const Json& more) {
    return make_config_map(sources_, name, data,
                           merged({{"metadata", {{"annotations", {{SOURCE_MARK, "true"}}}}}}, more));
}

Json World::make_config_map(const std::string& namespace_name, const std::string& name, const Json& data,
                            const Json& more) {
    Json object = {{"apiVersion", "v1"},
                   {"kind", "ConfigMap"},
                   {"metadata", {{"namespace", namespace_name}, {"name", name}}},
                   {"data", data}};
    object.merge_patch(more);
    auto made = api.create(object);
    if (namespace_name == "flux-system") objects_.push_back(ref_of(made));
    return made;
}

Json World::change(const Json& object, const Json& patch) {
    return api.merge(ref_of(object), patch);
}

void World::remove_copy(const std::string& namespace_name, const Json& source) {
    api.remove(config_map(namespace_name, ref_of(source).name));
}

void World::expect_copy(const std::string& namespace_name, const Json& source, Where where) {
    expect_copy_with(namespace_name, source, Json::object(), where);
}

void World::expect_copies(const std::vector<std::string>& namespaces, const Json& source, Where where) {
    const CopyOf want{.source = source, .instance = id_, .others = Json::object()};
    const auto name = ref_of(source).name;
    await(
        "copies of " + ref_of(source).text(),
        [&](const Objects& objects) {
            std::string told;
            std::size_t wrong = 0;
            for (const auto& namespace_name : namespaces) {
                const auto complaint = complaint_about(objects.find(config_map(namespace_name, name)), want);
                if (complaint.empty()) continue;
                if (++wrong <= 3) told += fmt::format("\n in {}: {}", namespace_name, complaint);
            }
            if (wrong > 3) told += "\n and in " + std::to_string(wrong - 3) + " more namespaces";
            return told;
        },
        where);
}

void World::expect_copy_with(const std::string& namespace_name, const Json& source, const Json& others, Where where) {
    const CopyOf want{.source = source, .instance = id_, .others = others};
    const auto ref = config_map(namespace_name, ref_of(source).name);
    await(
        "the copy " + ref.text(), [&](const Objects& objects) { return complaint_about(objects.find(ref), want); },
        where);
}

void World::expect_data(const kube::Ref& ref, const Json& data, Where where) {
    await(
        "data of " + ref.text(), [&](const Objects& objects) { return complaint_about_data(objects.find(ref), data); },
        where);
}

void World::expect_gone(const kube::Ref& ref, Where where) {
    await(
        ref.text() + " goes",
        [&](const Objects& objects) -> std::string {
            const Json* object = objects.find(ref);
            return object == nullptr ? std::string() : "it is still there: " + object->dump();
        },
        where);
}

void World::expect_copy_gone(const std::string& namespace_name, const Json& source, Where where) {
    expect_gone(config_map(namespace_name, ref_of(source).name), where);
}

void World::await(const std::string& what, const Mirror::Complaint& complaint, Where where) {
    const auto deadline = patient(DEADLINE);
    auto missing = mirror.await(complaint, deadline);
    if (!missing.empty()) missing += "\n(waited for " + std::to_string(deadline.count() / 1000) + " s)";
    demand(what, missing, where);
}

void World::check_untouched(const Json& object, Where where) {
    const auto now = api.find(ref_of(object));
    demand(ref_of(object).text() + " is untouched", now ? difference(object, *now) : "it is gone", where);
}

void World::check_absent(const kube::Ref& ref, Where where) {
    const auto now = api.find(ref);
    demand(ref.text() + " is not there", now ? "it is there: " + now->dump() : "", where);
}

Json World::copy(const std::string& namespace_name, const Json& source) {
    return api.get(config_map(namespace_name, ref_of(source).name));
}

void World::catch_up() {
    const auto tick = config_map("default", id_ + "-tick");
    const auto version = version_of(api.merge(tick, {{"data", {{"tick", std::to_string(++ticks_)}}}}));
    await("the test's own watch catches up", [&](const Objects& objects) -> std::string {
        const Json* seen = objects.find(tick);
        return seen != nullptr && version_of(*seen) == version ? "" : "version " + version + " has not come";
    });
}

std::vector<Change> World::changes_since(std::size_t mark, const kube::Ref& ref) {
    catch_up();
    return mirror.changes(mark, ref);
}

}  // namespace moontide::test
