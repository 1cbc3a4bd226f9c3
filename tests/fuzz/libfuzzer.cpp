// The door for libFuzzer: `fuzz --fuzzer=NAME [libFuzzer's own flags] CORPUS...`; `fuzz --list` names them all.
// https://llvm.org/docs/LibFuzzer.html
#include "fuzz/fuzzer.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace {

const moontide::fuzz::Fuzzer* chosen = nullptr;

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
    // libFuzzer passes over what begins with two dashes.
    constexpr std::string_view flag = "--fuzzer=";
    for (int at = 1; at < *argc; ++at) {
        const std::string_view argument = (*argv)[at];
        if (argument == "--list") {
            for (const auto& one : moontide::fuzz::fuzzers()) std::puts(one.name);
            std::exit(0);
        }
        if (argument.starts_with(flag)) chosen = moontide::fuzz::find(argument.substr(flag.size()));
    }
    if (chosen == nullptr) {
        std::fputs("which one? --fuzzer=NAME, one of those that --list prints\n", stderr);
        std::exit(2);
    }
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    chosen->run(std::string_view(reinterpret_cast<const char*>(bytes), size));
    return 0;
}
