#include "campaign.hpp"

#include "draw.hpp"
#include "proof_server.hpp"
#include "shrink.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include <fmt/format.h>
#include <malloc.h>

namespace moontide::plans {

namespace {

using Steady = std::chrono::steady_clock;

/// What is allocated, of all the allocator's arenas: what it merely keeps for later comes and goes with the threads.
std::size_t allocated_bytes() {
    char* text = nullptr;
    std::size_t size = 0;
    std::FILE* memory = ::open_memstream(&text, &size);
    if (memory == nullptr) return 0;
    ::malloc_info(0, memory);
    std::fclose(memory);
    const std::string told(text, size);
    std::free(text);
    // After the arenas come the totals; what the system gave includes what is free, and not what was mapped by itself.
    const auto total = [&](const std::string& element) -> std::size_t {
        const auto at = told.find("size=\"", told.rfind(element));
        return at == std::string::npos ? 0 : std::strtoull(told.c_str() + at + 6, nullptr, 10);
    };
    return total("<system type=\"current\"") + total("<total type=\"mmap\"") - total("<total type=\"fast\"") -
           total("<total type=\"rest\"");
}

/// "broken: content (...)" is about content.
std::string subject(const std::string& complaint) {
    const std::string begin = "broken: ";
    if (!complaint.starts_with(begin)) return "play";
    return complaint.substr(begin.size(), complaint.find_first_of(" :", begin.size()) - begin.size());
}

std::string replay_of(const Plan& plan) {
    return fmt::format("MOONTIDE_PLAN={} test_plans \"[replay]\"", name_of_draw(plan));
}

Failure small(const Plan& plan, const std::string& complaint, std::size_t most) {
    Failure failure{plan, complaint};
    const auto about = subject(complaint);
    const auto fails = [&](const Plan& candidate) {
        auto outcome = play(candidate, replay_of(plan), {.rest = Milliseconds(5'000)});
        if (subject(outcome.complaint) != about || outcome.complaint.empty()) return false;
        failure.complaint = std::move(outcome.complaint);
        return true;
    };
    failure.plan = shrink(plan, fails, most);
    return failure;
}

}  // namespace

Report run(const Campaign& campaign, const std::function<void(const Report&)>& progress) {
    Report report;
    report.first_seed = campaign.first_seed;
    const auto begin = Steady::now();
    const auto is_over = [&] {
        if (report.failures.size() >= campaign.most_failures) return true;
        if (campaign.plans > 0 && report.sums.plans >= campaign.plans) return true;
        return campaign.at_most.count() > 0 && Steady::now() - begin >= campaign.at_most;
    };
    const auto measure = [&] { report.memory.push_back({report.sums.plans, allocated_bytes()}); };
    measure();
    for (auto seed = campaign.first_seed; !is_over(); ++seed) {
        const auto plan = draw(campaign.scenes[seed % campaign.scenes.size()], seed);
        const auto outcome = play(plan, replay_of(plan));
        report.sums.add(outcome.sums);
        if (!outcome.complaint.empty()) {
            ++report.violations[subject(outcome.complaint)];
            report.failures.push_back(small(plan, outcome.complaint, campaign.most_shrinking));
        }
        proof::ProofServer::under_test().compact();
        report.took = std::chrono::duration_cast<std::chrono::milliseconds>(Steady::now() - begin);
        if (report.sums.plans % campaign.measure_every == 0) measure();
        if (progress) progress(report);
    }
    if (report.memory.back().plans != report.sums.plans) measure();
    return report;
}

double Report::memory_slope() const {
    std::vector<Sample> late;
    std::ranges::copy_if(memory, std::back_inserter(late),
                         [&](const Sample& sample) { return sample.plans >= sums.plans / 4; });
    if (late.size() < 4) return 0;
    double plans = 0;
    double bytes = 0;
    for (const auto& sample : late) {
        plans += static_cast<double>(sample.plans) / static_cast<double>(late.size());
        bytes += static_cast<double>(sample.bytes) / static_cast<double>(late.size());
    }
    double both = 0;
    double square = 0;
    for (const auto& sample : late) {
        const auto from_middle = static_cast<double>(sample.plans) - plans;
        both += from_middle * (static_cast<double>(sample.bytes) - bytes);
        square += from_middle * from_middle;
    }
    return square > 0 ? both / square : 0;
}

bool Report::memory_grows() const {
    constexpr double MOST_A_PLAN = 4.0 * 1024;
    constexpr double MOST = 32.0 * 1024 * 1024;
    return memory_slope() > MOST_A_PLAN && memory_slope() * static_cast<double>(sums.plans) * 3 / 4 > MOST;
}

Json Report::json() const {
    Json json = {{"first_seed", first_seed},
                 {"plans", sums.plans},
                 {"seconds", static_cast<double>(took.count()) / 1000},
                 {"actions", sums.actions},
                 {"restarts", sums.restarts},
                 {"requests", sums.requests},
                 {"writes", sums.writes},
                 {"faults", sums.faults},
                 {"violations", violations},
                 {"memory_slope", memory_slope()},
                 {"memory_grows", memory_grows()},
                 {"good", good()}};
    for (const auto& sample : memory) json["memory"].push_back({{"plans", sample.plans}, {"bytes", sample.bytes}});
    for (const auto& failure : failures) {
        json["failures"].push_back({{"plan", Json::parse(plans::text(failure.plan))}, {"broken", failure.complaint}});
    }
    return json;
}

std::string Report::table() const {
    const auto row = [](std::string_view what, const auto& value) {
        return fmt::format("{:<28} {:>12}\n", what, value);
    };
    const auto mebibytes = [](std::size_t bytes) {
        return fmt::format("{:.1f} MiB", static_cast<double>(bytes) / 1048576);
    };
    auto text = row("plans", sums.plans);
    text += row("seconds", took.count() / 1000);
    text += row("actions of users", sums.actions);
    text += row("restarts of the engine", sums.restarts);
    text += row("requests of the engine", sums.requests);
    text += row("writes of copies", sums.writes);
    std::size_t faults = 0;
    for (const auto& [fault, count] : sums.faults) faults += count;
    text += row("faults", faults);
    for (const auto& [fault, count] : sums.faults) text += row("  " + fault, count);
    text += row("plans that broke a promise", failures.size());
    for (const auto& [subject, count] : violations) text += row("  " + subject, count);
    for (const auto& sample : memory) {
        text += row(fmt::format("memory after {} plans", sample.plans), mebibytes(sample.bytes));
    }
    return text + row("memory, bytes a plan", fmt::format("{:.0f}", memory_slope()));
}

std::string text(const Failure& failure) {
    return fmt::format(
        "{}\nThe plan, made small:\n{}\nAgain with the whole plan: MOONTIDE_PLAN={} test_plans \"[replay]\"\n"
        "Again with this one, in a file: MOONTIDE_PLAN=plan.json test_plans \"[replay]\"\n",
        failure.complaint, text(failure.plan), name_of_draw(failure.plan));
}

}  // namespace moontide::plans
