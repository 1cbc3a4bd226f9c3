#include "fuzz/fuzzer.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace moontide::fuzz {

namespace {

std::vector<Fuzzer>& all() {
    static std::vector<Fuzzer> registered;
    return registered;
}

}  // namespace

Registration::Registration(const char* name, void (*run)(std::string_view)) {
    const auto after = std::ranges::upper_bound(all(), std::string_view(name), {},
                                                [](const Fuzzer& one) { return std::string_view(one.name); });
    all().insert(after, {name, run});
}

const std::vector<Fuzzer>& fuzzers() {
    return all();
}

const Fuzzer* find(std::string_view name) {
    const auto found = std::ranges::find(all(), name, [](const Fuzzer& one) { return std::string_view(one.name); });
    return found == all().end() ? nullptr : &*found;
}

void require(bool holds, const char* claim) {
    if (holds) return;
    std::fprintf(stderr, "does not hold: %s\n", claim);
    std::abort();
}

}  // namespace moontide::fuzz
