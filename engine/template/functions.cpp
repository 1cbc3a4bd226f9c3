#include "template/functions.hpp"

#include <algorithm>
#include <array>

namespace moontide::templates {
namespace {

template <Parameter... parameters>
constexpr std::array<Parameter, sizeof...(parameters)> list_of{parameters...};

template <Parameter... parameters>
constexpr Signature takes(std::string_view name, Body body) {
    return {name, list_of<parameters...>, false, body};
}

/// The last one any number of times.
template <Parameter... parameters>
constexpr Signature repeats(std::string_view name, Body body) {
    return {name, list_of<parameters...>, true, body};
}

using enum Parameter;

constexpr Signature table[] = {
    repeats<reflected, reflected>("and", nullptr),
    takes<text>("b64dec", b64dec_function),
    takes<text>("b64enc", b64enc_function),
    repeats<reflected, reflected>("call", call_function),
    repeats<any>("coalesce", coalesce_function),
    takes<text, text>("contains", contains_function),
    repeats<any, any>("default", default_function),
    repeats<any>("dict", dict_function),
    repeats<reflected, reflected>("eq", eq_function),
    takes<text>("fromYaml", from_yaml_function),
    takes<reflected, reflected>("ge", ge_function),
    takes<map, text>("get", get_function),
    takes<reflected, reflected>("gt", gt_function),
    takes<map, text>("hasKey", has_key_function),
    takes<text, text>("hasPrefix", has_prefix_function),
    takes<text, text>("hasSuffix", has_suffix_function),
    repeats<any>("html", html_function),
    takes<integer, text>("indent", indent_function),
    repeats<reflected, reflected>("index", index_function),
    takes<text, any>("join", join_function),
    repeats<any>("js", js_function),
    repeats<map>("keys", keys_function),
    takes<reflected, reflected>("le", le_function),
    takes<reflected>("len", len_function),
    repeats<any>("list", list_function),
    takes<text>("lower", lower_function),
    takes<reflected, reflected>("lt", lt_function),
    takes<reflected, reflected>("ne", ne_function),
    takes<integer, text>("nindent", nindent_function),
    takes<reflected>("not", not_function),
    repeats<reflected, reflected>("or", nullptr),
    repeats<any>("print", print_function),
    repeats<text, any>("printf", printf_function),
    repeats<any>("println", println_function),
    repeats<any>("quote", quote_function),
    takes<text, text>("regexMatch", regex_match_function),
    takes<text, text, text>("regexReplaceAll", regex_replace_all_function),
    takes<text, text, text>("replace", replace_function),
    takes<text, any>("required", required_function),
    takes<text>("sha256sum", sha256sum_function),
    repeats<reflected, reflected>("slice", slice_function),
    takes<any>("sortAlpha", sort_alpha_function),
    takes<text, text>("split", split_function),
    takes<any, any, boolean>("ternary", ternary_function),
    takes<any>("toJson", to_json_function),
    takes<any>("toYaml", to_yaml_function),
    takes<text>("trim", trim_function),
    takes<text, text>("trimAll", trim_all_function),
    takes<text, text>("trimPrefix", trim_prefix_function),
    takes<text, text>("trimSuffix", trim_suffix_function),
    takes<text>("upper", upper_function),
    repeats<any>("urlquery", urlquery_function),
};

static_assert(std::ranges::is_sorted(table, {}, &Signature::name));

}  // namespace

std::string_view name_of(Parameter parameter) {
    switch (parameter) {
        case Parameter::reflected:
            return "reflect.Value";
        case Parameter::any:
            return "interface {}";
        case Parameter::text:
            return "string";
        case Parameter::integer:
            return "int";
        case Parameter::boolean:
            return "bool";
        case Parameter::map:
            return "map[string]interface {}";
    }
    return "interface {}";
}

const Signature* find_function(std::string_view name) {
    const auto* found = std::ranges::lower_bound(table, name, {}, &Signature::name);
    return found != std::end(table) && found->name == name ? found : nullptr;
}

}  // namespace moontide::templates
