// The functions that templates call: Go's own, and those of sprig and Helm that configuration uses.
#pragma once

#include "template/meter.hpp"
#include "template/value.hpp"

#include <cstddef>
#include <span>
#include <string_view>

namespace moontide::templates {

using Arguments = std::span<const Value>;

/// What an argument must be. `any` is interface{}, `reflected` reflect.Value: they differ in what nil becomes.
enum class Parameter { reflected, any, text, integer, boolean, map };

std::string_view name_of(Parameter parameter);

/// Throws CallFailure, whose words follow "error calling NAME: ".
using Body = Value (*)(Meter&, Arguments);

struct Signature {
    std::string_view name;
    std::span<const Parameter> parameters;  ///< the last one is repeated where `variadic`
    bool variadic;
    Body body;  ///< null for `and` and `or`, which evaluate no more arguments than they need

    /// Those that must be there.
    std::size_t fixed() const { return parameters.size() - (variadic ? 1 : 0); }
    Parameter parameter(std::size_t index) const {
        return parameters[index < parameters.size() ? index : parameters.size() - 1];
    }
};

/// Null where there is none of that name.
const Signature* find_function(std::string_view name);

// text/template's.
Value index_function(Meter& meter, Arguments arguments);
Value slice_function(Meter& meter, Arguments arguments);
Value len_function(Meter& meter, Arguments arguments);
Value call_function(Meter& meter, Arguments arguments);
Value not_function(Meter& meter, Arguments arguments);
Value print_function(Meter& meter, Arguments arguments);
Value printf_function(Meter& meter, Arguments arguments);
Value println_function(Meter& meter, Arguments arguments);
Value html_function(Meter& meter, Arguments arguments);
Value js_function(Meter& meter, Arguments arguments);
Value urlquery_function(Meter& meter, Arguments arguments);
Value eq_function(Meter& meter, Arguments arguments);
Value ne_function(Meter& meter, Arguments arguments);
Value lt_function(Meter& meter, Arguments arguments);
Value le_function(Meter& meter, Arguments arguments);
Value gt_function(Meter& meter, Arguments arguments);
Value ge_function(Meter& meter, Arguments arguments);

// Choices.
Value default_function(Meter& meter, Arguments arguments);
Value required_function(Meter& meter, Arguments arguments);
Value coalesce_function(Meter& meter, Arguments arguments);
Value ternary_function(Meter& meter, Arguments arguments);

// Texts.
Value quote_function(Meter& meter, Arguments arguments);
Value upper_function(Meter& meter, Arguments arguments);
Value lower_function(Meter& meter, Arguments arguments);
Value trim_function(Meter& meter, Arguments arguments);
Value trim_all_function(Meter& meter, Arguments arguments);
Value trim_prefix_function(Meter& meter, Arguments arguments);
Value trim_suffix_function(Meter& meter, Arguments arguments);
Value replace_function(Meter& meter, Arguments arguments);
Value contains_function(Meter& meter, Arguments arguments);
Value has_prefix_function(Meter& meter, Arguments arguments);
Value has_suffix_function(Meter& meter, Arguments arguments);
Value indent_function(Meter& meter, Arguments arguments);
Value nindent_function(Meter& meter, Arguments arguments);

// Lists and maps.
Value split_function(Meter& meter, Arguments arguments);
Value join_function(Meter& meter, Arguments arguments);
Value list_function(Meter& meter, Arguments arguments);
Value dict_function(Meter& meter, Arguments arguments);
Value get_function(Meter& meter, Arguments arguments);
Value has_key_function(Meter& meter, Arguments arguments);
Value keys_function(Meter& meter, Arguments arguments);
Value sort_alpha_function(Meter& meter, Arguments arguments);

// Encodings, digests and regular expressions.
Value b64enc_function(Meter& meter, Arguments arguments);
Value b64dec_function(Meter& meter, Arguments arguments);
Value sha256sum_function(Meter& meter, Arguments arguments);
Value to_json_function(Meter& meter, Arguments arguments);
Value to_yaml_function(Meter& meter, Arguments arguments);
Value from_yaml_function(Meter& meter, Arguments arguments);
Value regex_match_function(Meter& meter, Arguments arguments);
Value regex_replace_all_function(Meter& meter, Arguments arguments);

/// sprig's strval: a text itself, all else as %v.
std::string plain_text(Meter& meter, const Value& value);
/// sprig's strslice: the texts of a list without its nils, of one value, or none of nil.
std::vector<std::string> plain_texts(Meter& meter, const Value& value);

}  // namespace moontide::templates
