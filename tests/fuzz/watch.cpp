// What an API server sends: the lines of a watch and the pages of a list.
#include "fuzz/fuzzer.hpp"
#include "kube/object.hpp"
#include "watch/line.hpp"
#include "watch/page.hpp"

#include <algorithm>
#include <string>
#include <variant>

namespace moontide::fuzz {

namespace {

constexpr std::size_t longest_line = std::size_t{1} << 20;

}  // namespace

/// A stream in pieces whose size is its first byte; the lines do not depend on where it is cut.
MOONTIDE_FUZZER(watch_stream) {
    if (input.empty()) return;
    const std::size_t piece = std::size_t{static_cast<unsigned char>(input.front())} + 1;
    input.remove_prefix(1);
    kube::Reader objects;
    watch::LineReader lines;
    std::size_t in_pieces = 0;
    std::size_t in_one = 0;
    const auto read = [&](std::string_view line) {
        ++in_pieces;
        const auto what = lines.read(line);
        if (!what) return true;
        if (const auto* event = std::get_if<watch::EventLine>(&*what)) (void)objects.metadata(event->object_json);
        return true;
    };
    watch::LineSplitter pieces(longest_line);
    for (auto rest = input; !rest.empty(); rest.remove_prefix(std::min(piece, rest.size()))) {
        (void)pieces.feed(rest.substr(0, piece), read);
    }
    watch::LineSplitter whole(longest_line);
    (void)whole.feed(input, [&](std::string_view) {
        ++in_one;
        return true;
    });
    require(in_pieces == in_one, "a stream has the same lines wherever it is cut");
}

MOONTIDE_FUZZER(list_page) {
    auto page = watch::Page::read(std::string(input));
    if (!page) return;
    kube::Reader objects;
    (void)page->for_each([&](std::string_view item) -> Result<void> {
        (void)objects.metadata(item);
        return {};
    });
}

}  // namespace moontide::fuzz
