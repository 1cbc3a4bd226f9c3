#include "cli/demo_world.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace moontide::cli {

namespace {

using nlohmann::json;

constexpr const char* source_mark = "flux-extension.nrfcloud.com/sync-configmap";
constexpr const char* target_mark = "flux-extension.nrfcloud.com/sync-target";
constexpr const char* copy_mark = "flux-extension.nrfcloud.com/sync-source";

std::string annotation(const json& object, const char* name) {
    const auto& metadata = object.at("metadata");
    const auto annotations = metadata.find("annotations");
    return annotations == metadata.end() ? std::string() : annotations->value(name, "");
}

bool is_of_the_system(const std::string& name) {
    return name == "default" || name.starts_with("kube-");
}

Result<json> list_of(kube::Blocking& api, const char* kind) {
    const auto answer = TRY(kube::accepted(fmt::format("list of {}s", kind), api.list({"v1", kind})));
    auto list = json::parse(answer.body, nullptr, false);
    if (!list.is_object() || !list.contains("items")) return fail(fmt::format("the list of {}s is none", kind));
    return list;
}

}  // namespace

Result<DemoWorld> DemoWorld::look(kube::Blocking& api) {
    DemoWorld world;
    const auto namespaces = TRY(list_of(api, "Namespace"));
    for (const auto& object : namespaces.at("items")) {
        const auto name = object.at("metadata").value("name", "");
        if (annotation(object, target_mark) == "true") {
            world.targets.insert(name);
        } else if (name != world.home && !is_of_the_system(name)) {
            world.others.push_back(name);
        }
    }
    const auto config_maps = TRY(list_of(api, "ConfigMap"));
    for (const auto& object : config_maps.at("items")) {
        const auto& metadata = object.at("metadata");
        if (metadata.value("namespace", "") == world.home && annotation(object, source_mark) == "true") {
            world.sources.emplace(metadata.value("name", ""), object.value("data", json::object()));
        }
    }
    const bool has_data = std::ranges::all_of(world.sources, [](const auto& source) { return !source.second.empty(); });
    if (!has_data || world.sources.size() < 2 || world.targets.size() < 3 || world.others.empty()) {
        return fail("the example needs two sources with data, three targets and a namespace that did not ask");
    }
    return world;
}

std::vector<std::string> DemoWorld::differences(const json& config_maps) const {
    std::set<std::pair<std::string, std::string>> missing;
    for (const auto& target : targets) {
        for (const auto& [source, data] : sources) missing.emplace(target, source);
    }
    std::vector<std::string> differences;
    for (const auto& object : config_maps.at("items")) {
        const auto& metadata = object.at("metadata");
        const auto place = metadata.value("namespace", "");
        const auto name = metadata.value("name", "");
        const bool is_wanted = missing.erase({place, name}) == 1;
        const auto origin = annotation(object, copy_mark);
        if (!is_wanted) {
            if (!origin.empty()) differences.push_back(fmt::format("{}/{} is still there", place, name));
        } else if (origin != fmt::format("{}/{}", home, name)) {
            differences.push_back(fmt::format("{}/{} is marked '{}'", place, name, origin));
        } else if (object.value("data", json::object()) != sources.at(name)) {
            differences.push_back(fmt::format("{}/{} has other content", place, name));
        }
    }
    for (const auto& [place, name] : missing) differences.push_back(fmt::format("{}/{} is not there", place, name));
    return differences;
}

}  // namespace moontide::cli
