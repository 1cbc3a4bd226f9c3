// How the demo looks: sentences with a mark and a time, trees, colours on a terminal.
#pragma once

#include "base/clock.hpp"

#include <mutex>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace moontide::cli {

/// Any thread; lines are written whole and flushed.
class Story {
public:
    enum class Look { plain, coloured };
    Story(std::ostream& out, Look look) : out_(out), look_(look) {}

    void title(std::string_view name, std::string_view rest);
    /// "sources   a, b"
    void fact(std::string_view name, const std::vector<std::string>& values);
    void came_true(std::string_view sentence, std::chrono::nanoseconds took);
    void did_not(std::string_view sentence, std::string_view expected, std::string_view seen);
    /// Below the sentence before: a root and what hangs on it.
    void tree(std::string_view root, const std::vector<std::string>& leaves);
    /// Below the sentence before.
    void detail(std::string_view text);
    void text(std::string_view text);
    void gap();

private:
    std::string painted(std::string_view text, const char* code) const;
    void line(const std::string& text);

    std::ostream& out_;
    Look look_;
    std::mutex mutex_;
};

/// Coloured where standard output is a terminal, unless NO_COLOR is set or TERM is dumb. https://no-color.org
Story::Look look_of_stdout();

}  // namespace moontide::cli
