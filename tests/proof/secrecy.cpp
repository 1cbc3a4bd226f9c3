// Secrecy: no value of a Secret, decoded or as it stands, in what the engine says: Events, requests of its own for
// anything but Secrets, and remarks "said" (its logs, metrics, pages).
#include "checker.hpp"
#include "sandbox/base64.hpp"

#include <map>

namespace moontide::proof {

namespace {

/// Shorter ones stand in other texts by chance.
constexpr std::size_t shortest_secret = 8;

std::map<std::string, Place> secrets_in(const Timeline& timeline) {
    std::map<std::string, Place> secrets;
    for (const auto& [place, states] : timeline.objects()) {
        if (place.resource != "secrets") continue;
        for (const auto& state : states) {
            if (!state.object) continue;
            const auto data = state.object->value("data", Json::object());
            for (const auto& [key, value] : data.items()) {
                if (!value.is_string()) continue;
                const auto encoded = value.get<std::string>();
                if (encoded.size() >= shortest_secret) secrets.emplace(encoded, place);
                const auto decoded = sandbox::from_base64(encoded);
                if (decoded && decoded->size() >= shortest_secret) secrets.emplace(*decoded, place);
            }
        }
    }
    return secrets;
}

}  // namespace

std::vector<Violation> check_secrecy(const Timeline& timeline, const Terms& terms) {
    std::vector<Violation> violations;
    const auto secrets = secrets_in(timeline);
    if (secrets.empty()) return violations;
    const auto look = [&](const Entry& entry, const std::string& text, const std::string& where) {
        for (const auto& [secret, place] : secrets) {
            if (text.find(secret) == std::string::npos) continue;
            violations.push_back({"secrecy", "a value of " + place.text() + " stands in " + where, {&entry}});
        }
    };
    for (const auto& entry : timeline.entries()) {
        if (const auto* noted = std::get_if<Noted>(&entry.what); noted && noted->what == "said") {
            look(entry, noted->fields.value("text", ""), noted->fields.value("where", "an output"));
        }
    }
    for (const auto& write : timeline.writes()) {
        const auto& asked = write.asked();
        if (asked.resource != "secrets") look(*write.request, asked.body, "a request for " + asked.resource);
    }
    static_cast<void>(terms);
    return violations;
}

}  // namespace moontide::proof
