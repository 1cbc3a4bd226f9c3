#include "kube/client_answer.hpp"

#include "kube/text_at.hpp"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <set>
#include <utility>

#include <nlohmann/json.hpp>

namespace moontide::kube {

namespace {

using nlohmann::json;

constexpr std::int64_t longest_retry_after = 24L * 3600;

Milliseconds seconds(std::int64_t count) {
    return std::chrono::seconds(std::clamp<std::int64_t>(count, 0, longest_retry_after));
}

std::optional<Milliseconds> retry_after_header(const http2::Headers& headers) {
    const auto* value = http2::find(headers, "retry-after");
    if (value == nullptr) return std::nullopt;
    std::int64_t count = 0;
    const auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), count);
    if (error != std::errc() || end != value->data() + value->size()) return std::nullopt;
    return seconds(count);
}

/// For answers that are not of the API server itself, such as a load balancer's.
std::string usual_reason(int code) {
    switch (code) {
        case 400:
            return "BadRequest";
        case 401:
            return "Unauthorized";
        case 403:
            return "Forbidden";
        case 404:
            return "NotFound";
        case 405:
            return "MethodNotAllowed";
        case 406:
            return "NotAcceptable";
        case 409:
            return "Conflict";
        case 410:
            return "Expired";
        case 413:
            return "RequestEntityTooLarge";
        case 415:
            return "UnsupportedMediaType";
        case 422:
            return "Invalid";
        case 429:
            return "TooManyRequests";
        case 500:
            return "InternalError";
        case 503:
            return "ServiceUnavailable";
        case 504:
            return "Timeout";
        default:
            return "Unknown";
    }
}

/// The beginning of a body that is no Status, fit for a message.
std::string excerpt(std::string_view body) {
    std::string text;
    for (const char c : body.substr(0, 200)) {
        const auto byte = static_cast<unsigned char>(c);
        text += byte < 0x20 || byte >= 0x7f ? ' ' : c;
    }
    while (text.ends_with(' ')) text.pop_back();
    return text;
}

}  // namespace

Status read_status(const Answer& answer) {
    Status status;
    status.code = answer.status;
    status.retry_after = retry_after_header(answer.headers);
    const auto body = json::parse(answer.body, nullptr, false);
    if (body.is_object() && text_at(body, "kind") == "Status") {
        status.reason = text_at(body, "reason");
        status.message = text_at(body, "message");
        if (const auto code = body.find("code"); code != body.end() && code->is_number_integer()) {
            const auto number = code->get<std::int64_t>();
            if (number >= 100 && number < 1000) status.code = static_cast<int>(number);
        }
        if (const auto details = body.find("details"); details != body.end() && details->is_object()) {
            const auto causes = details->find("causes");
            if (causes != details->end() && causes->is_array() && !causes->empty() && causes->front().is_object()) {
                status.cause = text_at(causes->front(), "reason");
            }
            const auto after = details->find("retryAfterSeconds");
            if (!status.retry_after && after != details->end() && after->is_number_integer()) {
                status.retry_after = seconds(after->get<std::int64_t>());
            }
        }
    }
    if (status.reason.empty()) status.reason = usual_reason(status.code);
    if (status.message.empty()) status.message = excerpt(answer.body);
    if (status.message.empty()) status.message = "HTTP " + std::to_string(answer.status);
    return status;
}

bool says_not_there(const Answer& answer, const std::string& name) {
    if (answer.status != 404) return false;
    const auto body = json::parse(answer.body, nullptr, false);
    if (!body.is_object() || text_at(body, "kind") != "Status" || text_at(body, "reason") != "NotFound") return false;
    const auto details = body.find("details");
    return details != body.end() && details->is_object() && text_at(*details, "name") == name;
}

Result<bool> serves(const Answer& discovery, const Kind& kind) {
    if (discovery.status == 404) return false;
    const auto body = json::parse(discovery.body, nullptr, false);
    const auto resources = body.is_object() ? body.find("resources") : body.end();
    if (!discovery.ok() || !body.is_object() || resources == body.end() || !resources->is_array()) {
        return fail("cannot ask for " + kind.api_version + ": " + read_status(discovery).message, Retry::later);
    }
    return std::ranges::any_of(*resources, [&](const json& one) {
        if (!one.is_object() || text_at(one, "kind") != kind.kind) return false;
        const auto verbs = one.find("verbs");
        return text_at(one, "name").find('/') == std::string::npos && verbs != one.end() && verbs->is_array() &&
               std::ranges::find(*verbs, "create") != verbs->end();
    });
}

std::optional<WallTime> date_of(const http2::Headers& headers) {
    const auto* value = http2::find(headers, "date");
    if (value == nullptr) return std::nullopt;
    std::tm time{};
    const char* end = ::strptime(value->c_str(), "%a, %d %b %Y %H:%M:%S GMT", &time);
    // The clock counts nanoseconds, which end in the year 2262.
    if (end == nullptr || *end != '\0' || time.tm_year < 70 || time.tm_year > 300) return std::nullopt;
    return std::chrono::system_clock::from_time_t(::timegm(&time));
}

Result<std::vector<Resource>> read_resources(const std::string& api_version, const std::string& body) {
    const auto list = json::parse(body, nullptr, false);
    const auto found = list.is_object() ? list.find("resources") : list.end();
    if (!list.is_object() || found == list.end() || !found->is_array()) {
        return fail("the discovery of " + api_version + " is no APIResourceList: " + excerpt(body), Retry::later);
    }
    std::vector<Resource> resources;
    std::set<std::string> with_status;
    for (const auto& one : *found) {
        if (!one.is_object()) continue;
        auto name = text_at(one, "name");
        if (const auto slash = name.find('/'); slash != std::string::npos) {
            if (name.substr(slash) == "/status") with_status.insert(name.substr(0, slash));
            continue;
        }
        const auto namespaced = one.find("namespaced");
        Resource resource{{api_version, text_at(one, "kind")},
                          std::move(name),
                          namespaced != one.end() && namespaced->is_boolean() && namespaced->get<bool>(),
                          false};
        if (!resource.plural.empty() && !resource.kind.kind.empty()) resources.push_back(std::move(resource));
    }
    for (auto& resource : resources) resource.has_status = with_status.contains(resource.plural);
    return resources;
}

}  // namespace moontide::kube
