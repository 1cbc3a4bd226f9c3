#include "sandbox/yaml.hpp"

#include "base/yaml_escapes.hpp"

#include <array>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string_view>

#include <fmt/format.h>
#include <simdjson.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

namespace moontide::sandbox {

namespace {

constexpr int DEEPEST_YAML = 128;
constexpr std::size_t MOST_NODES = 1'000'000;

template <std::size_t Count>
bool one_of(const std::string& text, const std::array<const char*, Count>& words) {
    for (const char* word : words) {
        if (text == word) return true;
    }
    return false;
}

bool is_float(const std::string& text) {
    std::size_t at = 0;
    std::size_t digits = 0;
    const auto skip_digits = [&] {
        while (at < text.size() && std::isdigit(static_cast<unsigned char>(text[at]))) ++at, ++digits;
    };
    if (at < text.size() && (text[at] == '-' || text[at] == '+')) ++at;
    skip_digits();
    if (at < text.size() && text[at] == '.') {
        ++at;
        skip_digits();
    }
    if (digits == 0) return false;
    if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
        ++at;
        if (at < text.size() && (text[at] == '-' || text[at] == '+')) ++at;
        digits = 0;
        skip_digits();
        if (digits == 0) return false;
    }
    return at == text.size();
}

/// Whole numbers in all the notations that YAML 1.1 has; null where the text is none.
Json yaml_integer(std::string text) {
    std::erase(text, '_');
    if (text.empty()) return {};
    const bool negative = text.front() == '-';
    std::string digits = text.substr(negative || text.front() == '+' ? 1 : 0);
    int base = 10;
    if (digits.starts_with("0x")) {
        base = 16;
    } else if (digits.starts_with("0b")) {
        base = 2;
    } else if (digits.starts_with("0o")) {
        base = 8;
    } else if (digits.size() > 1 && digits.front() == '0') {
        base = 8;
    }
    if (base != 10)
        digits = digits.substr(digits.size() > 1 && std::isalpha(static_cast<unsigned char>(digits[1])) ? 2 : 1);
    if (digits.empty() || !std::isxdigit(static_cast<unsigned char>(digits.front()))) return {};
    char* end = nullptr;
    errno = 0;
    const auto value = std::strtoull(digits.c_str(), &end, base);
    if (*end != '\0' || errno == ERANGE) return {};
    if (!negative) return value;
    if (value > 1ULL << 63) return {};
    return static_cast<std::int64_t>(0 - value);
}

Json plain(const std::string& text) {
    static constexpr std::array NULLS{"", "~", "null", "Null", "NULL"};
    static constexpr std::array TRUES{"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON", "y", "Y"};
    static constexpr std::array FALSES{"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF", "n", "N"};
    if (one_of(text, NULLS)) return nullptr;
    if (one_of(text, TRUES)) return true;
    if (one_of(text, FALSES)) return false;
    if (auto whole = yaml_integer(text); !whole.is_null()) return whole;
    if (is_float(text)) return std::strtod(text.c_str(), nullptr);
    return text;
}

class Conversion {
public:
    explicit Conversion(YamlDocument& document) : document_(document) {}

    Json value(const YAML::Node& node, const std::string& path, int depth) {
        if (depth > DEEPEST_YAML) throw std::runtime_error("is nested deeper than 128");
        if (++nodes_ > MOST_NODES) throw std::runtime_error("has too many nodes (aliases count each time)");
        switch (node.Type()) {
            case YAML::NodeType::Sequence: {
                Json list = Json::array();
                for (const auto& one : node)
                    list.push_back(value(one, fmt::format("{}[{}]", path, list.size()), depth + 1));
                return list;
            }
            case YAML::NodeType::Map:
                return map(node, path, depth);
            case YAML::NodeType::Scalar:
                return scalar(node);
            default:
                return nullptr;
        }
    }

private:
    Json map(const YAML::Node& node, const std::string& path, int depth) {
        Json map = Json::object();
        std::set<std::string> merged;
        std::set<std::string> own;
        for (const auto& entry : node) {
            if (entry.first.IsScalar() && entry.first.Tag() != "!" && entry.first.Scalar() == "<<") {
                const auto sources = entry.second.IsSequence()
                                         ? std::vector<YAML::Node>(entry.second.begin(), entry.second.end())
                                         : std::vector<YAML::Node>{entry.second};
                for (const auto& source : sources) {
                    if (!source.IsMap())
                        throw std::runtime_error("map merge requires map or sequence of maps as the value");
                    const auto inherited = value(source, path, depth + 1);
                    for (const auto& [key, inner] : inherited.items()) {
                        if (!map.contains(key)) map[key] = inner;
                        merged.insert(key);
                    }
                }
                continue;
            }
            const auto key = key_text(entry.first);
            const auto inner_path = path.empty() ? key : path + "." + key;
            if (!own.insert(key).second) {
                document_.duplicates.push_back(inner_path);
                document_.notes.push_back(
                    fmt::format("line {}: key {} already set in map", entry.first.Mark().line + 1, in_quotes(key)));
            }
            map[key] = value(entry.second, inner_path, depth + 1);
        }
        return map;
    }

    static std::string key_text(const YAML::Node& key) {
        if (!key.IsScalar()) throw std::runtime_error("has a key that is no text");
        const auto read = scalar(key);
        if (read.is_string()) return read.get<std::string>();
        return read.is_null() ? "null" : read.dump();
    }

    static Json scalar(const YAML::Node& node) {
        const auto& tag = node.Tag();
        auto text = with_yaml_escapes(node.Scalar());
        if (tag == "?") return plain(text);
        if (tag == "tag:yaml.org,2002:int" || tag == "tag:yaml.org,2002:float" || tag == "tag:yaml.org,2002:bool" ||
            tag == "tag:yaml.org,2002:null") {
            return plain(text);
        }
        return text;
    }

    YamlDocument& document_;
    std::size_t nodes_ = 0;
};

/// At a comma, say, where a document should begin, yaml-cpp makes an empty one and stays where it is: its LoadAll has
/// no end. This passes over the documents and throws at the second that begins where one before it did.
class Advance final : public YAML::EventHandler {
public:
    void OnDocumentStart(const YAML::Mark& mark) override {
        if (mark.pos == last_) throw YAML::ParserException(mark, "did not find expected node content");
        last_ = mark.pos;
    }
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
    void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
    void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
    void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
    void OnSequenceEnd() override {}
    void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
    void OnMapEnd() override {}

private:
    int last_ = -1;
};

void check_end(const std::string& text) {
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    Advance advance;
    while (parser.HandleNextDocument(advance)) {
    }
}

/// The first that is not UTF-8, counted from 1; 0 where all are.
int broken_line(std::string_view text) {
    if (simdjson::validate_utf8(text)) return 0;
    int line = 1;
    for (auto end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
        if (!simdjson::validate_utf8(text.substr(0, end))) break;
        text.remove_prefix(end + 1);
        ++line;
    }
    return line;
}

}  // namespace

Result<std::vector<YamlDocument>> read_yaml(const std::string& text, const std::string& file) {
    if (const int broken = broken_line(text)) return fail(fmt::format("{}:{}: is not UTF-8", file, broken));
    std::vector<YamlDocument> documents;
    int line = 1;
    try {
        check_end(text);
        for (const auto& node : YAML::LoadAll(text)) {
            if (!node.IsDefined() || node.IsNull()) continue;
            YamlDocument document;
            line = document.line = node.Mark().line + 1;
            document.tree = Conversion(document).value(node, "", 0);
            documents.push_back(std::move(document));
        }
    } catch (const YAML::Exception& error) {
        return fail(fmt::format("{}:{}: {}", file, error.mark.is_null() ? line : error.mark.line + 1, error.msg));
    } catch (const std::exception& error) {
        return fail(fmt::format("{}:{}: the document {}", file, line, error.what()));
    }
    return documents;
}

}  // namespace moontide::sandbox
