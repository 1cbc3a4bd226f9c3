// sprig's and Helm's functions that choose between values.
#include "template/failure.hpp"
#include "template/functions.hpp"

#include <algorithm>

namespace moontide::templates {

Value default_function(Meter&, Arguments arguments) {
    // With one argument, that is the default itself.
    return arguments.size() > 1 && arguments[1].truth() ? arguments[1] : arguments[0];
}

Value required_function(Meter&, Arguments arguments) {
    const Value& value = arguments[1];
    if (value.nil() || (value.type() == Type::text && value.text().empty())) throw CallFailure(arguments[0].text());
    return value;
}

Value coalesce_function(Meter&, Arguments arguments) {
    const auto found = std::ranges::find_if(arguments, &Value::truth);
    return found == arguments.end() ? Value::null() : *found;
}

Value ternary_function(Meter&, Arguments arguments) {
    return arguments[arguments[2].boolean() ? 0 : 1];
}

}  // namespace moontide::templates
