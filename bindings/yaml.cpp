#include "bindings/yaml.hpp"

#include "base/yaml_escapes.hpp"
#include "bindings/convert.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <vector>

#include <fmt/format.h>
#include <re2/re2.h>
#include <yaml-cpp/anchor.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

namespace moontide::bindings {
namespace {

constexpr std::size_t deepest_yaml = 64;
constexpr std::size_t most_yaml_values = 100'000;
constexpr std::size_t most_yaml_bytes = 8U << 20;

class Rejected : public std::runtime_error {
public:
    Rejected(const YAML::Mark& mark, const std::string& message)
        : std::runtime_error(fmt::format("line {}: {}", mark.line + 1, message)) {}
};

/// Builds JSON from the parser's events. The tree of yaml-cpp would follow aliases for ever.
class Builder final : public YAML::EventHandler {
public:
    void OnDocumentStart(const YAML::Mark&) override {}
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { scalar(mark, anchor, nullptr); }

    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& raw) override {
        const auto value = with_yaml_escapes(raw);
        // "?" is a plain scalar, "!" a quoted one.
        scalar(mark, anchor, tag == "?" || tag.empty() ? plain(value) : Json(value), &value);
    }

    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        const auto found = anchors_.find(anchor);
        if (found == anchors_.end()) throw Rejected(mark, "an alias within its own anchor");
        count(mark, found->second.values);
        bytes(mark, found->second.bytes);
        put(mark, found->second.value,
            found->second.value.is_string() ? std::optional(found->second.value.get<std::string>()) : std::nullopt);
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

    Json take() { return root_ ? std::move(*root_) : Json(nullptr); }

private:
    struct Open {
        Json value;
        YAML::anchor_t anchor;
        YAML::Mark mark;
        std::size_t values_before;
        std::size_t bytes_before;
        std::optional<std::string> key;
    };
    struct Anchored {
        Json value;
        std::size_t values;
        std::size_t bytes;
    };

    static Json plain(const std::string& text) {
        static const RE2 integer("[-+]?[0-9]+");
        static const RE2 floating("[-+]?(\\.[0-9]+|[0-9]+(\\.[0-9]*)?)([eE][-+]?[0-9]+)?");
        if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") return nullptr;
        if (text == "true" || text == "True" || text == "TRUE") return true;
        if (text == "false" || text == "False" || text == "FALSE") return false;
        const std::string digits = text.starts_with('+') ? text.substr(1) : text;
        if (RE2::FullMatch(text, integer)) {
            errno = 0;
            const long long number = std::strtoll(digits.c_str(), nullptr, 10);
            if (errno == 0) return number;
            return text;
        }
        if (RE2::FullMatch(text, floating)) {
            const double number = std::strtod(digits.c_str(), nullptr);
            if (number - number == 0) return number;
        }
        return text;
    }

    void count(const YAML::Mark& mark, std::size_t more) {
        values_ += more;
        if (values_ > most_yaml_values) throw Rejected(mark, fmt::format("more than {} values", most_yaml_values));
    }

    void bytes(const YAML::Mark& mark, std::size_t more) {
        bytes_ += more;
        if (bytes_ > most_yaml_bytes) throw Rejected(mark, fmt::format("more than {} MiB", most_yaml_bytes >> 20));
    }

    void scalar(const YAML::Mark& mark, YAML::anchor_t anchor, Json value, const std::string* text = nullptr) {
        count(mark, 1);
        bytes(mark, text ? text->size() : 0);
        if (anchor != YAML::NullAnchor) anchors_[anchor] = Anchored{value, 1, text ? text->size() : 0};
        put(mark, std::move(value), text ? std::optional(*text) : std::nullopt);
    }

    void begin(const YAML::Mark& mark, YAML::anchor_t anchor, Json empty) {
        if (open_.size() >= deepest_yaml) throw Rejected(mark, fmt::format("deeper than {}", deepest_yaml));
        const std::size_t before = values_;
        count(mark, 1);
        open_.push_back(Open{std::move(empty), anchor, mark, before, bytes_, std::nullopt});
    }

    void end() {
        Open done = std::move(open_.back());
        open_.pop_back();
        if (done.anchor != YAML::NullAnchor) {
            anchors_[done.anchor] = Anchored{done.value, values_ - done.values_before, bytes_ - done.bytes_before};
        }
        put(done.mark, std::move(done.value), std::nullopt);
    }

    void put(const YAML::Mark& mark, Json value, const std::optional<std::string>& as_key) {
        if (open_.empty()) {
            root_ = std::move(value);
            return;
        }
        Open& parent = open_.back();
        if (parent.value.is_array()) {
            parent.value.push_back(std::move(value));
        } else if (!parent.key) {
            if (!as_key) throw Rejected(mark, "a key that is no text");
            if (parent.value.contains(*as_key))
                throw Rejected(mark, fmt::format("the key '{}' is there twice", *as_key));
            parent.key = as_key;
        } else {
            parent.value[*parent.key] = std::move(value);
            parent.key.reset();
        }
    }

    std::vector<Open> open_;
    std::map<YAML::anchor_t, Anchored> anchors_;
    std::optional<Json> root_;
    std::size_t values_ = 0;
    std::size_t bytes_ = 0;
};

bool needs_quotes(const std::string& text) {
    static const RE2 harmless("[A-Za-z/][A-Za-z0-9_./-]*");
    static const RE2 typed("(?i)(true|false|yes|no|on|off|y|n|null|nan|inf)");
    return !RE2::FullMatch(text, harmless) || RE2::FullMatch(text, typed);
}

void emit(YAML::Emitter& emitter, const Json& value);

void emit_text(YAML::Emitter& emitter, const std::string& text) {
    const auto plain_line = [](char character) {
        return character == '\n' || static_cast<unsigned char>(character) >= 0x20;
    };
    // A block keeps one line break at its end.
    const bool lines = text.size() > 1 && text.ends_with('\n') && !text.ends_with("\n\n") && text.front() != ' ' &&
                       text.front() != '\n' && std::ranges::all_of(text, plain_line);
    if (lines) {
        emitter << YAML::Literal << text.substr(0, text.size() - 1);
    } else if (needs_quotes(text)) {
        emitter << YAML::DoubleQuoted << text;
    } else {
        emitter << text;
    }
}

void emit(YAML::Emitter& emitter, const Json& value) {
    if (value.is_object()) {
        if (value.empty()) emitter << YAML::Flow;
        emitter << YAML::BeginMap;
        for (const auto& [key, element] : value.items()) {
            // A key that stands before its colon has at most 1,024 characters, and each byte may be four.
            if (key.size() > 128) emitter << YAML::LongKey;
            emitter << YAML::Key;
            if (needs_quotes(key)) emitter << YAML::DoubleQuoted;
            emitter << key << YAML::Value;
            emit(emitter, element);
        }
        emitter << YAML::EndMap;
    } else if (value.is_array()) {
        if (value.empty()) emitter << YAML::Flow;
        emitter << YAML::BeginSeq;
        for (const Json& element : value) emit(emitter, element);
        emitter << YAML::EndSeq;
    } else if (value.is_string()) {
        emit_text(emitter, value.get_ref<const std::string&>());
    } else if (value.is_null()) {
        emitter << YAML::Null;  // the text "null" would be quoted
    } else {
        emitter << value.dump();
    }
}

}  // namespace

Result<Json> parse_yaml(std::string_view text) {
    // yaml-cpp passes other bytes on, and JSON has no place for them; by zero bytes it would guess UTF-16 and UTF-32.
    if (!is_utf8(text) || text.find('\0') != std::string_view::npos) return fail("a YAML document that is not UTF-8");
    try {
        std::istringstream stream{std::string(text)};
        YAML::Parser parser(stream);
        Builder builder;
        if (!parser.HandleNextDocument(builder)) return Json(nullptr);
        Builder second;
        if (parser.HandleNextDocument(second)) return fail("more than one YAML document");
        return builder.take();
    } catch (const std::exception& error) {
        return fail(error.what());
    }
}

std::string yaml_text(const Json& value) {
    YAML::Emitter emitter;
    emit(emitter, value);
    return std::string(emitter.c_str()) + "\n";
}

}  // namespace moontide::bindings
