// Preconditions: the uid and the version that was judged are in the request, so that a late one fails at the server.
#include "checker.hpp"

namespace moontide::proof {

namespace {

bool has_text(const Json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() && !found->get<std::string>().empty();
}

bool patches(const Json& patch, const std::string& path) {
    for (const auto& operation : patch) {
        if (operation.is_object() && operation.value("path", "") == path) return true;
    }
    return false;
}

std::string missing(const Asked& asked) {
    const auto body = Json::parse(asked.body, nullptr, false);
    if (body.is_array()) {
        if (!patches(body, "/metadata/uid")) return "the uid";
        return patches(body, "/metadata/resourceVersion") ? "" : "the resourceVersion";
    }
    if (!body.is_object()) return "uid and resourceVersion";
    const auto conditions = body.value(asked.verb == "delete" ? "preconditions" : "metadata", Json::object());
    // Apply judges by the version alone: with a uid it could not create.
    const bool applies = asked.verb == "patch";
    if (!applies && !has_text(conditions, "uid")) return "the uid";
    return has_text(conditions, "resourceVersion") ? "" : "the resourceVersion";
}

}  // namespace

std::vector<Violation> check_preconditions(const Timeline& timeline, const Terms& terms) {
    std::vector<Violation> violations;
    for (const auto& write : timeline.writes()) {
        const auto& asked = write.asked();
        if (!terms.copies.contains(asked.resource) || asked.verb == "create") continue;
        const auto what = missing(asked);
        if (what.empty()) continue;
        violations.push_back({"preconditions",
                              asked.verb + " of " + asked.path + " does not name " + what,
                              {write.request, write.answer}});
    }
    return violations;
}

}  // namespace moontide::proof
