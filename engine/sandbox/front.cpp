#include "sandbox/front.hpp"

#include "sandbox/decode.hpp"
#include "sandbox/watch.hpp"

#include <algorithm>
#include <ctime>

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace moontide::sandbox {

namespace {

namespace http2 = kube::http2;

/// What a watch has unsent before it is asked for more; the rest waits in the store.
constexpr std::size_t MOST_UNSENT = 1U << 20;
/// How soon a watch is tried again whose client reads slowly.
constexpr Milliseconds SLOW_CLIENT{20};
/// Who brings the sandbox's own token.
constexpr auto* ADMINISTRATOR = "moontide-sandbox-admin";

constexpr std::string_view EXTRA = "impersonate-extra-";

using Segments = std::vector<std::string>;

std::string header_text(const http2::Headers& headers, std::string_view name) {
    const auto* value = http2::find(headers, name);
    return value ? *value : std::string();
}

http2::Headers headers_of(const Response& response) {
    // Clients correct their clocks by this header.
    const auto now = fmt::gmtime(std::time(nullptr));
    http2::Headers headers = {{"content-type", response.content_type},
                              {"cache-control", "no-cache, private"},
                              {"date", fmt::format("{:%a, %d %b %Y %H:%M:%S GMT}", now)}};
    if (!response.etag.empty()) headers.emplace_back("etag", response.etag);
    for (const auto& warning : response.warnings) {
        std::string escaped;
        for (const char character : warning) {
            if (character == '"' || character == '\\') escaped += '\\';
            escaped += character;
        }
        headers.emplace_back("warning", fmt::format("299 - \"{}\"", escaped));
    }
    return headers;
}

bool reads_for_people(const Request& request) {
    return request.user_agent.starts_with("curl") || request.user_agent.starts_with("Wget") ||
           request.user_agent.starts_with("Mozilla/5.0");
}

}  // namespace

Front::Front(Loop& loop, Api& api, const Clock& clock, std::string token)
    : loop_(loop), api_(api), clock_(clock), token_(std::move(token)) {}

Front::~Front() {
    *alive_ = false;
    loop_.cancel(timer_);
}

void Front::serve(const http2::ExchangePtr& exchange) {
    const auto& asked = exchange->request();
    auto user = user_of(*exchange);
    if (!user) return answer(*exchange, response_of(unauthorized()));

    Request request{asked.method,
                    asked.path,
                    header_text(asked.headers, "content-type"),
                    header_text(asked.headers, "accept"),
                    asked.body,
                    header_text(asked.headers, "user-agent"),
                    header_text(asked.headers, "if-none-match"),
                    std::move(*user)};
    const auto before = api_.store().version();
    auto response = api_.handle(request);
    if (response.watch) {
        begin_watch(exchange, std::move(response.watch));
    } else {
        if (reads_for_people(request) && response.content_type.starts_with("application/json")) {
            const auto tree = Json::parse(response.body, nullptr, false);
            if (!tree.is_discarded()) response.body = tree.dump(2) + "\n";
        }
        if (request.method == "HEAD") response.body.clear();
        answer(*exchange, std::move(response));
    }
    if (api_.store().version() == before || advancing_) return;
    // After what else this round of the loop brings: a burst is told in one piece.
    advancing_ = true;
    loop_.post([this, alive = alive_] {
        if (*alive) advance();
    });
}

std::optional<User> Front::user_of(const http2::Exchange& exchange) const {
    const auto& headers = exchange.request().headers;
    User user{exchange.client_common_name(), {"system:masters", "system:authenticated"}};
    if (const auto given = header_text(headers, "authorization"); given.starts_with("Bearer ")) {
        const auto token = given.substr(std::string_view("Bearer ").size());
        if (!token_.empty() && token == token_) {
            user.name = ADMINISTRATOR;
        } else if (auto owner = api_.tokens().owner(token, clock_.wall())) {
            user = std::move(*owner);
        } else if (user.name.empty()) {
            return std::nullopt;
        }
    }
    if (user.name.empty()) return std::nullopt;
    // Whoever came in may be anybody.
    if (const auto name = header_text(headers, "impersonate-user"); !name.empty()) {
        user = {name, {}};
        for (const auto& [header, value] : headers) {
            if (header == "impersonate-group") user.groups.push_back(value);
            // The key is written as a path's segment is.
            const auto key = header.starts_with(EXTRA) ? path_segments(header.substr(EXTRA.size())) : Segments();
            if (!key.empty()) user.extra[key.front()].push_back(value);
        }
        user.groups.emplace_back("system:authenticated");
    }
    return user;
}

void Front::answer(http2::Exchange& exchange, Response response) {
    auto headers = headers_of(response);
    exchange.respond(response.status, std::move(headers), std::move(response.body));
}

void Front::begin_watch(const http2::ExchangePtr& exchange, std::shared_ptr<Watch> watch) {
    exchange->begin(200, headers_of(Response{}));
    auto watcher = std::make_shared<Watcher>(Watcher{exchange, std::move(watch)});
    exchange->on_gone([weak = std::weak_ptr(watcher)] {
        if (const auto held = weak.lock()) held->gone = true;
    });
    watchers_.push_back(std::move(watcher));
    pump();
}

void Front::advance() {
    advancing_ = false;
    api_.settle();
    pump();
}

void Front::end_watches() {
    for (const auto& watcher : watchers_) {
        if (!watcher->gone) watcher->exchange->end();
    }
    watchers_.clear();
}

void Front::pump() {
    std::string text;
    for (auto at = watchers_.begin(); at != watchers_.end();) {
        const auto& watcher = *at;
        bool over = watcher->gone;
        const auto unsent = over ? 0 : watcher->exchange->unsent();
        if (!over && unsent < MOST_UNSENT) {
            text.clear();
            over = !watcher->watch->pull(text, MOST_UNSENT - unsent);
            if (!text.empty()) watcher->exchange->write(text);
            if (over) watcher->exchange->end();
        }
        at = over ? watchers_.erase(at) : std::next(at);
    }
    set_timer();
}

void Front::set_timer() {
    loop_.cancel(timer_);
    timer_ = 0;
    if (watchers_.empty()) return;
    const auto now = clock_.now();
    auto next = Instant::max();
    for (const auto& watcher : watchers_) {
        next = std::min(next, watcher->watch->behind() ? now + SLOW_CLIENT : watcher->watch->due());
    }
    const auto wait = std::chrono::ceil<Milliseconds>(std::max(next - now, Instant::duration::zero()));
    timer_ = loop_.after(std::min(wait, Milliseconds(60'000)), [this] { pump(); });
}

}  // namespace moontide::sandbox
