// The pages of a running engine: metrics, health, readiness, and the yes to a plan that waits.
#pragma once

#include "base/result.hpp"
#include "serve/address.hpp"
#include "serve/server.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace moontide::serve {

/// GET /metrics, in Prometheus' text format.
Route metrics_page(std::function<std::string()> text);

/// GET /healthz: 200 while the process answers at all.
Route health_page();

/// Something that keeps the engine from being ready.
struct Failing {
    std::string name;
    std::string message;
};
/// GET /readyz: 200 while nothing fails, else 503; with ?verbose it lists what fails and why.
Route ready_page(std::function<std::vector<Failing>()> failing);

/// POST /confirm?plan=ID: `confirm` says whether such a plan waited, `waiting` which ones do. For clients on this
/// machine alone; browsers that ask on behalf of another site are turned away.
Route confirm_page(std::function<bool(const std::string& plan)> confirm,
                   std::function<std::vector<std::string>()> waiting);

/// Asks a running engine's confirm page; its answer in words.
Result<std::string> ask_confirm(const Address& address, std::string_view plan);

}  // namespace moontide::serve
