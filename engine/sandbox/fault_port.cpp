#include "sandbox/fault_port.hpp"

#include "sandbox/passage.hpp"
#include "sandbox/request.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace moontide::sandbox {

namespace {

namespace http2 = kube::http2;

std::string asked_verb(const std::string& method, bool named, const Query& query) {
    if (method == "GET" || method == "HEAD") return named ? "get" : query.flag("watch") ? "watch" : "list";
    if (method == "POST") return "create";
    if (method == "PUT") return "update";
    if (method == "PATCH") return "patch";
    if (method == "DELETE") return named ? "delete" : "deletecollection";
    return method;
}

std::string name_in(const std::string& body) {
    const auto tree = Json::parse(body, nullptr, false);
    if (!tree.is_object()) return {};
    const auto metadata = tree.find("metadata");
    if (metadata == tree.end() || !metadata->is_object()) return {};
    const auto name = metadata->find("name");
    return name != metadata->end() && name->is_string() ? name->get<std::string>() : std::string();
}

/// The same list as of an earlier version.
std::string as_of(const std::string& path, std::uint64_t version) {
    const auto mark = path.find('?');
    std::string made = path.substr(0, mark) + "?";
    std::size_t begin = mark == std::string::npos ? path.size() : mark + 1;
    while (begin < path.size()) {
        const auto end = std::min(path.find('&', begin), path.size());
        const auto part = path.substr(begin, end - begin);
        if (!part.starts_with("resourceVersion")) made += part + "&";
        begin = end + 1;
    }
    return made + fmt::format("resourceVersion={}&resourceVersionMatch=Exact", version);
}

}  // namespace

Asked read_asked(const http2::Request& request) {
    Asked asked;
    asked.path = request.path;
    if (const auto* agent = http2::find(request.headers, "user-agent")) asked.client = *agent;
    const auto mark = request.path.find('?');
    const Query query(mark == std::string::npos ? std::string_view() : std::string_view(request.path).substr(mark + 1));
    auto segments = path_segments(request.path.substr(0, mark));
    const std::size_t prefix = segments.empty() ? 0 : segments[0] == "api" ? 2 : segments[0] == "apis" ? 3 : 0;
    if (prefix == 0 || segments.size() <= prefix) {
        asked.verb = request.method == "GET" ? "get" : request.method;
        return asked;
    }
    segments.erase(segments.begin(), segments.begin() + static_cast<std::ptrdiff_t>(prefix));
    const bool own_subresource = segments.size() == 3 && (segments[2] == "status" || segments[2] == "finalize");
    if (segments.size() > 2 && segments[0] == "namespaces" && !own_subresource) {
        asked.namespace_name = segments[1];
        segments.erase(segments.begin(), segments.begin() + 2);
    }
    asked.resource = segments[0];
    if (segments.size() > 1) asked.name = segments[1];
    if (segments.size() > 2) asked.resource += "/" + segments[2];
    asked.verb = asked_verb(request.method, !asked.name.empty(), query);
    if (asked.verb == "create" && asked.name.empty()) asked.name = name_in(request.body);
    if (asked.writes()) asked.body = request.body;
    return asked;
}

FaultPort::FaultPort(Loop& loop, const Clock& clock, Refuse refuse)
    : loop_(loop), clock_(clock), refuse_(std::move(refuse)), plan_began_(clock.now()) {}

FaultPort::~FaultPort() {
    *alive_ = false;
}

void FaultPort::serve(const http2::ExchangePtr& exchange, Handler next) {
    auto asked = read_asked(exchange->request());
    asked.connection = exchange->connection();
    if (history_) asked.id = history_->next_request();
    if (history_) history_->add(asked);
    const bool refused = is_refused(asked);
    const auto rule = refused ? std::nullopt : choose(asked);
    const auto passage = std::make_shared<Passage>(*this, exchange, std::move(asked), std::move(next));
    passage->listen();
    if (rule) passage->befall(plan_.rules[*rule], *rule);
    if (!refused) return begin(passage);
    passage->lose();
    passage->cut();
}

bool FaultPort::is_refused(const Asked& asked) {
    const auto now = clock_.now();
    std::erase_if(refusals_, [&](const Refusal& refusal) { return refusal.until <= now; });
    return std::ranges::any_of(
        refusals_, [&](const Refusal& refusal) { return FaultMatch{{}, {}, {}, {}, refusal.clients}.matches(asked); });
}

void FaultPort::refuse(const PassagePtr& passage) {
    const auto& rule = passage->rule();
    if (rule.match.clients.empty()) return refuse_(rule.duration);
    refusals_.push_back({rule.match.clients, clock_.now() + rule.duration});
    passage->cut();
    for (const auto& weak : open_) {
        const auto watch = weak.lock();
        if (watch && is_refused(watch->asked())) watch->cut();
    }
}

std::optional<std::size_t> FaultPort::choose(const Asked& asked) {
    std::optional<std::size_t> chosen;
    const auto since = std::chrono::duration_cast<Milliseconds>(clock_.now() - plan_began_);
    for (std::size_t index = 0; index < plan_.rules.size(); ++index) {
        if (!plan_.rules[index].match.matches(asked)) continue;
        auto& counted = counts_[index];
        ++counted.matches;
        // Every rule counts all its matches, so that plans can be shrunk rule by rule.
        if (chosen || !fires(plan_, index, counted.matches, counted.fired, since)) continue;
        ++counted.fired;
        chosen = index;
    }
    return chosen;
}

void FaultPort::begin(const PassagePtr& passage) {
    if (!passage->has_fault()) return run(passage);
    switch (const auto& rule = passage->rule(); rule.fault) {
        case Fault::delay_before:
            tell(*passage);
            loop_.after(rule.delay, [this, alive = alive_, passage] {
                if (*alive) run(passage);
            });
            return;
        case Fault::drop_before:
            passage->lose();
            passage->cut();
            return tell(*passage);
        case Fault::reset_before:
            passage->lose();
            passage->reset();
            return tell(*passage);
        case Fault::freeze_before:
            hold(passage);
            return tell(*passage);
        case Fault::mute:
            passage->lose();
            passage->mute();
            open_.push_back(passage);
            held_.push_back(passage);
            return tell(*passage);
        case Fault::answer_before:
            passage->refuse();
            return tell(*passage);
        case Fault::refuse:
            passage->lose();
            refuse(passage);
            return tell(*passage);
        case Fault::duplicate:
            return run_twice(passage);
        case Fault::stale:
            freeze_view(rule);
            tell(*passage);
            return run(passage);
        case Fault::expire_continue:
            if (passage->asked().path.find("continue=") == std::string::npos) return run(passage);
            passage->refuse();
            return tell(*passage);
        default:
            return run(passage);
    }
}

void FaultPort::run(const PassagePtr& passage) {
    const auto& asked = passage->asked();
    if (asked.verb == "watch") open_.push_back(passage);
    if (const auto version = frozen_at(asked)) {
        if (asked.verb == "list" && asked.path.find("continue=") == std::string::npos) {
            passage->ask_for(as_of(asked.path, *version));
        }
    }
    const auto before = std::exchange(current_, asked.id);
    passage->run();
    current_ = before;
}

void FaultPort::run_twice(const PassagePtr& passage) {
    passage->stay_silent([this, alive = alive_, passage] {
        loop_.post([this, alive, passage] {
            if (*alive) run(passage);
        });
    });
    tell(*passage);
    run(passage);
}

void FaultPort::hold(const PassagePtr& passage) {
    held_.push_back(passage);
}

void FaultPort::tell(const Passage& passage) {
    if (told_) told_({passage.rule_number(), passage.asked()});
}

void FaultPort::inject(FaultPlan plan, std::function<void(const Fired&)> told) {
    plan_ = std::move(plan);
    plan_began_ = clock_.now();
    counts_.assign(plan_.rules.size(), {});
    told_ = std::move(told);
}

void FaultPort::heal() {
    inject({});
    refusals_.clear();
    thaw();
    for (const auto& passage : std::exchange(held_, {})) passage->heal();
    for (const auto& weak : std::exchange(open_, {})) {
        const auto passage = weak.lock();
        if (!passage) continue;
        passage->heal();
        open_.push_back(passage);
    }
}

void FaultPort::release() {
    for (const auto& passage : std::exchange(held_, {})) {
        if (passage->has_fault() && passage->rule().fault == Fault::freeze_before) {
            run(passage);
        } else {
            passage->release();
        }
    }
}

void FaultPort::saw_version(std::uint64_t version) {
    newest_version_ = std::max(newest_version_, version);
}

std::optional<std::uint64_t> FaultPort::frozen_at(const Asked& asked) {
    const auto now = clock_.now();
    for (const auto& frozen : frozen_) {
        if (frozen.until > now && frozen.match.matches(asked)) return frozen.version;
    }
    return std::nullopt;
}

void FaultPort::freeze_view(const FaultRule& rule) {
    if (newest_version_ == 0) return;
    FaultMatch match = rule.match;
    match.verbs = {"list", "watch"};
    const auto version = newest_version_ > rule.behind ? newest_version_ - rule.behind : 1;
    frozen_.push_back({std::move(match), version, clock_.now() + rule.duration});
    loop_.after(rule.duration, [this, alive = alive_] {
        if (*alive) thaw();
    });
}

void FaultPort::thaw() {
    const auto now = clock_.now();
    const bool healed = plan_.rules.empty();
    std::erase_if(frozen_, [&](const Frozen& frozen) { return healed || frozen.until <= now; });
    std::erase_if(open_, [](const auto& weak) { return weak.expired(); });
    for (const auto& weak : std::vector(open_)) {
        if (const auto passage = weak.lock(); passage && !frozen_at(passage->asked())) passage->thaw();
    }
}

}  // namespace moontide::sandbox
