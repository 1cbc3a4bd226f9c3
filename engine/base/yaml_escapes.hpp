// Texts of YAML as yaml-cpp hands them on, made UTF-8.
#pragma once

#include <string>

namespace moontide {

/// yaml-cpp writes the escapes \N (next line, U+0085) and \_ (no-break space, U+00A0) of a text in double quotes as the
/// single bytes 85 and A0. Gives each that belongs to no character the byte C2 before it; all else stays as it is.
/// https://yaml.org/spec/1.2.2/#57-escaped-characters
std::string with_yaml_escapes(std::string text);

}  // namespace moontide
