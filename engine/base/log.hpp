// Log lines for people (text) and machines (json): a sentence and the names that it is about.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace moontide::log {

enum class Level { debug, info, warn, error };
enum class Format { text, json };

/// A name and its value beside the sentence: {"configmap", "flux-system/shared"}.
using Field = std::pair<std::string_view, std::string_view>;
using Fields = std::initializer_list<Field>;

/// Call once before the first line; lines go to stderr.
void configure(Format format, Level level);

/// Any thread. Never put a Secret's value into a field.
void debug(std::string_view sentence, Fields fields = {});
void info(std::string_view sentence, Fields fields = {});
void warn(std::string_view sentence, Fields fields = {});
void error(std::string_view sentence, Fields fields = {});

}  // namespace moontide::log
