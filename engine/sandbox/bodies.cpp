#include "sandbox/bodies.hpp"

#include "sandbox/json_at.hpp"
#include "sandbox/schema.hpp"

#include <algorithm>
#include <cstddef>
#include <string_view>

#include <fmt/format.h>

namespace moontide::sandbox {

namespace {

/// What strict decoding complains of: by the text's order where the real server decodes the text itself.
std::vector<std::string> notes_of(const KindRow& kind, const Body& body, const std::vector<std::string>& unknown) {
    struct Fault {
        std::string path;
        const char* what;
        std::ptrdiff_t place;  ///< in the text; else in the order of the finding
    };
    std::vector<Fault> faults;
    for (const auto& path : body.duplicates) faults.push_back({path, "duplicate", std::ssize(faults)});
    for (const auto& path : unknown) faults.push_back({path, "unknown", std::ssize(faults)});
    if (faults.size() > 1 && !kind.custom && !body.json.empty()) {
        const auto paths = field_paths(body.json);
        for (auto& fault : faults) {
            auto found = std::ranges::find(paths, fault.path);
            // It is the second one of the two that stands there again.
            if (std::string_view(fault.what) == "duplicate" && found != paths.end())
                found = std::find(found + 1, paths.end(), fault.path);
            fault.place = found - paths.begin();
        }
        std::ranges::sort(faults, {}, &Fault::place);
    }
    std::vector<std::string> notes;
    for (const auto& fault : faults) notes.push_back(fmt::format("{} field {}", fault.what, in_quotes(fault.path)));
    return notes;
}

}  // namespace

bool fits(const KindRow& kind, Body& body, FieldValidation validation, std::vector<std::string>& warnings,
          std::string& why) {
    auto decoded = fit(kind, body.tree);
    if (!decoded.error.empty()) {
        why = decoded.error;
        return false;
    }
    auto notes = notes_of(kind, body, decoded.unknown);
    if (validation == FieldValidation::warn) {
        warnings.insert(warnings.end(), notes.begin(), notes.end());
        return true;
    }
    if (validation != FieldValidation::strict || notes.empty()) return true;
    why = "strict decoding error: ";
    for (const auto& note : notes) why += (why.ends_with(": ") ? "" : ", ") + note;
    return false;
}

namespace {

/// Objects of custom kinds have to say what they are.
Outcome<Json> read_custom(const KindRow& kind, const Request& request, FieldValidation validation, Body body,
                          std::vector<std::string>& warnings) {
    const auto of_kind = text_at(body.tree, "kind");
    const auto api_version = text_at(body.tree, "apiVersion");
    if (of_kind.empty()) {
        return refuse(bad_request(fmt::format(
            "the object provided is unrecognized (must be of type {}): Object 'Kind' is missing in '{}' ({})",
            kind.kind, request.body, in_short(request.body))));
    }
    std::string why;
    const bool well = fits(kind, body, validation, warnings, why);
    if (api_version != kind.api_version()) {
        return refuse(
            bad_request(fmt::format("the API version in the data ({}) does not match the expected API version ({})",
                                    api_version.empty() ? "/" : api_version, kind.api_version())));
    }
    if (!well) {
        return refuse(bad_request(
            fmt::format("{} in version \"{}\" cannot be handled as a {}: {}", of_kind, kind.version, kind.kind, why)));
    }
    if (of_kind != kind.kind) {
        Complaints complaints;
        complaints.invalid("kind", of_kind, "must be " + kind.kind);
        const auto metadata = body.tree.value("metadata", Json::object());
        return refuse(invalid(of_kind, kind.group, text_at(metadata, "name"), complaints));
    }
    return std::move(body.tree);
}

}  // namespace

Outcome<Json> read_object(const KindRow& kind, const Request& request, FieldValidation validation,
                          std::vector<std::string>& warnings) {
    auto body = decode_object(kind, request.content_type, request.body);
    if (!body) return refuse(body.error());
    if (kind.custom) return read_custom(kind, request, validation, std::move(*body), warnings);
    const auto of_kind = text_at(body->tree, "kind");
    const auto api_version = text_at(body->tree, "apiVersion");
    const auto unusable = [&](const std::string& why) {
        const auto version = api_version.empty() ? kind.version : api_version.substr(api_version.rfind('/') + 1);
        return refuse(bad_request(fmt::format("{} in version \"{}\" cannot be handled as a {}: {}",
                                              of_kind.empty() ? kind.kind : of_kind, version, kind.kind, why)));
    };
    if (!api_version.empty() && api_version != kind.api_version()) {
        return unusable(fmt::format("no kind {} is registered for version {} in scheme \"pkg/runtime/scheme.go:111\"",
                                    in_quotes(of_kind), in_quotes(api_version)));
    }
    if (!of_kind.empty() && of_kind != kind.kind) {
        return unusable(fmt::format("converting (v1.{}) to (core.{}): unknown conversion", of_kind, kind.kind));
    }
    std::string why;
    if (!fits(kind, *body, validation, warnings, why)) return unusable(why);
    body->tree["kind"] = kind.kind;
    body->tree["apiVersion"] = kind.api_version();
    return std::move(body->tree);
}

}  // namespace moontide::sandbox
