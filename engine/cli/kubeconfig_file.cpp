#include "cli/kubeconfig_file.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

namespace moontide::cli {

namespace {

/// mkstemps(3) makes the file new and with mode 0600.
Result<std::string> write_new(std::string pattern, int suffix, std::string_view text) {
    const auto failed = [&](const char* what) {
        return fail(fmt::format("{} {}: {}", pattern, what, std::strerror(errno)));
    };
    const int descriptor = mkstemps(pattern.data(), suffix);
    if (descriptor < 0) return failed("cannot be made");
    bool whole = true;
    for (std::string_view rest = text; whole && !rest.empty();) {
        const auto written = write(descriptor, rest.data(), rest.size());
        whole = written > 0;
        if (whole) rest.remove_prefix(static_cast<std::size_t>(written));
    }
    const bool closed = close(descriptor) == 0;
    if (whole && closed) return pattern;
    const auto error = failed("cannot be written");
    unlink(pattern.c_str());
    return error;
}

}  // namespace

Result<void> write_kubeconfig(const std::string& file, std::string_view text) {
    const auto fresh = TRY(write_new(file + ".XXXXXX", 0, text));
    if (std::rename(fresh.c_str(), file.c_str()) == 0) return {};
    const auto why = std::string(std::strerror(errno));
    unlink(fresh.c_str());
    return fail(fmt::format("{} cannot be written: {}", file, why));
}

Result<TemporaryKubeconfig> TemporaryKubeconfig::write(std::string_view text) {
    std::error_code error;
    auto directory = std::filesystem::temp_directory_path(error);
    if (error) directory = "/tmp";
    constexpr std::string_view ending = ".kubeconfig";
    return TemporaryKubeconfig(
        TRY(write_new((directory / "moontide-XXXXXX").string().append(ending), static_cast<int>(ending.size()), text)));
}

TemporaryKubeconfig::TemporaryKubeconfig(TemporaryKubeconfig&& other) noexcept
    : file_(std::exchange(other.file_, {})) {}

TemporaryKubeconfig::~TemporaryKubeconfig() {
    if (!file_.empty()) unlink(file_.c_str());
}

}  // namespace moontide::cli
