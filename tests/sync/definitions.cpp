#include "definitions.hpp"

#include "sandbox/yaml.hpp"
#include "source_directory.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace moontide::test {

void serve_kind(World& world, const Json& definition) {
    const auto name = ref_of(definition);
    if (!world.api.find(name)) world.api.create(definition);
    const auto& spec = definition.at("spec");
    const auto plural = spec.at("names").at("plural").get<std::string>();
    const auto version = "/apis/" + spec.at("group").get<std::string>() + "/" +
                         spec.at("versions").front().at("name").get<std::string>();
    // A server says that it is established, tells of its kind and serves it, each in its own time.
    world.await(name.name + " are served", [&](const Objects&) -> std::string {
        const auto there = world.api.find(name);
        if (!there) return "there is no definition";
        const auto conditions = there->value("/status/conditions"_json_pointer, Json::array());
        const auto is_established = [](const Json& condition) {
            return condition.value("type", "") == "Established" && condition.value("status", "") == "True";
        };
        if (std::ranges::none_of(conditions, is_established)) return "not established";
        const auto discovery = world.api.find_path(version).value_or(Json::object());
        const auto resources = discovery.value("resources", Json::array());
        if (std::ranges::none_of(resources, [&](const Json& one) { return one.value("name", "") == plural; }))
            return "discovery does not tell of them";
        return world.api.find_path(version + "/" + plural + "?limit=1") ? "" : "they cannot be listed";
    });
}

void serve_definition(World& world, const std::string& file) {
    const auto path = source_directory() + "/deploy/crds/" + file + ".yaml";
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    auto documents = sandbox::read_yaml(text.str(), path);
    if (!documents || documents->size() != 1) throw std::runtime_error(path + " cannot be read");
    serve_kind(world, documents->front().tree);
}

}  // namespace moontide::test
