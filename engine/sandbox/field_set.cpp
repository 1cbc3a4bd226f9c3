#include "sandbox/field_set.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace moontide::sandbox {

namespace {

std::string shown(const Json& value) {
    return value.is_string() ? in_quotes(value.get_ref<const std::string&>()) : value.dump();
}

/// Keys and values may come in another spelling than ours; nothing where the step is of no known kind.
std::string canonical(const std::string& step) {
    if (step.size() < 2 || step[1] != ':') return {};
    if (step[0] == 'f' || step[0] == 'i') return step;
    if (step[0] != 'k' && step[0] != 'v') return {};
    const auto value = Json::parse(std::string_view(step).substr(2), nullptr, false);
    return value.is_discarded() ? std::string() : step.substr(0, 2) + value.dump();
}

/// Whether the step that leads here is in the set itself.
bool is_member(const Json& below) {
    return below.empty() || below.contains(".");
}

}  // namespace

FieldSet FieldSet::read(const Json& fields) {
    FieldSet set;
    if (!fields.is_object()) return set;
    for (const auto& [key, inner] : fields.items()) {
        auto step = canonical(key);
        if (step.empty()) continue;
        auto below = read(inner);
        const bool member = below.empty() || is_member(inner);
        set.put(std::move(step), member, std::move(below));
    }
    return set;
}

Json FieldSet::write() const {
    Json fields = Json::object();
    for (const auto& node : nodes_) {
        auto& inner = fields[node.step];
        inner = node.below.write();
        if (node.member && !node.below.empty()) inner["."] = Json::object();
    }
    return fields;
}

bool FieldSet::empty() const {
    return nodes_.empty();
}

bool FieldSet::operator==(const FieldSet& other) const {
    return std::ranges::equal(nodes_, other.nodes_, [](const Node& a, const Node& b) {
        return a.member == b.member && a.step == b.step && a.below == b.below;
    });
}

const FieldSet::Node* FieldSet::find(std::string_view step) const {
    const auto at =
        std::ranges::lower_bound(nodes_, step, {}, [](const Node& node) -> std::string_view { return node.step; });
    return at == nodes_.end() || at->step != step ? nullptr : &*at;
}

bool FieldSet::has(std::string_view step) const {
    const auto* node = find(step);
    return node && node->member;
}

const FieldSet& FieldSet::below(std::string_view step) const {
    const auto* node = find(step);
    static const FieldSet none;
    return node ? node->below : none;
}

void FieldSet::put(std::string step, bool member, FieldSet below) {
    if (!member && below.empty()) return;
    if (nodes_.empty() || nodes_.back().step < step) {
        nodes_.push_back({std::move(step), member, std::move(below)});
        return;
    }
    const auto at = std::ranges::lower_bound(nodes_, step, {}, &Node::step);
    if (at->step != step) {
        nodes_.insert(at, {std::move(step), member, std::move(below)});
        return;
    }
    at->member |= member;
    at->below = at->below.empty() ? std::move(below) : at->below.with(below);
}

void FieldSet::put(std::string step) {
    put(std::move(step), true, {});
}

void FieldSet::put(const std::vector<std::string>& path) {
    FieldSet set;
    for (auto step = path.rbegin(); step != path.rend(); ++step) {
        FieldSet above;
        above.put(*step, step == path.rbegin(), std::move(set));
        set = std::move(above);
    }
    *this = with(set);
}

FieldSet FieldSet::with(const FieldSet& other) const {
    FieldSet set;
    set.nodes_.reserve(nodes_.size() + other.nodes_.size());
    auto a = nodes_.begin();
    auto b = other.nodes_.begin();
    while (a != nodes_.end() && b != other.nodes_.end()) {
        const auto order = a->step.compare(b->step);
        if (order == 0) {
            set.nodes_.push_back({a->step, a->member || b->member, a->below.with(b->below)});
            ++a;
            ++b;
        } else {
            set.nodes_.push_back(order < 0 ? *a++ : *b++);
        }
    }
    set.nodes_.insert(set.nodes_.end(), a, nodes_.end());
    set.nodes_.insert(set.nodes_.end(), b, other.nodes_.end());
    return set;
}

FieldSet FieldSet::common(const FieldSet& other) const {
    FieldSet set;
    for (const auto& node : nodes_) {
        if (const auto* same = other.find(node.step)) {
            set.put(node.step, node.member && same->member, node.below.common(same->below));
        }
    }
    return set;
}

FieldSet FieldSet::without(const FieldSet& other) const {
    FieldSet set;
    for (const auto& node : nodes_) {
        if (const auto* same = other.find(node.step)) {
            set.put(node.step, node.member && !same->member, node.below.without(same->below));
        } else {
            set.nodes_.push_back(node);
        }
    }
    return set;
}

FieldSet FieldSet::without_trees(const FieldSet& other) const {
    FieldSet set;
    for (const auto& node : nodes_) {
        const auto* same = other.find(node.step);
        if (!same) {
            set.nodes_.push_back(node);
        } else if (!same->member) {
            set.put(node.step, node.member, node.below.without_trees(same->below));
        }
    }
    return set;
}

bool FieldSet::meets(const Json& fields) const {
    return std::ranges::any_of(nodes_, [&](const Node& node) {
        const auto found = fields.find(node.step);
        return found != fields.end() && ((node.member && is_member(*found)) || node.below.meets(*found));
    });
}

bool FieldSet::is_within(const Json& fields) const {
    return std::ranges::all_of(nodes_, [&](const Node& node) {
        const auto found = fields.find(node.step);
        return found != fields.end() && (!node.member || is_member(*found)) && node.below.is_within(*found);
    });
}

void FieldSet::each_step(const Visit& visit) const {
    for (const auto& node : nodes_) visit(node.step, node.member, node.below);
}

std::vector<std::string> FieldSet::paths() const {
    std::vector<std::string> out;
    gather("", out);
    return out;
}

void FieldSet::gather(const std::string& prefix, std::vector<std::string>& out) const {
    for (const auto& node : nodes_) {
        if (node.member) out.push_back(prefix + readable_step(node.step));
    }
    for (const auto& node : nodes_) {
        if (!node.below.empty()) node.below.gather(prefix + readable_step(node.step), out);
    }
}

std::string readable_step(std::string_view step) {
    const auto rest = step.substr(2);
    if (step[0] == 'f') return fmt::format(".{}", rest);
    if (step[0] == 'i') return fmt::format("[{}]", rest);
    const auto value = Json::parse(rest, nullptr, false);
    if (step[0] == 'v' || !value.is_object()) return fmt::format("[={}]", shown(value));
    std::string text;
    for (const auto& [key, inner] : value.items()) {
        text += fmt::format("{}{}={}", text.empty() ? "" : ",", key, shown(inner));
    }
    return "[" + text + "]";
}

}  // namespace moontide::sandbox
