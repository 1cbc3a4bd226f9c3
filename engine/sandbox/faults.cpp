#include "sandbox/faults.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace moontide::sandbox {

namespace {

constexpr std::array<std::pair<Fault, std::string_view>, 22> WORDS = {{
    {Fault::pass, "pass"},
    {Fault::delay_before, "delay-before"},
    {Fault::delay_after, "delay-after"},
    {Fault::drop_before, "drop-before"},
    {Fault::drop_after, "drop-after"},
    {Fault::reset_before, "reset-before"},
    {Fault::reset_after, "reset-after"},
    {Fault::freeze_before, "freeze-before"},
    {Fault::freeze_after, "freeze-after"},
    {Fault::mute, "mute"},
    {Fault::duplicate, "duplicate"},
    {Fault::truncate, "truncate"},
    {Fault::answer_before, "answer-before"},
    {Fault::answer_after, "answer-after"},
    {Fault::refuse, "refuse"},
    {Fault::stale, "stale"},
    {Fault::expire_continue, "expire-continue"},
    {Fault::end_watch, "end-watch"},
    {Fault::cut_watch, "cut-watch"},
    {Fault::freeze_watch, "freeze-watch"},
    {Fault::error_event, "error-event"},
    {Fault::lose_bookmark, "lose-bookmark"},
}};

std::optional<Fault> fault_of(std::string_view text) {
    const auto* const found = std::ranges::find(WORDS, text, &std::pair<Fault, std::string_view>::second);
    if (found == WORDS.end()) return std::nullopt;
    return found->first;
}

bool fits_glob(std::string_view glob, std::string_view text) {
    std::size_t at = 0;
    std::size_t in_glob = 0;
    auto star = std::string_view::npos;
    std::size_t resume = 0;
    while (at < text.size()) {
        if (in_glob < glob.size() && (glob[in_glob] == '?' || (glob[in_glob] == text[at] && glob[in_glob] != '*'))) {
            ++at;
            ++in_glob;
        } else if (in_glob < glob.size() && glob[in_glob] == '*') {
            star = in_glob++;
            resume = at;
        } else if (star != std::string_view::npos) {
            in_glob = star + 1;
            at = ++resume;
        } else {
            return false;
        }
    }
    while (in_glob < glob.size() && glob[in_glob] == '*') ++in_glob;
    return in_glob == glob.size();
}

bool any_fits(const std::vector<std::string>& globs, std::string_view text) {
    return globs.empty() || std::ranges::any_of(globs, [&](const auto& glob) { return fits_glob(glob, text); });
}

/// SplitMix64: equal inputs give equal draws on every machine.
std::uint64_t mixed(std::uint64_t value) {
    value += 0x9E3779B97F4A7C15ULL;
    value = (value ^ (value >> 30U)) * 0xBF58476D1CE4E5B9ULL;
    value = (value ^ (value >> 27U)) * 0x94D049BB133111EBULL;
    return value ^ (value >> 31U);
}

double drawn(std::uint64_t seed, std::size_t rule, std::uint64_t count) {
    const auto bits = mixed(mixed(mixed(seed) + rule) + count) >> 11U;
    return static_cast<double>(bits) / static_cast<double>(1ULL << 53U);
}

/// Reads the fields of one object; says which of them is not as it should be.
class Reader {
public:
    Reader(const Json& object, std::string place) : object_(object), place_(std::move(place)) {}

    void texts(const char* key, std::vector<std::string>& into) {
        const auto* value = take(key);
        if (!value) return;
        const Json list = value->is_string() ? Json::array({*value}) : *value;
        if (!list.is_array()) return complain(key, "a text or a list of texts");
        for (const auto& one : list) {
            if (!one.is_string()) return complain(key, "a text or a list of texts");
            into.push_back(one.get<std::string>());
        }
    }

    void text(const char* key, std::string& into) {
        const auto* value = take(key);
        if (!value) return;
        if (!value->is_string()) return complain(key, "a text");
        into = value->get<std::string>();
    }

    template <typename Number>
    void number(const char* key, Number& into) {
        const auto* value = take(key);
        if (!value) return;
        if (!value->is_number_unsigned()) return complain(key, "a number from 0 on");
        into = value->get<Number>();
    }

    void milliseconds(const char* key, Milliseconds& into) {
        auto count = static_cast<std::uint32_t>(into.count());
        number(key, count);
        into = Milliseconds(count);
    }

    void probability(const char* key, double& into) {
        const auto* value = take(key);
        if (!value) return;
        if (!value->is_number() || value->get<double>() < 0 || value->get<double>() > 1) {
            return complain(key, "a number from 0 to 1");
        }
        into = value->get<double>();
    }

    const Json* take(const char* key) {
        known_.emplace_back(key);
        const auto found = object_.find(key);
        return found == object_.end() ? nullptr : &*found;
    }

    void complain(const char* key, const char* wanted) {
        if (error_.empty()) error_ = fmt::format("{}: '{}' must be {}", place_, key, wanted);
    }

    Result<void> finish() {
        for (const auto& [key, value] : object_.items()) {
            if (std::ranges::find(known_, key) != known_.end()) continue;
            return fail(fmt::format("{}: there is no field '{}'", place_, key));
        }
        if (!error_.empty()) return fail(error_);
        return {};
    }

private:
    const Json& object_;
    std::string place_;
    std::vector<std::string> known_;
    std::string error_;
};

Result<FaultMatch> parse_match(const Json& object, const std::string& place) {
    if (!object.is_object()) return fail(place + ": 'match' must be an object");
    FaultMatch match;
    Reader reader(object, place + ".match");
    reader.texts("verb", match.verbs);
    reader.texts("resource", match.resources);
    reader.texts("namespace", match.namespaces);
    reader.texts("name", match.names);
    reader.texts("client", match.clients);
    TRY_VOID(reader.finish());
    return match;
}

Result<FaultRule> parse_rule(const Json& object, const std::string& place) {
    if (!object.is_object()) return fail(place + ": must be an object");
    FaultRule rule;
    Reader reader(object, place);
    if (const auto* match = reader.take("match")) rule.match = TRY(parse_match(*match, place));
    std::string fault;
    reader.text("do", fault);
    reader.number("nth", rule.nth);
    reader.number("every", rule.every);
    reader.probability("probability", rule.probability);
    reader.number("times", rule.times);
    reader.milliseconds("until_ms", rule.until);
    reader.milliseconds("delay_ms", rule.delay);
    reader.milliseconds("duration_ms", rule.duration);
    reader.number("status", rule.status);
    reader.text("retry_after", rule.retry_after);
    reader.number("event", rule.event);
    reader.number("bytes", rule.bytes);
    reader.number("behind", rule.behind);
    TRY_VOID(reader.finish());
    const auto known = fault_of(fault);
    if (!known) {
        std::string all;
        for (const auto& [value, text] : WORDS) all += fmt::format("{}{}", all.empty() ? "" : ", ", text);
        return fail(fmt::format("{}: 'do' must be one of {}, not '{}'", place, all, fault));
    }
    rule.fault = *known;
    return rule;
}

void put_texts(Json& object, const char* key, const std::vector<std::string>& texts) {
    if (!texts.empty()) object[key] = texts;
}

template <typename Value>
void put_unless(Json& object, const char* key, const Value& value, const Value& usual) {
    if (value != usual) object[key] = value;
}

Json json_of(const FaultRule& rule) {
    const FaultRule usual;
    Json object = {{"do", word(rule.fault)}};
    Json match = Json::object();
    put_texts(match, "verb", rule.match.verbs);
    put_texts(match, "resource", rule.match.resources);
    put_texts(match, "namespace", rule.match.namespaces);
    put_texts(match, "name", rule.match.names);
    put_texts(match, "client", rule.match.clients);
    if (!match.empty()) object["match"] = std::move(match);
    put_unless(object, "nth", rule.nth, usual.nth);
    put_unless(object, "every", rule.every, usual.every);
    put_unless(object, "probability", rule.probability, usual.probability);
    put_unless(object, "times", rule.times, usual.times);
    put_unless(object, "until_ms", rule.until.count(), usual.until.count());
    put_unless(object, "delay_ms", rule.delay.count(), usual.delay.count());
    put_unless(object, "duration_ms", rule.duration.count(), usual.duration.count());
    put_unless(object, "status", rule.status, usual.status);
    put_unless(object, "retry_after", rule.retry_after, usual.retry_after);
    put_unless(object, "event", rule.event, usual.event);
    put_unless(object, "bytes", rule.bytes, usual.bytes);
    put_unless(object, "behind", rule.behind, usual.behind);
    return object;
}

}  // namespace

std::string_view word(Fault fault) {
    const auto* const found = std::ranges::find(WORDS, fault, &std::pair<Fault, std::string_view>::first);
    return found == WORDS.end() ? std::string_view() : found->second;
}

bool FaultMatch::matches(const Asked& asked) const {
    return any_fits(verbs, asked.verb) && any_fits(resources, asked.resource) &&
           any_fits(namespaces, asked.namespace_name) && any_fits(names, asked.name) && any_fits(clients, asked.client);
}

Result<FaultPlan> parse_fault_plan(std::string_view json) {
    const auto tree = Json::parse(json, nullptr, false);
    if (!tree.is_object()) return fail("a plan of faults is a JSON object: {\"seed\": 1, \"rules\": [...]}");
    FaultPlan plan;
    Reader reader(tree, "plan");
    reader.number("seed", plan.seed);
    const auto* rules = reader.take("rules");
    TRY_VOID(reader.finish());
    if (!rules) return plan;
    if (!rules->is_array()) return fail("plan: 'rules' must be a list");
    for (std::size_t index = 0; index < rules->size(); ++index) {
        plan.rules.push_back(TRY(parse_rule((*rules)[index], fmt::format("rules[{}]", index))));
    }
    return plan;
}

Json to_json(const FaultPlan& plan) {
    Json rules = Json::array();
    for (const auto& rule : plan.rules) rules.push_back(json_of(rule));
    return {{"seed", plan.seed}, {"rules", std::move(rules)}};
}

bool fires(const FaultPlan& plan, std::size_t rule, std::uint64_t count, std::uint64_t fired,
           Milliseconds since_begin) {
    const auto& one = plan.rules[rule];
    if (one.times > 0 && fired >= one.times) return false;
    if (one.until.count() > 0 && since_begin > one.until) return false;
    if (one.nth > 0 && count != one.nth) return false;
    if (one.every > 0 && count % one.every != 0) return false;
    return one.probability >= 1 || drawn(plan.seed, rule, count) < one.probability;
}

}  // namespace moontide::sandbox
