#include "sandbox/field_selector.hpp"

#include "sandbox/custom_kind.hpp"
#include "sandbox/json_at.hpp"
#include "sandbox/kinds.hpp"
#include "sandbox/store.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace moontide::sandbox {

namespace {

/// A field by the name that selectors use and the first of the places in the object that has text.
struct Selectable {
    std::string_view kind;
    std::string_view field;
    std::array<const char*, 2> places;
};

constexpr Selectable SELECTABLE[] = {
    {"Event", "involvedObject.kind", {"/involvedObject/kind", nullptr}},
    {"Event", "involvedObject.namespace", {"/involvedObject/namespace", nullptr}},
    {"Event", "involvedObject.name", {"/involvedObject/name", nullptr}},
    {"Event", "involvedObject.uid", {"/involvedObject/uid", nullptr}},
    {"Event", "involvedObject.apiVersion", {"/involvedObject/apiVersion", nullptr}},
    {"Event", "involvedObject.resourceVersion", {"/involvedObject/resourceVersion", nullptr}},
    {"Event", "involvedObject.fieldPath", {"/involvedObject/fieldPath", nullptr}},
    {"Event", "reason", {"/reason", nullptr}},
    {"Event", "reportingComponent", {"/reportingComponent", nullptr}},
    {"Event", "source", {"/source/component", "/reportingComponent"}},
    {"Event", "type", {"/type", nullptr}},
    {"Pod", "spec.nodeName", {"/spec/nodeName", nullptr}},
    {"Pod", "spec.restartPolicy", {"/spec/restartPolicy", nullptr}},
    {"Pod", "spec.schedulerName", {"/spec/schedulerName", nullptr}},
    {"Pod", "spec.serviceAccountName", {"/spec/serviceAccountName", nullptr}},
    {"Pod", "status.phase", {"/status/phase", nullptr}},
    {"Pod", "status.podIP", {"/status/podIP", nullptr}},
    {"Pod", "status.nominatedNodeName", {"/status/nominatedNodeName", nullptr}},
    {"Namespace", "status.phase", {"/status/phase", nullptr}},
    {"Secret", "type", {"/type", nullptr}},
};

/// These kinds have an error text of their own for fields that cannot be selected by.
bool has_own_fields(std::string_view kind) {
    return std::ranges::find(SELECTABLE, kind, &Selectable::kind) != std::end(SELECTABLE);
}

bool is_selectable(const KindRow& kind, const std::string& field) {
    if (kind.custom) {
        return std::ranges::any_of(kind.custom->selectable, [&](const auto& one) { return one.first == field; });
    }
    return std::ranges::any_of(SELECTABLE, [&](const Selectable& selectable) {
        return selectable.kind == kind.kind && selectable.field == field;
    });
}

/// A selector's field as the stored version calls it; what only that version knows is made unknown.
std::string stored_name(FieldNames names, const std::string& field) {
    const auto root = field.substr(0, field.find('.'));
    for (const auto& name : names) {
        if (root == name.shown) return name.stored + field.substr(root.size());
        if (root == name.stored) return "";
    }
    return field;
}

std::string unescaped(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\' && i + 1 < text.size()) ++i;
        out += text[i];
    }
    return out;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> selectable_fields(const KindRow& kind, const Json& object) {
    std::vector<std::pair<std::string, std::string>> fields;
    if (kind.custom) {
        for (const auto& [field, path] : kind.custom->selectable) {
            const Json* value = path.first(object);
            fields.emplace_back(field, value && !value->is_null() ? printed(*value) : "");
        }
        return fields;
    }
    for (const auto& selectable : SELECTABLE) {
        if (selectable.kind != kind.kind) continue;
        std::string text;
        for (const char* place : selectable.places) {
            if (place && text.empty()) text = text_at_place(object, place);
        }
        fields.emplace_back(selectable.field, std::move(text));
    }
    return fields;
}

Outcome<FieldSelector> FieldSelector::parse(const KindRow& kind, std::string_view text) {
    FieldSelector selector;
    std::size_t begin = 0;
    while (begin <= text.size()) {
        std::size_t end = begin;
        while (end < text.size() && text[end] != ',') end += text[end] == '\\' ? 2 : 1;
        end = std::min(end, text.size());
        const auto part = text.substr(begin, end - begin);
        begin = end + 1;
        if (part.empty()) continue;

        const auto equals = part.find('=');
        if (equals == std::string_view::npos || (equals > 0 && part[equals - 1] == '!' && equals == 1)) {
            return refuse(bad_request(fmt::format("invalid selector: '{}'; can't understand '{}'", text, part)));
        }
        Term term;
        term.equal = equals == 0 || part[equals - 1] != '!';
        term.field = part.substr(0, term.equal ? equals : equals - 1);
        auto value = part.substr(equals + 1);
        if (term.equal && value.starts_with('=')) value.remove_prefix(1);
        term.value = unescaped(value);

        const auto asked = term.field;
        term.field = stored_name(kind.names, asked);
        const bool known = term.field == "metadata.name" ||
                           (term.field == "metadata.namespace" && kind.kind != "Namespace") ||
                           is_selectable(kind, term.field);
        if (!known && (kind.custom || has_own_fields(kind.kind))) {
            return refuse(bad_request("field label not supported: " + asked));
        }
        if (!known) {
            return refuse(bad_request(fmt::format(
                R"({} is not a known field selector: only "metadata.name", "metadata.namespace")", in_quotes(asked))));
        }
        selector.terms_.push_back(std::move(term));
    }
    return selector;
}

bool FieldSelector::matches(const Record& record) const {
    return std::ranges::all_of(terms_, [&](const Term& term) {
        std::string_view value;
        if (term.field == "metadata.name") {
            value = record.name;
        } else if (term.field == "metadata.namespace") {
            value = record.namespace_name;
        } else {
            for (const auto& [field, text] : record.fields) {
                if (field == term.field) value = text;
            }
        }
        return (value == term.value) == term.equal;
    });
}

}  // namespace moontide::sandbox
