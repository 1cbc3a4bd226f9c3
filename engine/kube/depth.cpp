#include "kube/depth.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace moontide::kube {

namespace {

/// '[' and '{', whether in texts or not. They differ in one bit, so eight bytes are compared at once; the eight counts
/// of a block stand in the bytes of one word.
std::size_t count_openers(std::string_view json) {
    constexpr std::uint64_t ones = 0x0101010101010101ULL;
    constexpr std::uint64_t low = ones * 0x7F;
    constexpr std::uint64_t pairs = 0x00FF00FF00FF00FFULL;
    std::size_t count = 0;
    std::size_t i = 0;
    while (i + 8 <= json.size()) {
        const std::size_t block_end = i + 8 * std::min<std::size_t>((json.size() - i) / 8, 255);
        std::uint64_t counts = 0;
        for (; i < block_end; i += 8) {
            std::uint64_t word = 0;
            std::memcpy(&word, json.data() + i, 8);
            const std::uint64_t difference = (word | (ones * 0x20)) ^ (ones * '{');
            // The high bit of a byte of the sum is clear where that byte of `difference` is 0.
            counts += ~(((difference & low) + low) | difference | low) >> 7U;
        }
        const std::uint64_t sums = (counts & pairs) + ((counts >> 8U) & pairs);
        count += (sums * 0x0001000100010001ULL) >> 48U;
    }
    for (; i < json.size(); ++i) count += (json[i] | 0x20) == '{';
    return count;
}

}  // namespace

bool nests_deeper_than(std::string_view json, std::size_t limit) {
    // Most objects have fewer openers than the limit altogether.
    if (count_openers(json) <= limit) return false;
    std::size_t depth = 0;
    bool in_text = false;
    for (std::size_t i = 0; i < json.size(); ++i) {
        const char c = json[i];
        if (in_text) {
            if (c == '\\') ++i;
            if (c == '"') in_text = false;
        } else if (c == '"') {
            in_text = true;
        } else if (c == '{' || c == '[') {
            if (++depth > limit) return true;
        } else if ((c == '}' || c == ']') && depth > 0) {
            --depth;
        }
    }
    return false;
}

}  // namespace moontide::kube
