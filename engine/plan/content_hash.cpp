#include "plan/content_hash.hpp"

#include "plan/fields.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include <nlohmann/json.hpp>
#include <openssl/evp.h>
#include <simdjson.h>

namespace moontide::plan {

namespace {

namespace dom = simdjson::dom;
using Pairs = std::vector<std::pair<std::string_view, std::string_view>>;

/// Every text goes in with its length, so that no two contents can run into the same bytes.
class Digest {
public:
    Digest() : context_(EVP_MD_CTX_new()) { EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr); }

    void raw(std::string_view text) { EVP_DigestUpdate(context_.get(), text.data(), text.size()); }
    void text(std::string_view text) {
        count(text.size());
        raw(text);
    }
    void count(std::uint64_t number) { raw({reinterpret_cast<const char*>(&number), sizeof number}); }
    /// A section is left out where it is empty; its size tells it from the one that follows.
    void section(std::string_view title, Pairs& pairs) {
        if (pairs.empty()) return;
        if (!std::is_sorted(pairs.begin(), pairs.end())) std::sort(pairs.begin(), pairs.end());
        text(title);
        count(pairs.size());
        for (const auto& [key, value] : pairs) {
            text(key);
            text(value);
        }
    }
    Hash finish() {
        std::array<unsigned char, EVP_MAX_MD_SIZE> whole{};
        unsigned size = 0;
        EVP_DigestFinal_ex(context_.get(), whole.data(), &size);
        Hash hash;
        std::copy_n(whole.begin(), hash.bytes.size(), hash.bytes.begin());
        return hash;
    }

private:
    struct Free {
        void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
    };
    std::unique_ptr<EVP_MD_CTX, Free> context_;
};

Pairs text_pairs(dom::element object, std::string_view key) {
    Pairs pairs;
    dom::object map;
    if (object[key].get(map) != simdjson::SUCCESS) return pairs;
    for (const auto field : map) {
        std::string_view value;
        if (field.value.get(value) == simdjson::SUCCESS) pairs.emplace_back(field.key, value);
    }
    return pairs;
}

/// data, binaryData, type, immutable, and any other field as its minified text.
void add_fields(Digest& digest, dom::element object, std::vector<std::string>& kept) {
    auto data = text_pairs(object, "data");
    digest.section("data", data);
    auto binary = text_pairs(object, "binaryData");
    digest.section("binaryData", binary);
    std::string_view type;
    if (object["type"].get(type) == simdjson::SUCCESS && type != "Opaque" && !type.empty()) {
        digest.text("type");
        digest.text(type);
    }
    bool immutable = false;
    if (object["immutable"].get(immutable) == simdjson::SUCCESS && immutable) digest.text("immutable");

    static constexpr std::string_view known[] = {"apiVersion", "kind", "metadata", "data",
                                                 "binaryData", "type", "immutable"};
    dom::object whole;
    if (object.get(whole) != simdjson::SUCCESS) return;
    Pairs others;
    for (const auto field : whole) {
        if (std::find(std::begin(known), std::end(known), field.key) != std::end(known)) continue;
        kept.push_back(simdjson::minify(field.value));
        others.emplace_back(field.key, std::string_view());
    }
    for (std::size_t i = 0; i < others.size(); ++i) others[i].second = kept[kept.size() - others.size() + i];
    digest.section("other", others);
}

void add_bond(Digest& digest, const Bond& bond, const std::optional<Belonging>& belonging) {
    digest.text(bond.key());
    digest.text(bond.owner_uid);
    digest.text(bond.source_uid);
    if (belonging) {
        digest.text(belonging->kind.api_version);
        digest.text(belonging->kind.kind);
        digest.text(belonging->name);
        digest.text(belonging->uid);
    }
}

Pairs views(const policy::Labels& labels) {
    return {labels.begin(), labels.end()};
}

/// The pairs whose keys are in `keys`; a key that is missing leaves a gap, so that the hash differs.
Pairs chosen(const Pairs& pairs, const std::vector<std::string>& keys) {
    Pairs out;
    for (const auto& key : keys) {
        const auto found =
            std::find_if(pairs.begin(), pairs.end(), [&](const auto& pair) { return pair.first == key; });
        if (found != pairs.end()) out.push_back(*found);
    }
    return out;
}

std::string_view text_at(dom::element object, std::string_view key) {
    std::string_view text;
    return object[key].get(text) == simdjson::SUCCESS ? text : std::string_view();
}

std::size_t size_at(dom::element object, std::string_view key) {
    dom::array entries;
    return object[key].get(entries) == simdjson::SUCCESS ? entries.size() : 0;
}

/// The owner reference that `belongs` wrote: to the source or owner that the claim names. Any other is somebody else's.
std::optional<Belonging> belonging_of(dom::element metadata, const Bond& bond) {
    dom::array entries;
    if (metadata["ownerReferences"].get(entries) != simdjson::SUCCESS) return std::nullopt;
    for (const auto entry : entries) {
        const auto uid = text_at(entry, "uid");
        if (uid.empty() || (uid != bond.source_uid && uid != bond.owner_uid)) continue;
        return Belonging{{std::string(text_at(entry, "apiVersion")), std::string(text_at(entry, "kind"))},
                         std::string(text_at(entry, "name")),
                         std::string(uid)};
    }
    return std::nullopt;
}

nlohmann::json parsed(std::string_view json) {
    return nlohmann::json::parse(json, nullptr, false);
}

const std::string_view* value_of(const Pairs& pairs, std::string_view key) {
    for (const auto& pair : pairs) {
        if (pair.first == key) return &pair.second;
    }
    return nullptr;
}

/// The parts that others than the object's own claim have in it.
void add_parts(Live& live, std::string_view object_json, const Pairs& labels, const Pairs& annotations) {
    nlohmann::json object;
    for (const auto& [key, text] : annotations) {
        if (!key.starts_with(marks::part_claim)) continue;
        auto claim = Claim::parse(text);
        if (!claim || claim->making != Making::joined) continue;
        const auto id = part_id(claim->instance, claim->bond);
        if (key.substr(marks::part_claim.size()) != id) continue;
        if (object.is_null()) object = parsed(object_json);
        LivePart part;
        part.hash = live_fields_hash(object, *claim, std::nullopt);
        const auto* label = value_of(labels, marks::part);
        const auto* applied = applied_fields(object, part_manager(id));
        part.managed = applied != nullptr;
        // Held by another part alone it would go with that one.
        const bool holds_label =
            applied == nullptr ||
            applied->contains(nlohmann::json::json_pointer("/f:metadata/f:labels/f:moontide.dev~1part"));
        part.labelled = label != nullptr && *label == claim->instance && holds_label;
        part.lists = value_of(annotations, std::string(marks::part_lists) + id) != nullptr;
        part.claim = std::move(*claim);
        live.parts.push_back(std::move(part));
    }
}

}  // namespace

Hash hash_of_text(std::string_view text) {
    Digest digest;
    digest.raw(text);
    return digest.finish();
}

Result<Hash> wanted_hash(const policy::Content& content, const Bond& bond, const std::optional<Belonging>& belonging) {
    thread_local dom::parser parser;
    dom::element fields;
    if (const auto error = parser.parse(content.fields).get(fields); error != simdjson::SUCCESS) {
        return fail(std::string("the copy's content is no JSON: ") + simdjson::error_message(error));
    }
    Digest digest;
    std::vector<std::string> kept;
    add_fields(digest, fields, kept);
    auto labels = views(content.labels);
    digest.section("labels", labels);
    auto annotations = views(content.annotations);
    digest.section("annotations", annotations);
    add_bond(digest, bond, belonging);
    return digest.finish();
}

struct LiveReader::Implementation {
    dom::parser parser;
};

LiveReader::LiveReader() : self_(std::make_unique<Implementation>()) {}
LiveReader::~LiveReader() = default;
LiveReader::LiveReader(LiveReader&&) noexcept = default;

Result<Live> LiveReader::read(std::string_view object_json) {
    dom::element object;
    if (const auto error = self_->parser.parse(object_json.data(), object_json.size()).get(object);
        error != simdjson::SUCCESS) {
        return fail(std::string("a copy's JSON cannot be read: ") + simdjson::error_message(error));
    }
    dom::element metadata;
    if (object["metadata"].get(metadata) != simdjson::SUCCESS || !metadata.is_object()) {
        return fail("an object without metadata");
    }

    Live live;
    live.namespace_name = text_at(metadata, "namespace");
    live.name = text_at(metadata, "name");
    if (const auto uid = Uid::parse(text_at(metadata, "uid"))) live.uid = *uid;
    for (const char c : text_at(metadata, "resourceVersion")) {
        if (c < '0' || c > '9')
            return fail("the resourceVersion of " + live.namespace_name + "/" + live.name + " is no number");
        live.resource_version = live.resource_version * 10 + static_cast<unsigned>(c - '0');
    }
    live.terminating = !text_at(metadata, "deletionTimestamp").empty();
    bool immutable = false;
    live.immutable = object["immutable"].get(immutable) == simdjson::SUCCESS && immutable;

    const auto labels = text_pairs(metadata, "labels");
    const auto annotations = text_pairs(metadata, "annotations");
    if (const auto* text = value_of(annotations, marks::claim)) {
        live.has_claim = true;
        live.claim = Claim::parse(*text);
    }
    add_parts(live, object_json, labels, annotations);
    if (!live.claim) return live;

    const auto is = [&](std::string_view key, std::string_view value) {
        const auto* found = value_of(labels, key);
        return found != nullptr && *found == value;
    };
    live.our_labels = is(marks::managed_by, "moontide") && is(marks::instance, live.claim->instance) &&
                      is(marks::owner, live.claim->bond.owner_label());
    const auto belonging = belonging_of(metadata, live.claim->bond);
    // Ours beside the listed ones: three labels and the claim.
    live.plain = labels.size() == live.claim->labels.size() + 3 &&
                 annotations.size() == live.claim->annotations.size() + 1 && size_at(metadata, "finalizers") == 0 &&
                 size_at(metadata, "ownerReferences") == (belonging ? 1 : 0);

    if (live.claim->writes == policy::Writes::fields) {
        live.hash = live_fields_hash(parsed(object_json), *live.claim, belonging);
        return live;
    }
    Digest digest;
    std::vector<std::string> kept;
    add_fields(digest, object, kept);
    auto our_labels = chosen(labels, live.claim->labels);
    digest.section("labels", our_labels);
    auto our_annotations = chosen(annotations, live.claim->annotations);
    digest.section("annotations", our_annotations);
    add_bond(digest, live.claim->bond, belonging);
    live.hash = digest.finish();
    return live;
}

Likeness likeness(std::string_view object_json, const policy::Content& content, policy::Writes writes) {
    dom::parser parser;
    dom::parser wanted_parser;
    dom::element object;
    dom::element wanted;
    Likeness out;
    if (parser.parse(object_json.data(), object_json.size()).get(object) != simdjson::SUCCESS) return out;
    if (wanted_parser.parse(content.fields).get(wanted) != simdjson::SUCCESS) return out;
    Digest live_digest;
    Digest wanted_digest;
    std::vector<std::string> kept_live;
    std::vector<std::string> kept_wanted;
    add_fields(live_digest, object, kept_live);
    add_fields(wanted_digest, wanted, kept_wanted);
    out.same_fields = writes == policy::Writes::whole ? live_digest.finish() == wanted_digest.finish()
                                                      : holds(parsed(object_json), parsed(content.fields));

    dom::element metadata;
    if (object["metadata"].get(metadata) != simdjson::SUCCESS) return out;
    const auto carries = [](const Pairs& there, const policy::Labels& asked) {
        return std::all_of(asked.begin(), asked.end(), [&](const auto& mark) {
            const auto* found = value_of(there, mark.first);
            return found != nullptr && *found == mark.second;
        });
    };
    const auto annotations = text_pairs(metadata, "annotations");
    out.marked = !(content.mark_labels.empty() && content.mark_annotations.empty()) && !has_part(annotations) &&
                 carries(text_pairs(metadata, "labels"), content.mark_labels) &&
                 carries(annotations, content.mark_annotations);
    return out;
}

}  // namespace moontide::plan
