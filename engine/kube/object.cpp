#include "kube/object.hpp"

#include "kube/depth.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <new>
#include <type_traits>

#include <fmt/format.h>
#include <simdjson.h>

namespace moontide::kube {

namespace {

namespace ondemand = simdjson::ondemand;

constexpr std::string_view last_applied = "kubectl.kubernetes.io/last-applied-configuration";
constexpr std::size_t deepest_object = 128;

constexpr bool is_space(char c) {
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

/// Stops a walk at the first error of simdjson.
#define WALK(expression)                                               \
    do {                                                               \
        if (const auto walk_error_ = (expression)) return walk_error_; \
    } while (false)

bool is(const ondemand::raw_json_string& key, std::string_view name) {
    return key.unsafe_is_equal(name);
}

/// The exact text of a value, of which nothing has been read yet.
simdjson::error_code raw_value(ondemand::value& value, std::string_view& raw) {
    ondemand::json_type type{};
    WALK(value.type().get(type));
    if (type == ondemand::json_type::object) {
        ondemand::object object;
        WALK(value.get_object().get(object));
        WALK(object.raw_json().get(raw));
    } else if (type == ondemand::json_type::array) {
        ondemand::array array;
        WALK(value.get_array().get(array));
        WALK(array.raw_json().get(raw));
    } else {
        raw = value.raw_json_token();
    }
    while (!raw.empty() && is_space(raw.back())) raw.remove_suffix(1);
    return simdjson::SUCCESS;
}

/// Null stands for a field that is not there.
bool is_null(ondemand::value& value) {
    ondemand::json_type type{};
    return value.type().get(type) == simdjson::SUCCESS && type == ondemand::json_type::null;
}

simdjson::error_code read_text(ondemand::value& value, std::string_view& text) {
    if (is_null(value)) return simdjson::SUCCESS;
    return value.get_string().get(text);
}

simdjson::error_code read_map(ondemand::value& value, TextMap& map) {
    if (is_null(value)) return simdjson::SUCCESS;
    ondemand::object object;
    WALK(value.get_object().get(object));
    for (auto result : object) {
        ondemand::field field;
        WALK(std::move(result).get(field));
        if (is(field.key(), last_applied)) continue;
        std::string_view key;
        WALK(field.unescaped_key().get(key));
        std::string_view text;
        WALK(read_text(field.value(), text));
        map.emplace_back(key, text);
    }
    return simdjson::SUCCESS;
}

simdjson::error_code read_owners(ondemand::value& value, std::vector<std::string_view>& uids) {
    if (is_null(value)) return simdjson::SUCCESS;
    ondemand::array array;
    WALK(value.get_array().get(array));
    for (auto item : array) {
        ondemand::object owner;
        WALK(item.get_object().get(owner));
        for (auto result : owner) {
            ondemand::field field;
            WALK(std::move(result).get(field));
            if (!is(field.key(), "uid")) continue;
            std::string_view uid;
            WALK(read_text(field.value(), uid));
            uids.push_back(uid);
        }
    }
    return simdjson::SUCCESS;
}

simdjson::error_code has_elements(ondemand::value& value, bool& has) {
    if (is_null(value)) return simdjson::SUCCESS;
    ondemand::array array;
    WALK(value.get_array().get(array));
    bool empty = true;
    WALK(array.is_empty().get(empty));
    has = !empty;
    return simdjson::SUCCESS;
}

simdjson::error_code read_metadata(ondemand::object object, Metadata& metadata, std::string_view& version) {
    for (auto result : object) {
        ondemand::field field;
        WALK(std::move(result).get(field));
        const auto key = field.key();
        auto& value = field.value();
        if (is(key, "name")) {
            WALK(read_text(value, metadata.name));
        } else if (is(key, "namespace")) {
            WALK(read_text(value, metadata.namespace_name));
        } else if (is(key, "uid")) {
            WALK(read_text(value, metadata.uid));
        } else if (is(key, "resourceVersion")) {
            WALK(read_text(value, version));
        } else if (is(key, "creationTimestamp")) {
            WALK(read_text(value, metadata.creation_timestamp));
        } else if (is(key, "deletionTimestamp")) {
            WALK(read_text(value, metadata.deletion_timestamp));
        } else if (is(key, "labels")) {
            WALK(read_map(value, metadata.labels));
        } else if (is(key, "annotations")) {
            WALK(read_map(value, metadata.annotations));
        } else if (is(key, "ownerReferences")) {
            WALK(read_owners(value, metadata.owner_uids));
            metadata.has_owner_references = !metadata.owner_uids.empty();
        } else if (is(key, "finalizers")) {
            WALK(has_elements(value, metadata.has_finalizers));
        }
    }
    return simdjson::SUCCESS;
}

/// A field to leave out: from the quote of its key to the end of its value.
struct Cut {
    const char* begin;
    const char* end;
};

/// What slimming an object finds: what to leave out and where, in the old text, the values are that an Object points
/// to (with their quotes).
struct Outline {
    std::vector<Cut> cuts;
    std::string_view namespace_name;
    std::string_view name;
    std::string_view uid;
    std::string_view creation_timestamp;
    bool terminating = false;
    std::string version;
};

simdjson::error_code cut(ondemand::field& field, std::vector<Cut>& cuts) {
    const char* begin = field.key().raw() - 1;
    std::string_view raw;
    WALK(raw_value(field.value(), raw));
    cuts.push_back({begin, raw.data() + raw.size()});
    return simdjson::SUCCESS;
}

simdjson::error_code outline_metadata(ondemand::object object, Outline& outline) {
    for (auto result : object) {
        ondemand::field field;
        WALK(std::move(result).get(field));
        const auto key = field.key();
        auto& value = field.value();
        if (is(key, "managedFields")) {
            WALK(cut(field, outline.cuts));
        } else if (is(key, "annotations")) {
            ondemand::json_type type{};
            WALK(value.type().get(type));
            if (type != ondemand::json_type::object) continue;
            ondemand::object annotations;
            WALK(value.get_object().get(annotations));
            for (auto entry : annotations) {
                ondemand::field annotation;
                WALK(std::move(entry).get(annotation));
                if (is(annotation.key(), last_applied)) WALK(cut(annotation, outline.cuts));
            }
        } else if (is(key, "name")) {
            WALK(raw_value(value, outline.name));
        } else if (is(key, "namespace")) {
            WALK(raw_value(value, outline.namespace_name));
        } else if (is(key, "uid")) {
            WALK(raw_value(value, outline.uid));
        } else if (is(key, "creationTimestamp")) {
            WALK(raw_value(value, outline.creation_timestamp));
        } else if (is(key, "deletionTimestamp")) {
            std::string_view time;
            WALK(read_text(value, time));
            outline.terminating = !time.empty();
        } else if (is(key, "resourceVersion")) {
            std::string_view version;
            WALK(read_text(value, version));
            outline.version = version;
        }
    }
    return simdjson::SUCCESS;
}

/// Runs `read(metadata)` on the metadata of the document. `typed`: whether apiVersion and kind are there too; where the
/// server writes them they stand in front, so that the rest need not be walked.
template <typename Read>
simdjson::error_code walk(ondemand::parser& parser, simdjson::padded_string_view text, bool& typed, Read&& read) {
    ondemand::document document;
    WALK(parser.iterate(text).get(document));
    ondemand::object root;
    WALK(document.get_object().get(root));
    int types = 0;
    bool found = false;
    for (auto result : root) {
        ondemand::field field;
        WALK(std::move(result).get(field));
        if (is(field.key(), "apiVersion") || is(field.key(), "kind")) {
            ++types;
        } else if (is(field.key(), "metadata") && !std::exchange(found, true)) {
            ondemand::object metadata;
            WALK(field.value().get_object().get(metadata));
            WALK(read(metadata));
        }
        typed = types == 2;
        if (found && typed) break;
    }
    return found ? simdjson::SUCCESS : simdjson::NO_SUCH_FIELD;
}

/// Widens the cuts by the commas that they would leave without a neighbour.
void take_commas_along(std::string_view text, std::vector<Cut>& cuts) {
    std::vector<Cut> whole;
    for (Cut cut : cuts) {
        const char* after = cut.end;
        while (is_space(*after)) ++after;
        if (*after == ',') {
            whole.push_back({cut.begin, after + 1});
            continue;
        }
        // The last field of its object: the comma before it goes, also from before a field that was cut already.
        const char* before = cut.begin;
        while (before > text.data() && is_space(before[-1])) --before;
        if (!whole.empty() && whole.back().end == before) {
            before = whole.back().begin;
            whole.pop_back();
            while (before > text.data() && is_space(before[-1])) --before;
        }
        if (before > text.data() && before[-1] == ',') --before;
        whole.push_back({before, cut.end});
    }
    cuts = std::move(whole);
}

/// `text` less the cuts replaces what is in `out`.
void copy_without(std::string_view text, const std::vector<Cut>& cuts, std::string& out) {
    out.clear();
    const char* from = text.data();
    for (const Cut& cut : cuts) {
        out.append(from, cut.begin);
        from = cut.end;
    }
    out.append(from, text.data() + text.size());
}

}  // namespace

const std::string_view* find(const TextMap& map, std::string_view key) {
    const auto found = std::find_if(map.begin(), map.end(), [key](const auto& entry) { return entry.first == key; });
    return found == map.end() ? nullptr : &found->second;
}

struct Reader::Implementation {
    ondemand::parser parser;
    std::vector<char> buffer;
    std::string kept;  // what an Object is made of

    /// A copy of `json` with the bytes behind it that simdjson may read.
    Result<simdjson::padded_string_view> padded(std::string_view json) {
        if (json.size() > std::numeric_limits<std::uint32_t>::max() / 2) {
            return fail(fmt::format("the object's text has {} bytes, more than the 2 GiB that are read", json.size()));
        }
        if (nests_deeper_than(json, deepest_object))
            return fail(fmt::format("the object nests deeper than {}", deepest_object));
        if (buffer.size() < json.size() + simdjson::SIMDJSON_PADDING) {
            buffer.resize(json.size() + json.size() / 2 + simdjson::SIMDJSON_PADDING);
            // Else the parser would allocate anew for each text that is a byte longer than all before.
            if (parser.allocate(buffer.size())) return fail("no memory to parse an object");
        }
        std::memcpy(buffer.data(), json.data(), json.size());
        // What an earlier, longer text left there must not be taken for part of this one.
        std::memset(buffer.data() + json.size(), ' ', simdjson::SIMDJSON_PADDING);
        return simdjson::padded_string_view(buffer.data(), json.size(), buffer.size());
    }

    Result<Outline> outline(simdjson::padded_string_view text) {
        Outline found;
        bool typed = false;
        const auto error =
            walk(parser, text, typed, [&](ondemand::object object) { return outline_metadata(object, found); });
        if (error == simdjson::NO_SUCH_FIELD) return fail("the object has no metadata");
        if (error) return fail(fmt::format("the object's text: {}", simdjson::error_message(error)));
        if (found.name.size() <= 2 || found.name.front() != '"') return fail("the object has no metadata.name");
        take_commas_along(text, found.cuts);
        return found;
    }

    /// Without quotes and escapes; valid until the next read.
    Result<std::string_view> unescaped(std::string_view raw) {
        ondemand::document document;
        std::vector<char> copy(raw.begin(), raw.end());
        copy.resize(raw.size() + simdjson::SIMDJSON_PADDING, ' ');
        std::string_view text;
        if (parser.iterate(simdjson::padded_string_view(copy.data(), raw.size(), copy.size())).get(document) ||
            document.get_string().get(text)) {
            return fail(fmt::format("{} in the object's metadata is no text", raw.substr(0, 80)));
        }
        return text;
    }
};

Reader::Reader() : self_(std::make_unique<Implementation>()) {}
Reader::~Reader() = default;
Reader::Reader(Reader&&) noexcept = default;
Reader& Reader::operator=(Reader&&) noexcept = default;

Result<Metadata> Reader::metadata(std::string_view json) {
    const auto text = TRY(self_->padded(json));
    Metadata metadata;
    std::string_view version;
    const auto error = walk(self_->parser, text, metadata.typed,
                            [&](ondemand::object object) { return read_metadata(object, metadata, version); });
    if (error == simdjson::NO_SUCH_FIELD) return fail("the object has no metadata");
    if (error) return fail(fmt::format("the object's text: {}", simdjson::error_message(error)));
    if (metadata.name.empty()) return fail("the object has no metadata.name");
    if (!version.empty()) metadata.resource_version = TRY(parse_resource_version(version));
    return metadata;
}

Result<std::string> Reader::slim(std::string_view json) {
    const auto text = TRY(self_->padded(json));
    std::string slimmed;
    copy_without(text, TRY(self_->outline(text)).cuts, slimmed);
    return slimmed;
}

Result<std::shared_ptr<const Object>> Object::read(Reader& reader, std::string_view json) {
    auto& implementation = *reader.self_;
    const auto text = TRY(implementation.padded(json));
    const auto outline = TRY(implementation.outline(text));
    ResourceVersion version = 0;
    if (!outline.version.empty()) version = TRY(parse_resource_version(outline.version));

    auto& kept = implementation.kept;
    copy_without(text, outline.cuts, kept);
    const auto json_size = static_cast<std::uint32_t>(kept.size());
    const auto place = [&](std::string_view raw) -> Result<Span> {
        if (raw.size() < 2 || raw.front() != '"') return Span{};
        if (raw.find('\\') != std::string_view::npos) {
            const auto plain = TRY(implementation.unescaped(raw));
            const Span span{static_cast<std::uint32_t>(kept.size()), static_cast<std::uint32_t>(plain.size())};
            kept.append(plain);
            return span;
        }
        const std::string_view inner = raw.substr(1, raw.size() - 2);
        // Where it stands in the new text; a search would find it in the data too.
        std::ptrdiff_t offset = inner.data() - text.data();
        for (const Cut& cut : outline.cuts) {
            if (cut.begin > inner.data()) break;
            offset -= cut.end - cut.begin;
        }
        return Span{static_cast<std::uint32_t>(offset), static_cast<std::uint32_t>(inner.size())};
    };
    const Span namespace_name = TRY(place(outline.namespace_name));
    const Span name = TRY(place(outline.name));
    const Span uid = TRY(place(outline.uid));
    const Span creation_timestamp = TRY(place(outline.creation_timestamp));

    // Words, so that what begins the block is aligned. Nothing in an Object needs a destructor.
    static_assert(std::is_trivially_destructible_v<Object> && alignof(Object) <= alignof(std::uint64_t));
    const auto block = std::make_shared_for_overwrite<std::uint64_t[]>((sizeof(Object) + kept.size() + 7) / 8);
    auto* object = new (block.get()) Object();
    std::memcpy(reinterpret_cast<char*>(block.get()) + sizeof(Object), kept.data(), kept.size());
    object->resource_version_ = version;
    object->namespace_name_ = namespace_name;
    object->name_ = name;
    object->uid_ = uid;
    object->creation_timestamp_ = creation_timestamp;
    object->json_size_ = json_size;
    object->terminating_ = outline.terminating;
    return std::shared_ptr<const Object>(block, object);
}

}  // namespace moontide::kube
