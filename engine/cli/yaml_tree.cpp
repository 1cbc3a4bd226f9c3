#include "cli/yaml_tree.hpp"

#include "base/yaml_escapes.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <sstream>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

namespace moontide::cli {

namespace {

constexpr std::size_t largest_text = 1UL << 20U;
constexpr std::size_t deepest = 100;

/// An error with its place, on its way through the parser.
struct Refused : std::runtime_error {
    Refused(int at, const std::string& why) : std::runtime_error(why), line(at) {}
    int line;
};

/// Builds the tree from the parser's events: yaml-cpp's own nodes would take aliases that contain themselves, and
/// keep only the last of two equal keys.
class Builder final : public YAML::EventHandler {
public:
    YamlNode root;

    void OnDocumentStart(const YAML::Mark& mark) override {
        if (++documents_ > 1) throw Refused(mark.line + 1, "a second document begins; only one is read");
    }
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { put(mark, {}); }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
        throw Refused(mark.line + 1, "aliases ('*name') are not read here; write the value out");
    }
    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t, const std::string& value) override {
        if (tag != "?" && tag != "!" && tag != "tag:yaml.org,2002:str") {
            throw Refused(mark.line + 1, fmt::format("the tag '{}' is not read here", tag));
        }
        put(mark, YamlNode::Scalar{with_yaml_escapes(value), tag != "?"});
    }
    void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                         YAML::EmitterStyle::value) override {
        open(mark, YamlNode::List{});
    }
    void OnSequenceEnd() override { open_.pop_back(); }
    void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {
        open(mark, YamlNode::Map{});
    }
    void OnMapEnd() override { open_.pop_back(); }

private:
    struct Open {
        YamlNode* node;
        bool key_is_next = true;
    };

    void open(const YAML::Mark& mark, decltype(YamlNode::value) value) {
        if (open_.size() >= deepest) throw Refused(mark.line + 1, "nested too deeply");
        if (auto* node = put(mark, std::move(value))) open_.push_back({node});
    }

    /// Where the value went, or null where it was a key. Pointers to open nodes stay valid: only the innermost grows.
    YamlNode* put(const YAML::Mark& mark, decltype(YamlNode::value) value) {
        const int line = mark.line + 1;
        YamlNode node{std::move(value), line};
        if (open_.empty()) {
            root = std::move(node);
            return &root;
        }
        auto& [parent, key_is_next] = open_.back();
        if (auto* list = std::get_if<YamlNode::List>(&parent->value)) return &list->emplace_back(std::move(node));
        auto& map = std::get<YamlNode::Map>(parent->value);
        if (std::exchange(key_is_next, !key_is_next)) {
            const auto* key = node.scalar();
            if (key == nullptr) throw Refused(line, fmt::format("a key is a text, not {}", node.looks()));
            const auto same = std::ranges::find(map, key->text, &YamlNode::Entry::key);
            if (same != map.end()) {
                throw Refused(line, fmt::format("the key '{}' stands in line {} already", key->text, same->line));
            }
            map.push_back({key->text, line, {}});
            return nullptr;
        }
        return &(map.back().node = std::move(node));
    }

    std::vector<Open> open_;
    int documents_ = 0;
};

template <typename Number>
bool reads_whole(std::string_view text, Number& number) {
    if (text.starts_with('+')) text.remove_prefix(1);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size();
}

nlohmann::json scalar_json(const YamlNode::Scalar& scalar) {
    if (scalar.quoted) return scalar.text;
    if (scalar.text == "true" || scalar.text == "True" || scalar.text == "TRUE") return true;
    if (scalar.text == "false" || scalar.text == "False" || scalar.text == "FALSE") return false;
    if (std::int64_t whole = 0; reads_whole(scalar.text, whole)) return whole;
    if (double real = 0; scalar.text.find_first_of("0123456789") != std::string::npos &&
                         reads_whole(scalar.text, real) && std::isfinite(real)) {
        return real;
    }
    return scalar.text;
}

}  // namespace

std::string YamlNode::looks() const {
    if (const auto* text = scalar()) return fmt::format("'{}'", text->text);
    if (list() != nullptr) return "a list";
    if (map() != nullptr) return "a map";
    return "nothing";
}

Result<YamlNode> read_yaml_tree(std::string_view text, const std::string& file) {
    if (text.size() > largest_text) return fail(fmt::format("{}: larger than 1 MiB", file));
    try {
        std::istringstream stream{std::string(text)};
        YAML::Parser parser(stream);
        Builder builder;
        while (parser.HandleNextDocument(builder)) {
        }
        return std::move(builder.root);
    } catch (const Refused& refused) {
        return fail(fmt::format("{}:{}: {}", file, refused.line, refused.what()));
    } catch (const YAML::Exception& error) {
        return fail(fmt::format("{}:{}: {}", file, error.mark.line + 1, error.msg));
    } catch (const std::exception& error) {
        return fail(fmt::format("{}: {}", file, error.what()));
    }
}

nlohmann::json to_json(const YamlNode& node) {
    if (const auto* scalar = node.scalar()) return scalar_json(*scalar);
    if (const auto* list = node.list()) {
        auto out = nlohmann::json::array();
        for (const auto& item : *list) out.push_back(to_json(item));
        return out;
    }
    if (const auto* map = node.map()) {
        auto out = nlohmann::json::object();
        for (const auto& entry : *map) out[entry.key] = to_json(entry.node);
        return out;
    }
    return nullptr;
}

}  // namespace moontide::cli
