// Floating-point numbers in decimal, binary and hexadecimal as Go's strconv.FormatFloat writes them. Pure; any thread.
#pragma once

#include <string>

namespace moontide::templates {

/// `verb` is one of e E f g G b x X; precision -1 is the shortest text that reads as the same number.
std::string real_text(double value, char verb, int precision);

}  // namespace moontide::templates
