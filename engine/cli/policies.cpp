#include "cli/policies.hpp"

#include "base/nearest.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace moontide::cli {

namespace {

namespace fs = std::filesystem;

/// A policy's name and file, where a folder's entry is one.
std::optional<std::pair<std::string, fs::path>> policy_at(const fs::path& entry) {
    const auto name = entry.filename().string();
    // A mounted ConfigMap keeps its versions in folders named ..data and ..2024_01_31: the same files once more.
    if (name.starts_with('.')) return std::nullopt;
    std::error_code error;
    if (fs::is_directory(entry, error)) {
        const auto file = entry / "policy.lua";
        if (fs::exists(file, error)) return std::pair(name, file);
    } else if (entry.extension() == ".lua") {
        return std::pair(entry.stem().string(), entry);
    }
    return std::nullopt;
}

Result<std::vector<std::pair<std::string, fs::path>>> policies_in(const std::string& folder) {
    std::vector<std::pair<std::string, fs::path>> found;
    std::error_code error;
    for (fs::directory_iterator entries(folder, error), end; !error && entries != end; entries.increment(error)) {
        if (auto policy = policy_at(entries->path())) found.push_back(std::move(*policy));
    }
    if (error) return fail(fmt::format("--policies {}: {}", folder, error.message()));
    std::ranges::sort(found);
    return found;
}

}  // namespace

Result<PolicyTexts> gather_policies(const std::vector<PolicyText>& builtins, const std::vector<std::string>& folders) {
    PolicyTexts gathered;
    std::map<std::string, PolicyText> by_name;
    std::map<std::string, std::string> file_of;
    for (const auto& builtin : builtins) {
        by_name.emplace(builtin.name, builtin);
        file_of.emplace(builtin.name, "the built-in one");
    }
    for (const auto& folder : folders) {
        const auto found = TRY(policies_in(folder));
        if (found.empty()) gathered.notes.push_back(fmt::format("--policies {}: there is no policy in it", folder));
        for (const auto& [name, path] : found) {
            const auto file = path.string();
            const auto [earlier, first] = file_of.try_emplace(name, file);
            if (!first) {
                gathered.notes.push_back(fmt::format("{} replaces {}", file, earlier->second));
                earlier->second = file;
            }
            // What was to be replaced does not run in the place of one that cannot be read.
            by_name.erase(name);
            auto text = read_text(file);
            if (text) {
                by_name.emplace(name, PolicyText{name, file, std::move(*text), false});
            } else {
                gathered.problems.push_back(text.error().message);
            }
        }
    }
    for (auto& [name, text] : by_name) gathered.texts.push_back(std::move(text));
    for (const auto& [name, file] : file_of) gathered.names.push_back(name);
    return gathered;
}

Result<void> keep_only(const std::vector<std::string>& names, PolicyTexts& texts) {
    if (names.empty()) return {};
    for (const auto& name : names) {
        if (std::ranges::find(texts.names, name) != texts.names.end()) continue;
        return fail(fmt::format("--only {}: there is no such policy{}", name,
                                suggestion(name, {texts.names.begin(), texts.names.end()})));
    }
    std::erase_if(texts.texts, [&](const auto& text) { return std::ranges::find(names, text.name) == names.end(); });
    return {};
}

LoadedPolicies load_policies(const PolicyTexts& texts, const Config& config, const Bindings& bindings) {
    LoadedPolicies loaded;
    static const PolicyConfig unconfigured;
    for (const auto& text : texts.texts) {
        const auto found = config.policies.find(text.name);
        const auto& own = found == config.policies.end() ? unconfigured : found->second;
        if (!own.enabled) {
            loaded.disabled.push_back(text.name);
            continue;
        }
        auto policy = bindings.load(text, own.settings, config.kinds);
        if (!policy) {
            loaded.problems.push_back(policy.error().message);
            continue;
        }
        loaded.policies.push_back(std::move(*policy));
    }
    return loaded;
}

}  // namespace moontide::cli
