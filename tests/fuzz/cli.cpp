// The config file.
#include "cli/config.hpp"
#include "fuzz/fuzzer.hpp"

namespace moontide::fuzz {

MOONTIDE_FUZZER(config) {
    const auto config = cli::parse_config(input, "config.yaml", {"annotation-sync", "copy"});
    if (!config) require(config.error().message.starts_with("config.yaml"), "an error of a config names its file");
}

}  // namespace moontide::fuzz
