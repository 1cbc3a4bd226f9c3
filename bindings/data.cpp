#include "bindings/data.hpp"

#include "bindings/bytes.hpp"
#include "bindings/convert.hpp"

#include <fmt/format.h>

namespace moontide::bindings {

bool has_data(const kube::Kind& kind) {
    return kind.api_version == "v1" && (kind.kind == "ConfigMap" || kind.kind == "Secret");
}

Result<void> Data::add(const nlohmann::json& object, const kube::Kind& kind) {
    const auto section = [&](const char* name, Section as) -> Result<void> {
        const auto found = object.find(name);
        if (found == object.end() || !found->is_object()) return {};
        for (const auto& [key, value] : found->items()) {
            if (!value.is_string()) return fail(fmt::format("{}.{} is no text", name, key));
            entries_[key] = Entry{as, value.get<std::string>()};
        }
        return {};
    };
    TRY_VOID(section("data", kind.kind == "Secret" ? Section::secret : Section::text));
    if (kind.kind == "ConfigMap") TRY_VOID(section("binaryData", Section::binary));
    return {};
}

std::string Data::decoded(const Entry& entry) {
    if (entry.section == Section::text) return entry.value;
    return base64_decoded(entry.value).value_or("");
}

std::string Data::encoded(const Entry& entry) {
    return entry.section == Section::text ? base64(entry.value) : entry.value;
}

void Data::put(const std::string& key, std::string_view bytes) {
    const auto found = entries_.find(key);
    const bool stays_binary = found != entries_.end() && found->second.section == Section::binary;
    if (stays_binary || !is_utf8(bytes)) {
        entries_[key] = Entry{Section::binary, base64(bytes)};
    } else {
        entries_[key] = Entry{Section::text, std::string(bytes)};
    }
}

void Data::replace(const std::map<std::string, std::string>& all) {
    std::erase_if(entries_, [&](const auto& entry) { return !all.contains(entry.first); });
    for (const auto& [key, bytes] : all) put(key, bytes);
}

std::vector<std::string> Data::keys() const {
    std::vector<std::string> keys;
    for (const auto& [key, entry] : entries_) keys.push_back(key);
    return keys;
}

Result<void> Data::rename(const std::map<std::string, std::string>& names) {
    std::map<std::string, Entry> renamed;
    for (auto& [key, entry] : entries_) {
        const auto name = names.find(key);
        if (name == names.end()) continue;
        if (!renamed.emplace(name->second, std::move(entry)).second) {
            return fail(fmt::format("two keys become '{}'", name->second));
        }
    }
    entries_ = std::move(renamed);
    return {};
}

std::map<std::string, std::string> Data::bytes() const {
    std::map<std::string, std::string> all;
    for (const auto& [key, entry] : entries_) all.emplace(key, decoded(entry));
    return all;
}

void Data::write(nlohmann::json& fields, const kube::Kind& kind) const {
    fields.erase("data");
    fields.erase("binaryData");
    for (const auto& [key, entry] : entries_) {
        if (kind.kind == "Secret") {
            fields["data"][key] = encoded(entry);
        } else if (entry.section == Section::binary) {
            fields["binaryData"][key] = entry.value;
        } else if (const std::string bytes = decoded(entry); is_utf8(bytes)) {
            fields["data"][key] = bytes;
        } else {
            fields["binaryData"][key] = encoded(entry);
        }
    }
}

}  // namespace moontide::bindings
