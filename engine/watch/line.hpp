// One line of a watch stream:
// https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "kube/object.hpp"
#include "watch/ingest.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace moontide::watch {

/// Why a list or a watch did not go on: what a Status object says, or, with status 0, what the transport did.
struct Failure {
    int status = 0;
    std::string message;
    std::optional<Milliseconds> retry_after = std::nullopt;

    bool operator==(const Failure&) const = default;
};

struct EventLine {
    EventType type = EventType::added;
    std::string_view object_json;
};
struct BookmarkLine {
    kube::ResourceVersion version = 0;
    bool initial_events_end = false;  ///< ends the list that a watch with sendInitialEvents begins with
};
struct ErrorLine {
    Failure failure;
};
using Line = std::variant<EventLine, BookmarkLine, ErrorLine>;

/// One a thread; the views of an EventLine live as long as the text that was read and until the next read.
class LineReader {
public:
    LineReader();
    ~LineReader();
    LineReader(LineReader&&) noexcept;
    LineReader& operator=(LineReader&&) noexcept;

    /// The object of an event is cut out, not yet read.
    Result<Line> read(std::string_view line);

private:
    struct Implementation;
    std::unique_ptr<Implementation> self_;
};

/// Puts the chunks of a stream together to lines. A line has at most `limit` bytes.
class LineSplitter {
public:
    explicit LineSplitter(std::size_t limit) : limit_(limit) {}

    /// Calls `take(line)` for each line that `chunk` ends, until it returns false. An error is a line that is too long.
    template <typename Take>
    Result<void> feed(std::string_view chunk, Take&& take) {
        while (!chunk.empty()) {
            const auto newline = chunk.find('\n');
            const auto piece = chunk.substr(0, newline);
            if (rest_.size() + piece.size() > limit_) return too_long();
            if (newline == std::string_view::npos) {
                rest_.append(piece);
                return {};
            }
            chunk.remove_prefix(newline + 1);
            bool go_on = true;
            if (rest_.empty()) {
                if (!piece.empty()) go_on = take(piece);
            } else {
                rest_.append(piece);
                const std::string line = std::exchange(rest_, {});
                go_on = take(std::string_view(line));
            }
            if (!go_on) return {};
        }
        return {};
    }
    void clear() { rest_ = {}; }

private:
    std::unexpected<Error> too_long() const;

    std::size_t limit_;
    std::string rest_;
};

}  // namespace moontide::watch
