#include "bindings/origin.hpp"

#include "policy/documents.hpp"
#include "policy/placeholder_parser.hpp"
#include "policy/shorten.hpp"

#include <algorithm>
#include <map>

namespace moontide::bindings {
namespace {

/// "source.name" for what names the source; owner and source are the same where no custom resource owns.
std::string meaning(const policy::Placeholder& placeholder, bool has_owner) {
    std::vector<std::string> path = placeholder.path;
    if (path.size() == 2 && path.front() == "metadata") path.erase(path.begin());
    std::string text = placeholder.root == policy::Root::owner && !has_owner
                           ? "source"
                           : std::string(policy::name_of(placeholder.root));
    for (const std::string& word : path) text += "." + word;
    return text;
}

/// The text between the placeholders: one more than there are placeholders.
std::vector<std::string> between(const policy::PlaceholderText& text, policy::Braces braces) {
    const std::string& written = text.text();
    std::vector<std::string> literals(1);
    for (std::size_t at = 0; at < written.size();) {
        const bool after_brace = at > 0 && (written[at - 1] == '{' || written[at - 1] == '$');
        if (written[at] == '{' && literals.size() <= text.placeholders().size() &&
            !(braces == policy::Braces::loose && after_brace)) {
            const auto parsed = policy::parse_placeholder(written, at);
            const bool is_next =
                parsed && parsed->placeholder.text() == text.placeholders()[literals.size() - 1].text();
            if (is_next) {
                literals.emplace_back();
                at = parsed->end;
                continue;
            }
        }
        literals.back() += written[at++];
    }
    return literals;
}

}  // namespace

MarkReader::MarkReader(const PolicyShape& shape) : has_owner_(shape.shape.has_owner()) {
    const auto read = [&](const std::optional<Value>& slot, bool is_label) {
        if (!slot || !slot->map()) return;
        for (const auto& [key, value] : *slot->map()) add(key, value, is_label, shape.settings);
    };
    read(shape.labels, true);
    read(shape.annotations, false);
}

void MarkReader::add(const std::string& key, const Value& value, bool is_label, const Json& settings) {
    const auto* text = value.text();
    if (!text) return;
    Mark mark;
    mark.key = key;
    mark.is_label = is_label;
    std::string first_short;
    std::string first_long;
    const std::vector<std::string> literals = between(*text, is_label ? policy::Braces::strict : policy::Braces::loose);
    const auto add_literal = [&](const std::string& literal) {
        first_short += RE2::QuoteMeta(literal);
        first_long += RE2::QuoteMeta(literal);
    };
    add_literal(literals.front());
    for (std::size_t at = 0; at < text->placeholders().size(); ++at) {
        const policy::Placeholder& placeholder = text->placeholders()[at];
        const std::string& behind = literals[at + 1];
        if (placeholder.root == policy::Root::settings) {
            const auto found = placeholder.path.size() == 1 ? settings.find(placeholder.path.front()) : settings.end();
            const auto known = found == settings.end() ? Result<std::string>(fail("")) : policy::text_of(*found);
            if (known) {
                add_literal(*known + behind);
                continue;
            }
        }
        mark.roots.push_back(meaning(placeholder, has_owner_));
        // Names have no slash; other values may be anything, and left out where they may be missing.
        const bool is_namespace = mark.roots.back() == "source.namespace" || mark.roots.back() == "owner.namespace";
        const bool is_name = mark.roots.back() == "source.name" || mark.roots.back() == "owner.name";
        // Names of namespaces have no dot either.
        const std::string one = is_namespace ? "[^/.]" : is_name ? "[^/]" : "(?s:.)";
        const std::string count = is_name || is_namespace ? "+" : "*";
        first_short += "(" + one + count + "?)";
        first_long += "(" + one + count + ")";
        add_literal(behind);
    }
    RE2::Options options;
    options.set_log_errors(false);
    mark.first_short = std::make_unique<RE2>(first_short, options);
    mark.first_long = std::make_unique<RE2>(first_long, options);
    if (mark.first_short->ok() && mark.first_long->ok()) marks_.push_back(std::move(mark));
}

std::optional<policy::Origin> MarkReader::origin(const kube::Metadata& object) const {
    std::map<std::string, std::string> known;
    std::map<std::string, std::string> of_owner;
    bool told = false;
    for (const Mark& mark : marks_) {
        const std::string_view* value = kube::find(mark.is_label ? object.labels : object.annotations, mark.key);
        if (!value) return std::nullopt;
        std::string_view text = *value;
        if (mark.is_label && !mark.roots.empty() && text.size() >= 54) {
            // A shortened label does not tell what it was; the annotation of the same key does.
            const std::string_view* full = kube::find(object.annotations, mark.key);
            if (full && policy::label_value(*full) == text) {
                text = *full;
            } else if (text.size() >= 63) {
                return std::nullopt;
            }
        }
        const re2::StringPiece whole(text.data(), text.size());
        const auto count = mark.roots.size();
        std::vector<re2::StringPiece> shortest(count + 1);
        std::vector<re2::StringPiece> longest(count + 1);
        const auto match = [&](const RE2& form, std::vector<re2::StringPiece>& found) {
            return form.Match(whole, 0, whole.size(), RE2::ANCHOR_BOTH, found.data(), static_cast<int>(found.size()));
        };
        if (!match(*mark.first_short, shortest) || !match(*mark.first_long, longest)) return std::nullopt;
        for (std::size_t at = 0; at < count; ++at) {
            const std::string& root = mark.roots[at];
            if (!root.starts_with("source") && !root.starts_with("group") && !root.starts_with("owner")) continue;
            told = true;
            const bool is_place = root == "source.name" || root == "source.namespace" || root == "owner.name" ||
                                  root == "owner.namespace";
            if (!is_place && has_owner_ && root.starts_with("owner.") && count == 1)
                of_owner[root] = shortest[at + 1].as_string();
            if (!is_place) continue;
            const std::string name = shortest[at + 1].as_string();
            if (name != longest[at + 1].as_string()) return std::nullopt;
            const auto [entry, fresh] = known.emplace(root, name);
            if (!fresh && entry->second != name) return std::nullopt;
        }
    }
    if (!told) return std::nullopt;
    return policy::Origin{known["source.namespace"], known["source.name"], known["owner.namespace"],
                          known["owner.name"], std::move(of_owner)};
}

}  // namespace moontide::bindings
