#include "template/meter.hpp"

#include "template/failure.hpp"

#include <fmt/format.h>

namespace moontide::templates {

void Meter::step(std::size_t count) {
    budget_.steps -= static_cast<std::int64_t>(count);
    if (budget_.steps < 0) {
        budget_.steps = 0;
        throw Exhausted("more steps than the template may take");
    }
}

void Meter::check_length(std::size_t size) const {
    if (size > longest()) throw Exhausted(fmt::format("a text longer than {} bytes", longest()));
}

Value Meter::text(std::string made) {
    check_length(made.size());
    bytes(made.size());
    return Value::of(std::move(made));
}

Json Meter::copy(const Value& value) {
    if (value.type() == Type::text) {
        bytes(value.size());
    } else if (value.is_list() || value.is_map()) {
        weigh(value.json(), 1);
    }
    return value.to_json();
}

void Meter::weigh(const Json& json, std::size_t depth) {
    // One less than what is printed: the copy becomes an element.
    if (depth >= deepest_value) throw Exhausted(fmt::format("a value deeper than {}", deepest_value));
    step();
    if (json.is_string()) {
        bytes(json.get_ref<const std::string&>().size());
    } else if (json.is_object()) {
        for (const auto& [key, element] : json.items()) {
            bytes(key.size());
            weigh(element, depth + 1);
        }
    } else if (json.is_array()) {
        for (const Json& element : json) weigh(element, depth + 1);
    }
}

}  // namespace moontide::templates
