#include "definitions.hpp"

#include "sandbox/yaml.hpp"
#include "source_directory.hpp"

#include <fstream>
#include <sstream>
#include <stdexcept>

namespace moontide::test {

void serve_definition(World& world, const std::string& file) {
    const auto path = source_directory() + "/deploy/crds/" + file + ".yaml";
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    auto documents = sandbox::read_yaml(text.str(), path);
    if (!documents || documents->size() != 1) throw std::runtime_error(path + " cannot be read");
    const Json& definition = documents->front().tree;
    const auto name = ref_of(definition);
    if (!world.api.find(name)) world.api.create(definition);
    world.await(name.name + " are served", [&](const Objects&) -> std::string {
        const auto there = world.api.find(name);
        if (!there) return "there is no definition";
        for (const auto& condition : there->value("/status/conditions"_json_pointer, Json::array())) {
            if (condition.value("type", "") == "Established" && condition.value("status", "") == "True") return {};
        }
        return "not established";
    });
}

}  // namespace moontide::test
