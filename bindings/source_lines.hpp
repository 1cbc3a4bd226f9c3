// Where in a policy's text each slot and field stands, for messages.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace moontide::bindings {

/// "from" and "labels" make "from.labels", and a key that is no word makes "from.labels['a/b']".
std::string joined(const std::string& path, std::string_view key);
/// "from" and 2 make "from[2]".
std::string joined(const std::string& path, std::size_t position);

/// The lines of the table that the file returns, read from its text: Lua keeps no lines for tables.
class SourceLines {
public:
    SourceLines() = default;
    explicit SourceLines(std::string_view text);

    /// Of the slot or field, or of the nearest thing around it; at least 1.
    int line(std::string path) const;

private:
    std::map<std::string, int> lines_;
    int returned_ = 1;
};

}  // namespace moontide::bindings
