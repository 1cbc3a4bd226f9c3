#include "policies.hpp"

#include "bindings/load.hpp"
#include "source_directory.hpp"

#include <stdexcept>

namespace moontide::test {
namespace {

policy::PolicyPtr loaded(const bindings::PolicyText& text) {
    auto policy = bindings::load(text);
    if (!policy) throw std::runtime_error("the policy does not load: " + policy.error().message);
    return std::move(*policy);
}

std::string replaced(std::string text, const std::string& what, const std::string& with) {
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) {
        text.replace(at, what.size(), with);
    }
    return text;
}

}  // namespace

policy::PolicyPtr annotation_sync(const std::string& sources, const std::string& name) {
    auto text = bindings::read_policy_file(source_directory() + "/policies/annotation-sync/policy.lua");
    if (!text) throw std::runtime_error(text.error().message);
    text->name = name;
    text->settings_json = Json{{"namespace", sources}}.dump();
    return loaded(*text);
}

policy::PolicyPtr shipped_policy(const std::string& name) {
    auto text = bindings::read_policy_file(source_directory() + "/policies/" + name + "/policy.lua");
    if (!text) throw std::runtime_error(text.error().message);
    text->name = name;
    return loaded(*text);
}

policy::PolicyPtr policy_of(const World& world, std::string lua, const std::string& name) {
    lua = replaced(replaced(std::move(lua), "@SOURCES@", world.sources()), "@ID@", world.id());
    bindings::PolicyText text;
    text.name = name;
    text.file = "policies/" + name + "/policy.lua";
    text.text = std::move(lua);
    return loaded(text);
}

}  // namespace moontide::test
