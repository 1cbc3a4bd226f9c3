#include "watch/line.hpp"

#include <array>
#include <cstring>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <simdjson.h>

namespace moontide::watch {

namespace {

namespace ondemand = simdjson::ondemand;

std::optional<EventType> event_type(std::string_view text) {
    if (text == "ADDED") return EventType::added;
    if (text == "MODIFIED") return EventType::modified;
    if (text == "DELETED") return EventType::deleted;
    return std::nullopt;
}

std::string text_at(const nlohmann::json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

const nlohmann::json& object_at(const nlohmann::json& object, const char* key) {
    static const nlohmann::json none = nlohmann::json::object();
    const auto found = object.find(key);
    return found != object.end() && found->is_object() ? *found : none;
}

/// A BOOKMARK or an ERROR: rare and small.
Result<Line> read_message(std::string_view type, std::string_view json) {
    constexpr std::size_t largest = 1U << 20;
    if (json.size() > largest) return fail(fmt::format("a {} of {} bytes", type, json.size()));
    const auto object = nlohmann::json::parse(json, nullptr, false);
    if (!object.is_object()) return fail(fmt::format("a {} without an object", type));
    if (type == "BOOKMARK") {
        const auto& metadata = object_at(object, "metadata");
        BookmarkLine bookmark;
        bookmark.version = TRY(kube::parse_resource_version(text_at(metadata, "resourceVersion")));
        bookmark.initial_events_end =
            text_at(object_at(metadata, "annotations"), "k8s.io/initial-events-end") == "true";
        return bookmark;
    }
    Failure failure;
    const auto code = object.find("code");
    if (code != object.end() && code->is_number_integer()) failure.status = code->get<int>();
    failure.message = text_at(object, "message");
    if (failure.message.empty()) failure.message = text_at(object, "reason");
    const auto& details = object_at(object, "details");
    const auto seconds = details.find("retryAfterSeconds");
    if (seconds != details.end() && seconds->is_number_integer()) {
        failure.retry_after = std::chrono::seconds(std::clamp<std::int64_t>(seconds->get<std::int64_t>(), 0, 3600));
    }
    return ErrorLine{std::move(failure)};
}

Result<Line> line_of(std::string_view type, std::string_view json) {
    if (const auto event = event_type(type)) return EventLine{*event, json};
    if (type == "BOOKMARK" || type == "ERROR") return read_message(type, json);
    return fail(fmt::format("a line of the unknown type '{}'", type.substr(0, 40)));
}

}  // namespace

struct LineReader::Implementation {
    ondemand::parser parser;
    std::vector<char> buffer;

    Result<Line> read(std::string_view line) {
        if (buffer.size() < line.size() + simdjson::SIMDJSON_PADDING) {
            buffer.resize(line.size() + line.size() / 2 + simdjson::SIMDJSON_PADDING);
        }
        std::memcpy(buffer.data(), line.data(), line.size());
        std::memset(buffer.data() + line.size(), ' ', simdjson::SIMDJSON_PADDING);
        std::string_view type;
        std::string_view object;
        if (const auto error =
                find(simdjson::padded_string_view(buffer.data(), line.size(), buffer.size()), type, object)) {
            return fail(
                fmt::format("a line that is no event: {}: {}", simdjson::error_message(error), line.substr(0, 80)));
        }
        return line_of(type, object);
    }

    simdjson::error_code find(simdjson::padded_string_view text, std::string_view& type, std::string_view& json) {
        ondemand::document document;
        if (const auto error = parser.iterate(text).get(document)) return error;
        ondemand::object root;
        if (const auto error = document.get_object().get(root)) return error;
        for (auto result : root) {
            ondemand::field field;
            if (const auto error = std::move(result).get(field)) return error;
            const auto key = field.key();
            if (key.unsafe_is_equal("type")) {
                if (const auto error = field.value().get_string().get(type)) return error;
            } else if (key.unsafe_is_equal("object")) {
                ondemand::object object;
                if (const auto error = field.value().get_object().get(object)) return error;
                if (const auto error = object.raw_json().get(json)) return error;
            }
        }
        if (!document.current_location().error()) return simdjson::TRAILING_CONTENT;
        return type.empty() || json.empty() ? simdjson::NO_SUCH_FIELD : simdjson::SUCCESS;
    }
};

LineReader::LineReader() : self_(std::make_unique<Implementation>()) {}
LineReader::~LineReader() = default;
LineReader::LineReader(LineReader&&) noexcept = default;
LineReader& LineReader::operator=(LineReader&&) noexcept = default;

Result<Line> LineReader::read(std::string_view line) {
    // As kube-apiserver writes it; then the object need not be searched. Who reads the object sees whether it is one.
    constexpr std::string_view opening = R"({"type":")";
    constexpr std::string_view between = R"(","object":)";
    if (line.starts_with(opening) && line.ends_with("}}")) {
        const auto type_end = line.find('"', opening.size());
        const auto type = event_type(line.substr(opening.size(), type_end - opening.size()));
        if (type && type_end != std::string_view::npos && line.substr(type_end).starts_with(between)) {
            const auto object = type_end + between.size();
            return EventLine{*type, line.substr(object, line.size() - object - 1)};
        }
    }
    return self_->read(line);
}

std::unexpected<Error> LineSplitter::too_long() const {
    return fail(fmt::format("a line of more than {} MiB", limit_ >> 20U));
}

}  // namespace moontide::watch
