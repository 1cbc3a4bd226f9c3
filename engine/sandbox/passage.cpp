#include "sandbox/passage.hpp"

#include <charconv>
#include <utility>

#include <fmt/format.h>

namespace moontide::sandbox {

namespace {

namespace http2 = kube::http2;

struct Reason {
    int status;
    const char* reason;
    const char* message;
};

constexpr Reason REASONS[] = {
    {401, "Unauthorized", "Unauthorized"},
    {403, "Forbidden", "forbidden by a fault"},
    {404, "NotFound", "the server could not find the requested resource"},
    {409, "Conflict", "the object has been modified; please apply your changes to the latest version and try again"},
    {410, "Expired", "too old resource version"},
    {429, "TooManyRequests", "too many requests, please try again later"},
    {500, "InternalError", "an error on the server"},
    {503, "ServiceUnavailable", "the server is currently unable to handle the request"},
    {504, "Timeout", "the server was unable to return a response in the time allotted"},
};

std::string status_object(int status) {
    Reason known{status, "", "a fault"};
    for (const auto& reason : REASONS) {
        if (reason.status == status) known = reason;
    }
    return Json{{"kind", "Status"},    {"apiVersion", "v1"},       {"metadata", Json::object()},
                {"status", "Failure"}, {"message", known.message}, {"reason", known.reason},
                {"code", status}}
        .dump();
}

/// Of the object in a line of a watch; metadata stands before anything that a user wrote.
std::uint64_t version_in(std::string_view line) {
    constexpr std::string_view key = R"("resourceVersion":")";
    const auto at = line.find(key);
    if (at == std::string_view::npos) return 0;
    std::uint64_t version = 0;
    std::from_chars(line.data() + at + key.size(), line.data() + line.size(), version);
    return version;
}

bool ends_initial_events(std::string_view line) {
    return line.starts_with(R"({"type":"BOOKMARK")") &&
           line.find("k8s.io/initial-events-end") != std::string_view::npos;
}

http2::Headers without_length(http2::Headers headers) {
    std::erase_if(headers, [](const auto& header) { return header.first == "content-length"; });
    return headers;
}

}  // namespace

Passage::Passage(FaultPort& port, http2::ExchangePtr client, Asked asked, FaultPort::Handler next)
    : port_(&port),
      port_alive_(port.alive_),
      history_(port.history_),
      client_(std::move(client)),
      asked_(std::move(asked)),
      next_(std::move(next)),
      request_(client_->request()) {}

void Passage::befall(FaultRule rule, std::size_t number) {
    rule_ = std::move(rule);
    rule_number_ = number;
}

void Passage::listen() {
    client_->on_gone([weak = weak_from_this()] {
        const auto self = weak.lock();
        if (!self) return;
        self->gone_ = true;
        if (const auto gone = std::exchange(self->gone_callback_, nullptr)) gone();
    });
}

void Passage::on_gone(std::function<void()> gone) {
    if (gone_) return gone();
    gone_callback_ = std::move(gone);
}

void Passage::record(int status, bool delivered, std::string_view body) {
    if (std::exchange(recorded_, true) || !history_) return;
    Answered answered{asked_.id, status, delivered && !is_gone(), {}, {}};
    if (rule_ && rule_->fault != Fault::pass) answered.fault = word(rule_->fault);
    if (status >= 400) {
        const auto tree = Json::parse(body, nullptr, false);
        if (tree.is_object()) answered.why = tree.value("message", "");
    }
    history_->add(std::move(answered));
}

void Passage::lose() {
    record(0, false);
    silenced_ = true;
}

void Passage::refuse() {
    const int status = rule_->fault == Fault::expire_continue ? 410 : rule_->status;
    http2::Headers headers = {{"content-type", "application/json"}};
    if (!rule_->retry_after.empty()) headers.emplace_back("retry-after", rule_->retry_after);
    auto body = status_object(status);
    record(status, true, body);
    client_->respond(status, std::move(headers), std::move(body));
    silenced_ = true;
}

void Passage::respond(int status, http2::Headers headers, std::string body) {
    if (silent_) return std::exchange(silent_, nullptr)();
    if (silenced_) return;
    if (!rule_ || !*port_alive_) return forward(status, std::move(headers), std::move(body));
    switch (rule_->fault) {
        case Fault::pass:
            forward(status, std::move(headers), std::move(body));
            return port_->tell(*this);
        case Fault::delay_after:
            port_->loop_.after(rule_->delay, [self = shared_from_this(), status, headers = std::move(headers),
                                              body = std::move(body)] { self->forward(status, headers, body); });
            return port_->tell(*this);
        case Fault::drop_after:
            record(status, false, body);
            client_->cut();
            return port_->tell(*this);
        case Fault::reset_after:
            record(status, false, body);
            client_->reset();
            return port_->tell(*this);
        case Fault::freeze_after:
            record(status, false, body);
            kept_ = [this, status, headers = std::move(headers), body = std::move(body)] {
                forward(status, headers, body);
            };
            port_->hold(shared_from_this());
            return port_->tell(*this);
        case Fault::truncate:
            truncate(status, std::move(headers), body);
            return port_->tell(*this);
        case Fault::answer_after:
            refuse();
            return port_->tell(*this);
        default:
            return forward(status, std::move(headers), std::move(body));
    }
}

void Passage::forward(int status, http2::Headers headers, std::string body) {
    record(status, true, body);
    client_->respond(status, std::move(headers), std::move(body));
}

void Passage::truncate(int status, http2::Headers headers, std::string_view body) {
    record(status, false, body);
    client_->begin(status, without_length(std::move(headers)));
    client_->write(body.substr(0, rule_->bytes));
    client_->end();
}

void Passage::begin(int status, http2::Headers headers) {
    if (silent_) {
        // A watch cannot be asked for twice over one stream.
        silent_ = nullptr;
    }
    if (silenced_) return;
    const auto fault = rule_ ? rule_->fault : Fault::pass;
    if (fault == Fault::answer_after) {
        refuse();
        return finish();
    }
    record(status, true);
    if (fault == Fault::drop_after || fault == Fault::reset_after) {
        fault == Fault::drop_after ? client_->cut() : client_->reset();
        return finish();
    }
    client_->begin(status, std::move(headers));
    if (fault == Fault::freeze_after) silenced_ = true;
    after_lines();
}

void Passage::write(std::string_view chunk) {
    if (silenced_) return;
    if (!*port_alive_) return client_->write(chunk);
    const bool looks_at_lines = rule_ || !partial_.empty() || !withheld_.empty() || port_->frozen_at(asked_);
    if (!looks_at_lines) {
        // Chunks are not lines: where a line is cut, the rest of it is known for one.
        const auto end = chunk.rfind('\n');
        const auto whole = end == std::string_view::npos ? 0 : end + 1;
        partial_ = chunk.substr(whole);
        if (whole > 0) client_->write(chunk.substr(0, whole));
        return;
    }
    partial_ += chunk;
    std::size_t begin = 0;
    const std::string text = std::move(partial_);
    for (auto end = text.find('\n'); end != std::string::npos && !silenced_; end = text.find('\n', begin)) {
        line(std::string_view(text).substr(begin, end + 1 - begin));
        begin = end + 1;
    }
    partial_ = text.substr(begin);
}

void Passage::line(std::string_view line) {
    if (rule_ && rule_->fault == Fault::lose_bookmark && ends_initial_events(line)) {
        return port_->tell(*this);
    }
    const auto frozen = port_->frozen_at(asked_);
    if (!withheld_.empty() || (frozen && version_in(line) > *frozen)) {
        withheld_ += line;
        return;
    }
    client_->write(line);
    ++lines_;
    after_lines();
}

void Passage::after_lines() {
    if (!rule_ || silenced_ || lines_ < rule_->event) return;
    switch (rule_->fault) {
        case Fault::end_watch:
            client_->end();
            break;
        case Fault::cut_watch:
            client_->reset();
            break;
        case Fault::error_event:
            client_->write(fmt::format("{{\"type\":\"ERROR\",\"object\":{}}}\n", status_object(rule_->status)));
            client_->end();
            break;
        case Fault::freeze_watch:
            silenced_ = true;
            return port_->tell(*this);
        default:
            return;
    }
    port_->tell(*this);
    finish();
}

void Passage::end() {
    if (silenced_) return;
    if (!partial_.empty()) client_->write(std::exchange(partial_, {}));
    client_->end();
}

void Passage::reset() {
    client_->reset();
}

void Passage::finish() {
    silenced_ = true;
    if (!*port_alive_) return;
    // The answerer may be in the middle of writing to us.
    port_->loop_.post([self = shared_from_this()] {
        self->gone_ = true;
        if (const auto gone = std::exchange(self->gone_callback_, nullptr)) gone();
    });
}

void Passage::release() {
    if (const auto kept = std::exchange(kept_, nullptr)) kept();
}

void Passage::heal() {
    const bool is_frozen = rule_ && (rule_->fault == Fault::freeze_before || rule_->fault == Fault::freeze_after ||
                                     (rule_->fault == Fault::freeze_watch && silenced_));
    if (rule_ && rule_->fault == Fault::mute) {
        client_->cut();
    } else if (is_frozen && !gone_) {
        record(0, false);
        client_->reset();
        finish();
    }
    kept_ = nullptr;
    rule_.reset();
}

void Passage::thaw() {
    if (!withheld_.empty() && !silenced_) client_->write(std::exchange(withheld_, {}));
}

}  // namespace moontide::sandbox
