// A parser under attack: what reads text that we did not write, and what must hold of whatever it makes of it.
#pragma once

#include <string_view>
#include <vector>

namespace moontide::fuzz {

/// Takes any bytes and must return, whatever they are; state that one run leaves must not change the next.
struct Fuzzer {
    const char* name;  ///< of the folder of its corpus too
    void (*run)(std::string_view input);
};

/// All of them, in the order of their names.
const std::vector<Fuzzer>& fuzzers();
/// Null where there is none of that name.
const Fuzzer* find(std::string_view name);

/// Ends the process where `holds` is not so; a claim about the parser is broken.
void require(bool holds, const char* claim);

struct Registration {
    Registration(const char* name, void (*run)(std::string_view));
};

}  // namespace moontide::fuzz

/// MOONTIDE_FUZZER(name) { … } defines one; `input` is what it reads.
#define MOONTIDE_FUZZER(name)                                                  \
    static void fuzz_##name(std::string_view input);                           \
    static const ::moontide::fuzz::Registration at_##name(#name, fuzz_##name); \
    static void fuzz_##name([[maybe_unused]] std::string_view input)
