#include "serve/pages.hpp"

#include <cctype>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <httplib.h>

namespace moontide::serve {

namespace {

/// The name in a Host header, without its port.
bool names_this_machine(std::string_view host) {
    if (const auto bracket = host.find(']'); bracket != std::string_view::npos) {
        host = host.substr(0, bracket + 1);
    } else {
        host = host.substr(0, host.find(':'));
    }
    return host == "localhost" || host == "[::1]" || host.starts_with("127.");
}

std::string encoded(std::string_view text) {
    std::string out;
    for (const char letter : text) {
        const auto byte = static_cast<unsigned char>(letter);
        if (std::isalnum(byte) != 0 || letter == '-' || letter == '_' || letter == '.') {
            out += letter;
        } else {
            out += fmt::format("%{:02X}", byte);
        }
    }
    return out;
}

}  // namespace

Route metrics_page(std::function<std::string()> text) {
    return {"GET", "/metrics", [text = std::move(text)](const Question&) {
                return Page{200, text(), "text/plain; version=0.0.4; charset=utf-8"};
            }};
}

Route health_page() {
    return {"GET", "/healthz", [](const Question&) { return Page{200, "ok\n"}; }};
}

Route ready_page(std::function<std::vector<Failing>()> failing) {
    return {"GET", "/readyz", [failing = std::move(failing)](const Question& question) {
                const auto all = failing();
                const bool verbose = question.parameter("verbose").has_value();
                if (!verbose && all.empty()) return Page{200, "ok\n"};
                std::string body;
                for (const auto& one : all) {
                    body += verbose ? fmt::format("[-]{} failed: {}\n", one.name, one.message)
                                    : fmt::format("[-]{} failed\n", one.name);
                }
                body += all.empty() ? "readyz check passed\n"
                        : verbose   ? "readyz check failed\n"
                                    : "readyz check failed; /readyz?verbose says why\n";
                return Page{all.empty() ? 200 : 503, std::move(body)};
            }};
}

Route confirm_page(std::function<bool(const std::string& plan)> confirm,
                   std::function<std::vector<std::string>()> waiting) {
    return {"POST", "/confirm",
            [confirm = std::move(confirm), waiting = std::move(waiting)](const Question& question) -> Page {
                // A name that was made to point here, or a page of another site, may not say yes for its user.
                if (!question.from_loopback || !names_this_machine(question.host) || !question.origin.empty()) {
                    return {403, "only from this machine: moontide confirm, or through kubectl port-forward\n"};
                }
                const auto plan = question.parameter("plan").value_or("");
                if (plan.empty()) return {400, "which plan? POST /confirm?plan=ID\n"};
                if (confirm(plan)) return {200, fmt::format("plan {} is confirmed\n", plan)};
                const auto plans = waiting();
                if (plans.empty()) return {404, fmt::format("no plan '{}' waits, nor any other\n", plan)};
                return {404, fmt::format("no plan '{}' waits; waiting: {}\n", plan, fmt::join(plans, ", "))};
            }};
}

Result<std::string> ask_confirm(const Address& address, std::string_view plan) {
    const std::string host = address.host.empty() ? "127.0.0.1" : address.host;
    const Address asked{host, address.port};
    httplib::Client client(host, address.port);
    client.set_connection_timeout(5);
    client.set_read_timeout(10);
    const auto answer = client.Post(("/confirm?plan=" + encoded(plan)).c_str());
    if (!answer) {
        return fail(fmt::format("no answer from {}: {}; --address is the engine's --health-probe-bind-address",
                                asked.text(), httplib::to_string(answer.error())));
    }
    std::string body = answer->body;
    while (!body.empty() && body.back() == '\n') body.pop_back();
    if (answer->status != 200) return fail(fmt::format("{}: {}", asked.text(), body));
    return body;
}

}  // namespace moontide::serve
