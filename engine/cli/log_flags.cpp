#include "cli/log_flags.hpp"

#include "base/log.hpp"
#include "base/nearest.hpp"

#include <array>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace moontide::cli {

namespace {

template <typename Value, std::size_t Count>
Result<Value> chosen(std::string_view flag, const std::string& text,
                     const std::array<std::pair<std::string_view, Value>, Count>& choices) {
    std::vector<std::string_view> names;
    for (const auto& [name, value] : choices) {
        if (name == text) return value;
        names.push_back(name);
    }
    std::string all;
    for (const auto name : names) all.append(all.empty() ? "" : ", ").append(name);
    return fail(fmt::format("{} '{}' is none of {}{}", flag, text, all, suggestion(text, names)));
}

}  // namespace

void LogFlags::add_to(CLI::App& command) {
    command.add_option("--log-format", format, "text or json")->capture_default_str();
    command.add_option("--log-level", level, "debug, info, warn or error")->capture_default_str();
}

Result<void> LogFlags::apply() const {
    static constexpr std::array<std::pair<std::string_view, log::Format>, 2> formats{
        {{"text", log::Format::text}, {"json", log::Format::json}}};
    static constexpr std::array<std::pair<std::string_view, log::Level>, 4> levels{{{"debug", log::Level::debug},
                                                                                    {"info", log::Level::info},
                                                                                    {"warn", log::Level::warn},
                                                                                    {"error", log::Level::error}}};
    const auto chosen_format = TRY(chosen("--log-format", format, formats));
    const auto chosen_level = TRY(chosen("--log-level", level, levels));
    log::configure(chosen_format, chosen_level);
    return {};
}

std::string user_agent() {
    return "moontide/" MOONTIDE_VERSION " (linux)";
}

}  // namespace moontide::cli
