// From tokens to trees, with the checks and the messages of text/template/parse/parse.go.
#pragma once

#include "template/tree.hpp"

#include <string>
#include <string_view>

namespace moontide::templates {

/// The templates of a text: the one called `name`, and those that it defines. Throws Failure with Go's message,
/// `template: NAME:LINE: ...`, also where a function is called that there is not, and where branches and parentheses
/// are nested deeper than deepest_nesting.
Trees parse(const std::string& name, std::string_view text);

}  // namespace moontide::templates
