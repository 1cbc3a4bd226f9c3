// Templates that owners write.
#include "template/template.hpp"

#include "fuzz/fuzzer.hpp"

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace moontide::fuzz {

namespace {

/// Text that a brace ends or begins can join its neighbour's delimiter when it is printed.
bool single_braces(std::string_view text) {
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] != '{') continue;
        if (!text.substr(at).starts_with("{{") || text.substr(at).starts_with("{{{")) return true;
        ++at;
    }
    return false;
}

}  // namespace

MOONTIDE_FUZZER(template) {
    const std::string text(input);
    const auto parsed = templates::Template::parse("t", text);
    if (!parsed) {
        require(parsed.error().message.starts_with("template: t:"), "an error of a template names its place");
        return;
    }
    if (!single_braces(input)) {
        for (const auto& [name, list] : parsed->trees()) {
            const std::string shown = templates::print(list);
            const auto again = templates::Template::parse(name, shown);
            require(again.has_value(), "what a template prints as is a template");
            require(templates::print(again->trees().at(name)) == shown, "a template is what it prints as");
        }
    }
    static const auto values = nlohmann::json::parse(
        R"({"a":1,"b":"text\n","c":[1,"x",null,2.5,true,[],{}],"m":{"k":"v","n":{"o":"p"}},"z":null,"e":"","f":1e300})");
    templates::Budget budget;
    budget.steps = 20'000;
    budget.output = 10'000;
    templates::Budget same = budget;
    const auto text_once = parsed->render(values, templates::MissingKey::no_value, budget);
    const auto text_again = parsed->render(values, templates::MissingKey::no_value, same);
    require(budget.steps >= 0 && budget.steps == same.steps, "a template takes the same steps again");
    require(text_once.has_value() == text_again.has_value(), "a template ends the same way again");
    if (text_once) {
        require(*text_once == *text_again, "a template prints the same again");
        require(text_once->size() <= budget.output, "a template prints no more than it may");
    } else {
        require(text_once.error().message.starts_with("template: t:"), "an error of a template names its place");
    }
    (void)parsed->render(values, templates::MissingKey::error, same);
}

}  // namespace moontide::fuzz
