#include "template/yaml_reader.hpp"

#include "base/yaml_escapes.hpp"
#include "template/json_text.hpp"
#include "template/unicode.hpp"
#include "template/yaml_scalar.hpp"

#include <map>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <yaml-cpp/anchor.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

namespace moontide::templates {

using Json = nlohmann::json;

namespace {

constexpr std::size_t deepest = 64;
constexpr std::size_t most_values = 100'000;
constexpr std::size_t most_bytes = 8U << 20;

class Rejected : public std::runtime_error {
public:
    Rejected(const YAML::Mark& mark, const std::string& message)
        : std::runtime_error(fmt::format("yaml: line {}: {}", mark.line + 1, message)) {}
};

/// Builds JSON from the parser's events: the tree of yaml-cpp would follow aliases for ever.
class Builder final : public YAML::EventHandler {
public:
    void OnDocumentStart(const YAML::Mark&) override {}
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { put(mark, anchor, {nullptr, {1, 4}}); }

    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& raw) override {
        const auto text = with_yaml_escapes(raw);
        const Weight weight{1, text.size()};
        // "?" is a plain scalar, "!" a quoted one.
        if (tag != "?" && !tag.empty()) return put(mark, anchor, {text, weight});
        Resolved found = resolved(text);
        if (text == "<<") throw Rejected(mark, "merge keys are not supported");
        if (found.scalar == Scalar::not_finite) throw Rejected(mark, "JSON has no such number");
        put(mark, anchor, {std::move(found.value), weight});
    }

    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        const auto found = anchors_.find(anchor);
        if (found == anchors_.end()) throw Rejected(mark, "an alias within its own anchor");
        put(mark, YAML::NullAnchor, found->second);
    }

    void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        begin(mark, anchor, Json::array());
    }
    void OnSequenceEnd() override { end(); }
    void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        begin(mark, anchor, Json::object());
    }
    void OnMapEnd() override { end(); }

    Json take() { return std::move(root_); }

private:
    struct Weight {
        std::size_t values = 0;
        std::size_t bytes = 0;
    };
    struct Weighed {
        Json value;
        Weight weight;
    };
    struct Open {
        Json value;
        YAML::anchor_t anchor;
        YAML::Mark mark;
        Weight weight;
        std::optional<std::string> key;
    };

    void begin(const YAML::Mark& mark, YAML::anchor_t anchor, Json empty) {
        if (open_.size() >= deepest) throw Rejected(mark, fmt::format("deeper than {}", deepest));
        open_.push_back(Open{std::move(empty), anchor, mark, {1, 0}, std::nullopt});
    }

    void end() {
        Open done = std::move(open_.back());
        open_.pop_back();
        // What is inside was counted when it came.
        total_.values -= done.weight.values - 1;
        total_.bytes -= done.weight.bytes;
        put(done.mark, done.anchor, {std::move(done.value), done.weight});
    }

    static std::string key_text(const YAML::Mark& mark, const Json& key) {
        if (key.is_string()) return key.get<std::string>();
        if (key.is_boolean()) return key.get<bool>() ? "true" : "false";
        if (key.is_number()) return json_number(key);
        throw Rejected(mark, "a key that is no text");
    }

    void put(const YAML::Mark& mark, YAML::anchor_t anchor, Weighed weighed) {
        total_.values += weighed.weight.values;
        total_.bytes += weighed.weight.bytes;
        if (total_.values > most_values) throw Rejected(mark, fmt::format("more than {} values", most_values));
        if (total_.bytes > most_bytes) throw Rejected(mark, fmt::format("more than {} MiB", most_bytes >> 20));
        if (anchor != YAML::NullAnchor) anchors_[anchor] = weighed;
        if (open_.empty()) {
            root_ = std::move(weighed.value);
            return;
        }
        Open& parent = open_.back();
        parent.weight.values += weighed.weight.values;
        parent.weight.bytes += weighed.weight.bytes;
        if (parent.value.is_array()) {
            parent.value.push_back(std::move(weighed.value));
        } else if (!parent.key) {
            parent.key = key_text(mark, weighed.value);
        } else {
            parent.value[*parent.key] = std::move(weighed.value);
            parent.key.reset();
        }
    }

    std::vector<Open> open_;
    std::map<YAML::anchor_t, Weighed> anchors_;
    Json root_;
    Weight total_;
};

}  // namespace

Result<Json> read_yaml(std::string_view text) {
    if (text.size() > most_bytes) return fail(fmt::format("yaml: more than {} MiB", most_bytes >> 20));
    if (!valid_utf8(text)) return fail("yaml: invalid UTF-8");
    try {
        std::istringstream stream{std::string(text)};
        YAML::Parser parser(stream);
        Builder builder;
        if (!parser.HandleNextDocument(builder)) return Json(nullptr);
        return builder.take();
    } catch (const std::exception& error) {
        return fail(error.what());
    }
}

}  // namespace moontide::templates
