#include "cli/config.hpp"

#include "base/nearest.hpp"
#include "cli/yaml_tree.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace moontide::cli {

namespace {

bool is_namespace_name(std::string_view text) {
    // RFC 1123 label: https://kubernetes.io/docs/concepts/overview/working-with-objects/names/
    const auto inner = [](char letter) {
        return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || letter == '-';
    };
    return !text.empty() && text.size() <= 63 && std::ranges::all_of(text, inner) && text.front() != '-' &&
           text.back() != '-';
}

bool is_label_value(std::string_view text) {
    const auto alphanumeric = [](char letter) {
        return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9');
    };
    const auto inner = [&](char letter) {
        return alphanumeric(letter) || letter == '-' || letter == '_' || letter == '.';
    };
    return !text.empty() && text.size() <= 63 && std::ranges::all_of(text, inner) && alphanumeric(text.front()) &&
           alphanumeric(text.back());
}

/// Walks the tree and notes every mistake, so that all are told at once.
class Reading {
public:
    Reading(const std::string& file, const std::vector<std::string>& policies) : file_(file), policies_(policies) {}

    Result<Config> read(const YamlNode& root) {
        if (const auto* sections = root.map()) {
            for (const auto& section : *sections) read_section(section);
        } else if (!root.is_null()) {
            wrong(root.line, fmt::format("the file is a map of sections, not {}", root.looks()));
        }
        if (mistakes_.empty()) return std::move(config_);
        return fail(fmt::format("{}", fmt::join(mistakes_, "\n")));
    }

private:
    void wrong(int line, std::string_view what) { mistakes_.push_back(fmt::format("{}:{}: {}", file_, line, what)); }

    void read_section(const YamlNode::Entry& section) {
        static const std::vector<std::string_view> known{"controller", "policies", "limits", "kinds"};
        if (section.key == "controller") {
            read_controller(section);
        } else if (section.key == "policies") {
            read_policies(section);
        } else if (section.key == "limits") {
            read_limits(section);
        } else if (section.key == "kinds") {
            read_kinds(section);
        } else {
            config_.warnings.push_back(fmt::format("{}:{}: the section '{}' is not read{}", file_, section.line,
                                                   section.key, suggestion(section.key, known)));
        }
    }

    /// The entries of a section; an empty one has none.
    const YamlNode::Map& entries(const YamlNode::Entry& section) {
        static const YamlNode::Map none;
        if (const auto* map = section.node.map()) return *map;
        if (!section.node.is_null()) {
            wrong(section.node.line, fmt::format("'{}' is a map, not {}", section.key, section.node.looks()));
        }
        return none;
    }

    void unknown_key(const YamlNode::Entry& entry, std::string_view section,
                     const std::vector<std::string_view>& known) {
        auto hint = suggestion(entry.key, known);
        if (hint.empty()) hint = fmt::format("; there are {}", fmt::join(known, ", "));
        wrong(entry.line, fmt::format("unknown key '{}' in '{}'{}", entry.key, section, hint));
    }

    std::optional<std::string> text(const YamlNode& node, std::string_view what) {
        const auto* scalar = node.scalar();
        if (scalar != nullptr) return scalar->text;
        wrong(node.line, fmt::format("'{}' is a text, not {}", what, node.looks()));
        return std::nullopt;
    }

    void read_controller(const YamlNode::Entry& section) {
        for (const auto& entry : entries(section)) {
            if (entry.key == "excludedNamespaces") {
                read_excluded(entry.node);
            } else if (entry.key == "instance") {
                const auto instance = text(entry.node, entry.key);
                if (!instance) continue;
                if (!is_label_value(*instance)) {
                    wrong(entry.node.line, fmt::format("the instance '{}' must be usable as a label's value: letters, "
                                                       "digits, '-', '_', '.', at most 63",
                                                       *instance));
                }
                config_.instance = *instance;
            } else {
                unknown_key(entry, section.key, {"excludedNamespaces", "instance"});
            }
        }
    }

    void read_excluded(const YamlNode& node) {
        const auto* list = node.list();
        if (list == nullptr) {
            return wrong(node.line,
                         fmt::format("'excludedNamespaces' is a list, not {}; [] excludes none", node.looks()));
        }
        config_.excluded_namespaces.clear();
        for (const auto& item : *list) {
            const auto* scalar = item.scalar();
            if (scalar == nullptr || !is_namespace_name(scalar->text)) {
                wrong(item.line, fmt::format("{} is no namespace's name", item.looks()));
                continue;
            }
            config_.excluded_namespaces.insert(scalar->text);
        }
    }

    void read_policies(const YamlNode::Entry& section) {
        const std::vector<std::string_view> known(policies_.begin(), policies_.end());
        for (const auto& entry : entries(section)) {
            if (std::ranges::find(known, entry.key) == known.end()) {
                auto hint = suggestion(entry.key, known);
                if (hint.empty()) hint = fmt::format("; there are {}", fmt::join(known, ", "));
                wrong(entry.line, fmt::format("unknown policy '{}'{}", entry.key, hint));
                continue;
            }
            PolicyConfig policy;
            policy.line = entry.line;
            for (const auto& key : entries(entry)) {
                if (key.key == "enabled") {
                    read_enabled(key.node, policy);
                } else if (key.key == "settings") {
                    if (key.node.map() != nullptr) {
                        policy.settings = to_json(key.node);
                    } else if (!key.node.is_null()) {
                        wrong(key.node.line, fmt::format("'settings' is a map, not {}", key.node.looks()));
                    }
                } else {
                    unknown_key(key, "policies." + entry.key, {"enabled", "settings"});
                }
            }
            config_.policies.emplace(entry.key, std::move(policy));
        }
    }

    void read_enabled(const YamlNode& node, PolicyConfig& policy) {
        const auto value = to_json(node);
        if (value.is_boolean()) {
            policy.enabled = value.get<bool>();
        } else {
            wrong(node.line, fmt::format("'enabled' is true or false, not {}", node.looks()));
        }
    }

    void read_limits(const YamlNode::Entry& section) {
        for (const auto& entry : entries(section)) {
            if (entry.key == "mostInFlight") {
                config_.most_in_flight = number(entry, 1, 1'000);
            } else if (entry.key == "workers") {
                config_.workers = number(entry, 0, 256);
            } else if (entry.key == "vanishedLeast") {
                config_.vanished_least = number(entry, 0, 1'000'000);
            } else if (entry.key == "vanishedPercent") {
                config_.vanished_percent = number(entry, 0, 100);
            } else {
                unknown_key(entry, section.key, {"mostInFlight", "workers", "vanishedLeast", "vanishedPercent"});
            }
        }
    }

    std::optional<unsigned> number(const YamlNode::Entry& entry, unsigned least, unsigned most) {
        const auto* scalar = entry.node.scalar();
        unsigned value = 0;
        if (scalar != nullptr && !scalar->quoted) {
            const auto* end = scalar->text.data() + scalar->text.size();
            const auto [rest, error] = std::from_chars(scalar->text.data(), end, value);
            if (error == std::errc() && rest == end && value >= least && value <= most) return value;
        }
        wrong(entry.node.line,
              fmt::format("'{}' is a number from {} to {}, not {}", entry.key, least, most, entry.node.looks()));
        return std::nullopt;
    }

    void read_kinds(const YamlNode::Entry& section) {
        const auto* list = section.node.list();
        if (list == nullptr) {
            if (!section.node.is_null()) {
                wrong(section.node.line, fmt::format("'kinds' is a list, not {}", section.node.looks()));
            }
            return;
        }
        for (const auto& item : *list) {
            if (const auto kind = text(item, "kinds")) read_kind(item.line, *kind);
        }
    }

    void read_kind(int line, const std::string& text) {
        if (const auto slash = text.rfind('/'); slash != std::string::npos) {
            config_.kinds.push_back({text.substr(0, slash), text.substr(slash + 1)});
        } else if (const auto api_version = kube::own_api_version(text)) {
            config_.kinds.push_back({*api_version, text});
        } else {
            wrong(line, fmt::format("Kubernetes has no kind '{}' of its own; with its apiVersion: example.com/v1/{}",
                                    text, text));
        }
    }

    const std::string& file_;
    const std::vector<std::string>& policies_;
    Config config_;
    std::vector<std::string> mistakes_;
};

}  // namespace

Result<Config> parse_config(std::string_view text, const std::string& file, const std::vector<std::string>& policies) {
    const auto root = TRY(read_yaml_tree(text, file));
    return Reading(file, policies).read(root);
}

Result<std::string> read_text(const std::string& file, std::size_t most) {
    std::error_code error;
    if (std::filesystem::is_directory(file, error)) return fail(fmt::format("{} is a directory, not a file", file));
    std::ifstream stream(file, std::ios::binary);
    if (!stream) return fail(fmt::format("{} cannot be opened: {}", file, std::strerror(errno)));
    std::string text(most + 1, '\0');
    stream.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (stream.bad()) return fail(fmt::format("{} cannot be read: {}", file, std::strerror(errno)));
    text.resize(static_cast<std::size_t>(stream.gcount()));
    if (text.size() > most) return fail(fmt::format("{} is larger than {} bytes", file, most));
    return text;
}

}  // namespace moontide::cli
