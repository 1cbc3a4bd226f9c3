#include "kube/kubeconfig_yaml.hpp"

#include "base/yaml_escapes.hpp"

#include <algorithm>
#include <exception>
#include <map>
#include <optional>
#include <sstream>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

namespace moontide::kube::yaml {

namespace {

constexpr std::size_t node_limit = 200'000;
constexpr std::size_t deepest_kubeconfig = 64;
constexpr std::size_t text_limit = 16U << 20;

/// Ends the parse from within an event.
struct Refused : std::exception {
    Refused(int at, std::string why) : line(at), text(std::move(why)) {}
    int line;
    std::string text;
};

/// Builds the tree from the parser's events. yaml-cpp's own tree is not used: an alias within its own anchor makes it
/// a ring, and nested aliases make it grow without bound as it is walked.
class Builder final : public YAML::EventHandler {
public:
    ValuePtr root;

    void OnDocumentStart(const YAML::Mark&) override {}
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        add(leaf(mark, Value::Shape::null), anchor, 1);
    }

    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        const auto found = anchors_.find(anchor);
        if (found == anchors_.end()) throw Refused(mark.line + 1, "an alias within its own anchor");
        if (open_.size() + found->second.depth > deepest_kubeconfig) throw Refused(mark.line + 1, "nested too deep");
        place(found->second, mark.line + 1);
    }

    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        const bool plain = tag == "?";
        const bool null =
            plain && (value.empty() || value == "~" || value == "null" || value == "Null" || value == "NULL");
        auto node = leaf(mark, null ? Value::Shape::null : Value::Shape::text);
        node->text = with_yaml_escapes(value);
        add(std::move(node), anchor, 1);
    }

    void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        begin(mark, Value::Shape::list, anchor);
    }
    void OnSequenceEnd() override { end(); }
    void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        begin(mark, Value::Shape::map, anchor);
    }
    void OnMapEnd() override { end(); }

private:
    /// A finished node, with what it comes to when every alias in it is followed.
    struct Finished {
        ValuePtr node;
        std::size_t nodes = 1;
        std::size_t depth = 1;
    };
    struct Open {
        std::shared_ptr<Value> node;
        YAML::anchor_t anchor;
        std::optional<std::string> key;
        std::size_t nodes = 1;
        std::size_t depth = 1;
    };

    static std::shared_ptr<Value> leaf(const YAML::Mark& mark, Value::Shape shape) {
        auto node = std::make_shared<Value>();
        node->shape = shape;
        node->line = mark.line + 1;
        return node;
    }

    void begin(const YAML::Mark& mark, Value::Shape shape, YAML::anchor_t anchor) {
        if (open_.size() >= deepest_kubeconfig) throw Refused(mark.line + 1, "nested too deep");
        open_.push_back({leaf(mark, shape), anchor, std::nullopt});
    }

    void end() {
        auto done = std::move(open_.back());
        open_.pop_back();
        add(std::move(done.node), done.anchor, done.nodes, done.depth);
    }

    void add(std::shared_ptr<Value> node, YAML::anchor_t anchor, std::size_t nodes, std::size_t depth = 1) {
        const int line = node->line;
        const Finished finished{std::move(node), nodes, depth};
        if (anchor != YAML::NullAnchor) anchors_[anchor] = finished;
        place(finished, line);
    }

    void place(const Finished& child, int line) {
        if (open_.empty()) {
            root = child.node;
            return;
        }
        auto& parent = open_.back();
        parent.nodes += child.nodes;
        parent.depth = std::max(parent.depth, child.depth + 1);
        if (parent.nodes > node_limit) throw Refused(line, "more than " + std::to_string(node_limit) + " values");
        if (parent.node->shape == Value::Shape::list) {
            parent.node->list.push_back(child.node);
        } else if (!parent.key) {
            if (child.node->shape != Value::Shape::text) throw Refused(line, "a key must be a text");
            parent.key = child.node->text;
        } else {
            parent.node->map.emplace_back(std::move(*parent.key), child.node);
            parent.key.reset();
        }
    }

    std::vector<Open> open_;
    std::map<YAML::anchor_t, Finished> anchors_;
};

}  // namespace

const Value* Value::find(std::string_view key) const {
    // The last one of a key counts, as Go's parsers have it.
    const auto found = std::find_if(map.rbegin(), map.rend(), [&](const auto& entry) { return entry.first == key; });
    return found == map.rend() || found->second->shape == Shape::null ? nullptr : found->second.get();
}

Result<ValuePtr> parse(const std::string& text, const std::string& file) {
    if (text.size() > text_limit) return fail(file + ": larger than 16 MiB");
    try {
        std::istringstream stream(text);
        YAML::Parser parser(stream);
        Builder builder;
        parser.HandleNextDocument(builder);
        return builder.root;
    } catch (const Refused& refused) {
        return fail(file + ":" + std::to_string(refused.line) + ": " + refused.text);
    } catch (const YAML::Exception& exception) {
        return fail(file + ":" + std::to_string(exception.mark.line + 1) + ": " + exception.msg);
    } catch (const std::exception& exception) {
        return fail(file + ": " + exception.what());
    }
}

}  // namespace moontide::kube::yaml
