#include "policy/report.hpp"

namespace moontide::policy {

namespace {

void add(nlohmann::json& object, const char* name, const std::string& text) {
    if (!text.empty()) object[name] = text;
}

void add(nlohmann::json& object, const char* name, const std::optional<std::string>& text) {
    if (text) object[name] = *text;
}

}  // namespace

nlohmann::json to_json(const Report& report) {
    auto failures = nlohmann::json::array();
    for (const auto& failure : report.failures) {
        failures.push_back({{"namespace", failure.namespace_name},
                            {"kind", failure.kind},
                            {"name", failure.name},
                            {"reason", failure.reason},
                            {"message", failure.message}});
    }
    auto sources = nlohmann::json::array();
    for (const auto& source : report.sources) {
        // There may be thousands: braces would copy each.
        auto one = nlohmann::json::object();
        one["name"] = source.name;
        one["synced"] = source.synced;
        add(one, "namespace", source.namespace_name);
        add(one, "changed", source.changed);
        sources.push_back(std::move(one));
    }
    nlohmann::json all{{"wanted", report.wanted},   {"synced", report.synced},         {"failed", report.failed},
                       {"waiting", report.waiting}, {"failures", std::move(failures)}, {"sources", std::move(sources)}};
    add(all, "changed", report.changed);
    add(all, "revision", report.revision);
    add(all, "error", report.error);
    if (report.store) {
        auto& store = all["store"] = {{"connected", report.store->connected}, {"message", report.store->message}};
        add(store, "lastSyncTime", report.store->last_sync_time);
    }
    return all;
}

}  // namespace moontide::policy
