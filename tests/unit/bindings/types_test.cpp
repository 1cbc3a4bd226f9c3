// v1.d.lua types what the loader takes: the two are compared, so that they cannot drift.
#include "bindings/fence.hpp"
#include "bindings/slots.hpp"
#include "bindings/state.hpp"
#include "source_directory.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <span>
#include <sstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

using namespace moontide::bindings;

namespace {

std::string file_text(const std::string& path) {
    std::ifstream stream(moontide::test::source_directory() + "/" + path);
    REQUIRE(stream);
    return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

/// The rest of a field's line up to where its type ends: at a blank that is outside of brackets and behind no `:`.
std::string type_of(const std::string& text) {
    int nested = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == '(' || text[at] == '<' || text[at] == '{') ++nested;
        if (text[at] == ')' || text[at] == '>' || text[at] == '}') --nested;
        if (text[at] == ' ' && nested == 0 && text[at - 1] != ':' && text[at - 1] != ',') return text.substr(0, at);
    }
    return text;
}

/// Classes of v1.d.lua: their fields, in order, with their types.
std::map<std::string, std::vector<std::pair<std::string, std::string>>> classes() {
    std::map<std::string, std::vector<std::pair<std::string, std::string>>> found;
    std::istringstream lines(file_text("bindings/v1.d.lua"));
    std::string current;
    for (std::string line; std::getline(lines, line);) {
        const std::string class_mark = "---@class ";
        const std::string field_mark = "---@field ";
        if (line.starts_with(class_mark)) {
            current = line.substr(class_mark.size());
            current = current.substr(0, current.find(':'));
        } else if (line.starts_with(field_mark)) {
            const std::string rest = line.substr(field_mark.size());
            const auto blank = rest.find(' ');
            std::string name = rest.substr(0, blank);
            if (name.ends_with('?')) name.pop_back();
            found[current].emplace_back(name, type_of(rest.substr(blank + 1)));
        }
    }
    return found;
}

std::vector<std::pair<std::string, std::string>> of_table(std::span<const Slot> slots) {
    std::vector<std::pair<std::string, std::string>> all;
    for (const Slot& slot : slots) all.emplace_back(slot.name, slot.type);
    return all;
}

}  // namespace

TEST_CASE("v1.d.lua has the slots and fields of the loader, with the same types") {
    auto typed = classes();
    CHECK(typed["moontide.Policy"] == of_table(policy_slots()));
    CHECK(typed["moontide.Selection"] == of_table(selection_fields()));
    CHECK(typed["moontide.Namespaces"] == of_table(namespace_fields()));
    CHECK(typed["moontide.Companion"] == of_table(companion_fields()));
    CHECK(typed["moontide.Keys"] == of_table(keys_fields()));
    CHECK(typed["moontide.Carry"] == of_table(carry_fields()));
    CHECK(typed["moontide.Store"] == of_table(store_fields()));
    CHECK(typed["moontide.SecretReference"] == of_table(secret_fields()));
}

TEST_CASE("v1.d.lua has the helpers that a policy has") {
    std::set<std::string> typed;
    std::istringstream lines(file_text("bindings/v1.d.lua"));
    for (std::string line; std::getline(lines, line);) {
        const std::string mark = "function moontide.";
        if (line.starts_with(mark)) typed.insert(line.substr(mark.size(), line.find('(') - mark.size()));
    }
    const auto parts = classes()["moontide.Helpers"];
    for (const auto& [name, type] : parts) {
        CHECK(type == "moontide.Codec");
        typed.insert(name + ".encode");
        typed.insert(name + ".decode");
    }
    const std::set<std::string> listed(helper_names().begin(), helper_names().end());
    CHECK(typed == listed);

    // And the table that policies see has just these.
    State state;
    REQUIRE(raise_fence(state));
    std::set<std::string> there;
    const auto outcome = state.run([&](lua_State* lua) {
        run_file(lua, "t.lua",
                 "local names = {} for name, value in pairs(moontide) do "
                 "if type(value) == 'function' then names[#names + 1] = name "
                 "else for part in pairs(value) do names[#names + 1] = name .. '.' .. part end end end "
                 "return table.concat(names, ' ')");
        std::istringstream names(lua_tostring(lua, -1));
        for (std::string name; names >> name;) there.insert(name);
    });
    if (!outcome) FAIL(outcome.error().message);
    CHECK(there == listed);
}
