#include "policy/kind_of.hpp"

#include <string_view>

#include <simdjson.h>

namespace moontide::policy {

std::optional<kube::Kind> kind_of(const kube::Object& object) {
    simdjson::ondemand::parser parser;
    const simdjson::padded_string text(object.json());
    simdjson::ondemand::document document;
    simdjson::ondemand::object fields;
    if (parser.iterate(text).get(document) != simdjson::SUCCESS) return std::nullopt;
    if (document.get_object().get(fields) != simdjson::SUCCESS) return std::nullopt;
    kube::Kind kind;
    for (auto field : fields) {
        std::string_view key;
        if (field.unescaped_key().get(key) != simdjson::SUCCESS) return std::nullopt;
        std::string* wanted = nullptr;
        if (key == "kind") wanted = &kind.kind;
        if (key == "apiVersion") wanted = &kind.api_version;
        if (!wanted) continue;
        std::string_view value;
        if (field.value().get_string().get(value) != simdjson::SUCCESS) return std::nullopt;
        *wanted = value;
        if (!kind.kind.empty() && !kind.api_version.empty()) return kind;
    }
    return std::nullopt;
}

bool same_kind(const kube::Kind& one, const kube::Kind& other) {
    return one.kind == other.kind && one.group() == other.group();
}

}  // namespace moontide::policy
