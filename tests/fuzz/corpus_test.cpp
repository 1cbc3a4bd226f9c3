// What was once kept stays harmless, in every build: the corpora run through their fuzzers without libFuzzer.
#include "fuzz/fuzzer.hpp"
#include "source_directory.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include <catch2/catch.hpp>

namespace moontide::fuzz {

TEST_CASE("every input that is kept runs through its fuzzer") {
    const std::filesystem::path corpora = std::filesystem::path(test::source_directory()) / "tests/fuzz/corpus";
    std::set<std::string> known;
    for (const auto& fuzzer : fuzzers()) {
        known.insert(fuzzer.name);
        INFO(fuzzer.name);
        std::size_t ran = 0;
        REQUIRE(std::filesystem::is_directory(corpora / fuzzer.name));
        for (const auto& entry : std::filesystem::directory_iterator(corpora / fuzzer.name)) {
            std::ifstream file(entry.path(), std::ios::binary);
            const std::string input{std::istreambuf_iterator<char>(file), {}};
            fuzzer.run(input);
            ++ran;
        }
        CHECK(ran > 0);
    }
    for (const auto& folder : std::filesystem::directory_iterator(corpora)) {
        INFO(folder.path().string());
        CHECK(known.contains(folder.path().filename().string()));
    }
}

}  // namespace moontide::fuzz
