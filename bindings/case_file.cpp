#include "bindings/case_file.hpp"

#include "base/nearest.hpp"
#include "bindings/bytes.hpp"
#include "bindings/words.hpp"
#include "bindings/yaml.hpp"
#include "kube/resource.hpp"

#include <algorithm>
#include <array>
#include <sstream>
#include <string_view>

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

namespace moontide::bindings {
namespace {

using Words = std::vector<std::string_view>;

const Words case_keys = {
    "title", "given", "want", "error", "refused", "waiting", "status", "settings", "excludedNamespaces", "now"};
const Words refusal_keys = {"kind", "namespace", "name", "reason", "message"};
/// What the short form of an object has instead of `metadata`.
const Words metadata_keys = {"name",       "namespace",         "labels",     "annotations",       "uid",
                             "generation", "creationTimestamp", "finalizers", "deletionTimestamp", "ownerReferences"};
constexpr std::string_view default_now = "2026-01-01T00:00:00Z";

bool among(const Words& words, std::string_view word) {
    return std::ranges::find(words, word) != words.end();
}

/// The other keys of kinds that are known; empty: any.
Words content_keys(const std::string& kind) {
    if (kind == "ConfigMap") return {"data", "binaryData", "immutable"};
    if (kind == "Secret") return {"data", "stringData", "type", "immutable"};
    if (kind == "Namespace") return {"spec", "status"};
    return {};
}

/// A map whose values are all texts, as labels and data are for the API server.
Result<void> check_texts(const Json& map, std::string_view place) {
    if (!map.is_object()) return fail(fmt::format("'{}' must be a map", place));
    for (const auto& [key, value] : map.items()) {
        if (!value.is_string()) {
            return fail(fmt::format("'{}.{}' must be text: write \"{}\"", place, key, value.dump()));
        }
    }
    return {};
}

/// `data` of a Secret from `stringData`, as the API server does it; a Secret without a type is Opaque.
Result<void> fill_secret(Json& manifest) {
    if (const auto texts = manifest.find("stringData"); texts != manifest.end()) {
        TRY_VOID(check_texts(*texts, "stringData"));
        for (const auto& [key, value] : texts->items()) manifest["data"][key] = base64(value.get<std::string>());
        manifest.erase("stringData");
    }
    if (const auto data = manifest.find("data"); data != manifest.end()) {
        TRY_VOID(check_texts(*data, "data"));
        for (const auto& [key, value] : data->items()) {
            if (!base64_decoded(value.get<std::string>())) {
                return fail(fmt::format("'data.{}' must be base64; plain text goes into 'stringData'", key));
            }
        }
    }
    if (!manifest.contains("type")) manifest["type"] = "Opaque";
    return {};
}

/// Whole manifests as they are, the short form with its metadata gathered.
Result<Json> manifest_of(const Json& object) {
    if (!object.is_object()) return fail("must be a map");
    const auto kind = object.find("kind");
    if (kind == object.end() || !kind->is_string()) return fail("has no 'kind'");
    const auto& kind_name = kind->get_ref<const std::string&>();

    Json manifest = {{"kind", kind_name}, {"metadata", Json::object()}};
    const bool whole = object.contains("metadata");
    const Words content = content_keys(kind_name);
    for (const auto& [key, value] : object.items()) {
        if (!whole && among(metadata_keys, key)) {
            manifest["metadata"][key] = value;
            continue;
        }
        const bool frame = key == "kind" || key == "apiVersion" || (whole && key == "metadata");
        if (!frame && !content.empty() && !among(content, key)) {
            Words known = content;
            known.insert(known.end(), {"apiVersion", "metadata"});
            if (!whole) known.insert(known.end(), metadata_keys.begin(), metadata_keys.end());
            return fail(fmt::format("unknown field '{}' of a {}{}", key, kind_name, suggestion(key, known)));
        }
        manifest[key] = value;
    }
    if (!manifest.contains("apiVersion")) {
        const auto own = kube::own_api_version(kind_name);
        if (!own) return fail(fmt::format("the kind '{}' is not Kubernetes' own and needs an 'apiVersion'", kind_name));
        manifest["apiVersion"] = *own;
    }
    Json& metadata = manifest["metadata"];
    if (!metadata.is_object()) return fail("'metadata' must be a map");
    if (!metadata.contains("name") || !metadata["name"].is_string()) return fail("has no 'name' that is text");
    for (const char* key : {"labels", "annotations"}) {
        if (metadata.contains(key)) TRY_VOID(check_texts(metadata[key], key));
    }
    if (kind_name == "ConfigMap") {
        for (const char* key : {"data", "binaryData"}) {
            if (manifest.contains(key)) TRY_VOID(check_texts(manifest[key], key));
        }
    }
    if (kind_name == "Secret") TRY_VOID(fill_secret(manifest));
    return manifest;
}

/// What the API server fills in, where the case does not say: the same in each run.
void fill_given(Json& manifest, std::size_t number) {
    Json& metadata = manifest["metadata"];
    const auto fill = [&](const char* key, std::string value) {
        if (!metadata.contains(key)) metadata[key] = std::move(value);
    };
    fill("uid", fmt::format("00000000-0000-4000-8000-{:012}", number));
    fill("resourceVersion", fmt::format("{}", number));
    fill("creationTimestamp", std::string(default_now));
    if (manifest["kind"] == "Namespace") {
        Json& label = metadata["labels"]["kubernetes.io/metadata.name"];
        if (label.is_null()) label = metadata["name"];
    }
}

/// Reads one document; `nodes` is the same document with its lines.
class CaseReader {
public:
    CaseReader(const Json& document, const YAML::Node& nodes, int line, const std::string& file)
        : document_(document), nodes_(nodes), line_(line), file_(file) {}

    Result<Case> read() {
        if (!document_.is_object()) return error(line_, "a case is a map with 'title', 'given' and 'want'");
        for (const auto& [key, value] : document_.items()) {
            if (!among(case_keys, key)) {
                return error(line_of(key), fmt::format("unknown key '{}'{}", key, suggestion(key, case_keys)));
            }
        }
        Case one;
        if (!document_.contains("title") || !document_["title"].is_string()) {
            return error(line_, "a case needs a 'title' that is text");
        }
        one.title = document_["title"];
        one.line = line_of("title");
        if (!document_.contains("want") && !document_.contains("error")) {
            return error(one.line, fmt::format("the case '{}' has neither 'want' nor 'error'", one.title));
        }
        TRY_VOID(read_objects(one));
        TRY_VOID(read_expectations(one));
        TRY_VOID(read_surroundings(one));
        return one;
    }

private:
    [[nodiscard]] std::unexpected<Error> error(int line, const std::string& message) const {
        return fail(fmt::format("{}:{}: {}", file_, line, message));
    }

    int line_of(const std::string& key) const {
        for (const auto& pair : nodes_) {
            if (pair.first.Scalar() == key) return pair.first.Mark().line + 1;
        }
        return line_;
    }

    int line_of(const std::string& key, std::size_t index) const { return nodes_[key][index].Mark().line + 1; }

    /// The list under `key`, or an error; empty where there is none.
    Result<Json> list(const char* key) const {
        const auto found = document_.find(key);
        if (found == document_.end() || found->is_null()) return Json::array();
        if (!found->is_array()) return error(line_of(key), fmt::format("'{}' must be a list", key));
        return *found;
    }

    Result<std::vector<Json>> manifests(const char* key) const {
        const Json objects = TRY(list(key));
        std::vector<Json> all;
        for (std::size_t i = 0; i < objects.size(); ++i) {
            auto manifest = manifest_of(objects[i]);
            if (!manifest) {
                return error(line_of(key, i), fmt::format("object {} of '{}' {}{}", i + 1, key,
                                                          manifest.error().message.starts_with("has ") ||
                                                                  manifest.error().message.starts_with("must ")
                                                              ? ""
                                                              : "is wrong: ",
                                                          manifest.error().message));
            }
            all.push_back(std::move(*manifest));
        }
        return all;
    }

    Result<void> read_objects(Case& one) const {
        one.given = TRY(manifests("given"));
        std::size_t number = 0;
        for (Json& manifest : one.given) fill_given(manifest, ++number);
        if (!document_.contains("want")) return {};
        one.want.emplace();
        for (const Json& manifest : TRY(manifests("want"))) one.want->push_back(flat_copy(manifest));
        return {};
    }

    Result<void> read_expectations(Case& one) const {
        if (const auto found = document_.find("error"); found != document_.end()) {
            if (!found->is_string()) return error(line_of("error"), "'error' must be text");
            one.error = *found;
        }
        if (document_.contains("refused")) {
            const Json refusals = TRY(list("refused"));
            one.refused.emplace();
            for (std::size_t i = 0; i < refusals.size(); ++i) {
                if (!refusals[i].is_object()) return error(line_of("refused", i), "a refusal must be a map");
                for (const auto& [key, value] : refusals[i].items()) {
                    if (!among(refusal_keys, key)) {
                        return error(line_of("refused", i), fmt::format("unknown key '{}' of a refusal{}", key,
                                                                        suggestion(key, refusal_keys)));
                    }
                    if (!value.is_string()) {
                        return error(line_of("refused", i), fmt::format("'{}' of a refusal must be text", key));
                    }
                }
                one.refused->push_back(refusals[i]);
            }
        }
        if (document_.contains("waiting")) one.waiting = TRY(texts("waiting"));
        return read_statuses(one);
    }

    Result<void> read_statuses(Case& one) const {
        const auto found = document_.find("status");
        if (found == document_.end()) return {};
        if (found->is_object()) {
            one.statuses = {*found};
            return {};
        }
        const Json all = TRY(list("status"));
        for (std::size_t i = 0; i < all.size(); ++i) {
            if (!all[i].is_object() || !all[i].value("owner", Json()).is_string()) {
                return error(line_of("status", i), "of several statuses each names its 'owner': namespace/name");
            }
            one.statuses.push_back(all[i]);
        }
        return {};
    }

    Result<std::vector<std::string>> texts(const char* key) const {
        std::vector<std::string> all;
        for (const Json& text : TRY(list(key))) {
            if (!text.is_string()) return error(line_of(key), fmt::format("'{}' must be a list of texts", key));
            all.push_back(text);
        }
        return all;
    }

    Result<void> read_surroundings(Case& one) const {
        if (const auto found = document_.find("settings"); found != document_.end()) {
            if (!found->is_object()) return error(line_of("settings"), "'settings' must be a map");
            one.settings = *found;
        }
        if (document_.contains("excludedNamespaces")) {
            const auto names = TRY(texts("excludedNamespaces"));
            one.excluded_namespaces = {names.begin(), names.end()};
        }
        const std::string now = document_.value("now", Json(default_now)).is_string()
                                    ? document_.value("now", std::string(default_now))
                                    : std::string();
        const auto time = parse_time(now);
        if (!time) return error(line_of("now"), "'now' must be a time like 2026-01-31T12:00:00Z");
        one.now = *time;
        return {};
    }

    const Json& document_;
    const YAML::Node& nodes_;
    int line_;
    const std::string& file_;
};

struct Part {
    std::string text;  ///< with as many empty lines in front as there are lines before it
    int line = 1;
};

/// The documents of a stream, each at its line.
std::vector<Part> parts_of(const std::string& text) {
    std::vector<Part> parts(1);
    std::istringstream lines(text);
    std::string line;
    for (int number = 1; std::getline(lines, line); ++number) {
        if (line == "---" || line.starts_with("--- ")) {
            parts.push_back({std::string(static_cast<std::size_t>(number), '\n'), number + 1});
        } else {
            parts.back().text += line + "\n";
        }
    }
    return parts;
}

}  // namespace

Json flat_copy(const Json& manifest) {
    Json flat = manifest;
    const std::string kind = manifest.value("kind", "");
    const Json metadata = manifest.value("metadata", Json::object());
    flat.erase("metadata");
    for (const char* key : {"namespace", "name", "labels", "annotations"}) {
        if (metadata.contains(key)) flat[key] = metadata[key];
    }
    if (kube::own_api_version(kind) == manifest.value("apiVersion", "")) flat.erase("apiVersion");
    if (kind == "Secret" && !flat.contains("type")) flat["type"] = "Opaque";
    for (const char* key : {"labels", "annotations", "data", "binaryData"}) {
        if (flat.contains(key) && (flat[key].is_null() || flat[key].empty())) flat.erase(key);
    }
    return flat;
}

Result<std::vector<Case>> read_cases(const std::string& text, const std::string& file) {
    std::vector<Case> cases;
    for (const Part& part : parts_of(text)) {
        const auto document = parse_yaml(part.text);
        if (!document) return within(file, document.error());
        if (document->is_null()) continue;
        try {
            const YAML::Node nodes = YAML::Load(part.text);
            cases.push_back(TRY(CaseReader(*document, nodes, part.line, file).read()));
        } catch (const YAML::Exception& exception) {
            return fail(fmt::format("{}:{}: {}", file, exception.mark.line + 1, exception.msg));
        }
    }
    if (cases.empty()) return fail(fmt::format("{}: there is no case in it", file));
    return cases;
}

}  // namespace moontide::bindings
