#include "bindings/shape.hpp"

#include <algorithm>

namespace moontide::bindings {
namespace {

template <typename Predicate>
bool all_texts(const Value& value, const Predicate& holds) {
    if (value.function()) return false;
    if (const auto* text = value.text()) return std::ranges::all_of(text->placeholders(), holds);
    if (const auto* list = value.list()) {
        return std::ranges::all_of(*list, [&](const Value& element) { return all_texts(element, holds); });
    }
    if (const auto* map = value.map()) {
        return std::ranges::all_of(*map, [&](const auto& entry) { return all_texts(entry.value, holds); });
    }
    return true;
}

}  // namespace

bool Value::is_constant() const {
    return all_texts(*this,
                     [](const policy::Placeholder& placeholder) { return placeholder.root == policy::Root::settings; });
}

bool Value::is_literal() const {
    return all_texts(*this, [](const policy::Placeholder&) { return false; });
}

bool SelectionShape::is_constant() const {
    const auto constant = [](const std::optional<Value>& value) { return !value || value->is_constant(); };
    return constant(namespaces) && constant(names) && constant(labels) && constant(annotations) && constant(selector) &&
           constant(copy_kind) && constant(copy_name) && std::ranges::all_of(except, &SelectionShape::is_constant);
}

Place PolicyShape::slot(const std::string& slot_name) const {
    auto line = lines.find(slot_name);
    if (line == lines.end()) line = lines.find("");
    return {slot_name, line == lines.end() ? 1 : line->second};
}

}  // namespace moontide::bindings
