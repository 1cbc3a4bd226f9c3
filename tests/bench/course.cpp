#include "course.hpp"

#include "instructions.hpp"
#include "onlooker.hpp"
#include "proof/process.hpp"
#include "source_directory.hpp"
#include "usage.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <utility>

#include <fmt/format.h>

namespace moontide::bench {

namespace {

using Time = std::chrono::steady_clock;

/// More than any scene takes on a slow machine, so that the bench ends by itself.
constexpr Milliseconds whole_patience{1'200'000};
constexpr Milliseconds change_patience{60'000};
/// An owner is told how it is once a second at most: what a change costs is over after that.
constexpr Milliseconds quiet_for{1'200};
constexpr Milliseconds looked_every{100};
/// Timers and the like, in such a time.
constexpr double noise = 0.4;
/// The same of an engine whose instructions are counted.
constexpr double noise_counted = 20;
constexpr std::size_t raw_a_namespace = 1'000;

double since(Time::time_point began, Time::time_point until = Time::now()) {
    return Seconds(until - began).count();
}

double median(std::vector<double> all) {
    std::ranges::sort(all);
    return all.at(all.size() / 2);
}

/// What the engine has counted.
struct Counts {
    double evaluations = 0;
    double synced = 0;
    double pending = 0;
    std::map<std::string, double> requests;

    double writes() const {
        double sum = 0;
        for (const auto& [method, count] : requests) {
            if (method != "GET") sum += count;
        }
        return sum;
    }
    double all() const {
        double sum = 0;
        for (const auto& [method, count] : requests) sum += count;
        return sum;
    }
};

std::string label_of(const std::string& series, const std::string& name) {
    const auto begin = series.find(name + "=\"");
    if (begin == std::string::npos) return {};
    const auto from = begin + name.size() + 2;
    return series.substr(from, series.find('"', from) - from);
}

Counts counts_of(const proof::Process& engine) {
    Counts counts;
    std::istringstream lines(engine.metrics().text);
    for (std::string line; std::getline(lines, line);) {
        const auto space = line.rfind(' ');
        if (line.starts_with('#') || space == std::string::npos) continue;
        const auto value = std::stod(line.substr(space + 1));
        if (line.starts_with("moontide_reconcile_seconds_count")) counts.evaluations += value;
        if (line.starts_with("rest_client_requests_total")) counts.requests[label_of(line, "method")] += value;
        if (!line.starts_with("moontide_copies")) continue;
        (label_of(line, "state") == "synced" ? counts.synced : counts.pending) += value;
    }
    return counts;
}

std::string text_of(const std::string& file) {
    std::ifstream in(file);
    if (!in) throw std::runtime_error("cannot read " + file);
    return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<kube::Call> all_posted(const std::vector<Json>& objects) {
    std::vector<kube::Call> calls;
    for (const auto& object : objects) calls.push_back(posted(object));
    return calls;
}

class Course {
public:
    Course(const Place& place, const Scene& scene, Instructions* counter)
        : place_(place),
          scene_(scene),
          counter_(counter),
          sender_(place.access),
          options_{.kubeconfig_file = place.kubeconfig_file,
                   .config = {},
                   .policies = {},
                   .flags = {"--only", scene.policy},
                   .runner = counter == nullptr ? std::vector<std::string>() : counter->words()} {}

    void set_up() {
        kube::Call crd;
        crd.method = "PATCH";
        crd.path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/" + scene_.definition +
                   "?fieldManager=bench&force=true";
        crd.content_type = "application/apply-patch+yaml";
        crd.body = text_of(test::source_directory() + "/deploy/crds/" + scene_.crd);
        const auto crd_path = crd.path.substr(0, crd.path.find('?'));
        sender_.ask(std::move(crd));
        await("the definition is established", [&] {
            kube::Call get;
            get.path = crd_path;
            const auto body = sender_.ask(std::move(get));
            const auto conditions = body.value("/status/conditions"_json_pointer, Json::array());
            return std::ranges::any_of(conditions, [](const Json& one) {
                return one.value("type", "") == "Established" && one.value("status", "") == "True";
            });
        });
        sender_.send(all_posted(scene_.namespaces));
        if (place_.is_real) await_accounts();
        sender_.send(all_posted(scene_.objects));
        onlooker_ = std::make_unique<Onlooker>(place_.access, scene_.owners_path);
        sender_.send(all_posted(scene_.owners));
    }

    /// As many applies as there will be copies, of objects of that size; they go again, so that nobody meets them.
    double raw() {
        std::vector<Json> spaces;
        std::vector<kube::Call> calls;
        for (std::size_t i = 0; i < scene_.copies; ++i) {
            if (i % raw_a_namespace == 0) {
                Json space = scene_.namespaces.front();
                space["metadata"]["name"] =
                    fmt::format("{}-raw-{}", space["metadata"]["name"].get<std::string>(), spaces.size());
                spaces.push_back(std::move(space));
            }
            auto copy = scene_.a_copy;
            copy["metadata"]["namespace"] = spaces.back()["metadata"]["name"];
            copy["metadata"]["name"] = fmt::format("raw-{}", i);
            calls.push_back(applied(copy));
        }
        sender_.send(all_posted(spaces));
        const auto took = sender_.send(std::move(calls)).count();
        for (const auto& space : spaces) {
            auto copy = scene_.a_copy;
            copy["metadata"]["namespace"] = space["metadata"]["name"];
            sender_.send({all_removed(copy)});
        }
        return took;
    }

    void settle(Figures& figures) {
        engine_.emplace(options_);
        const auto began = Time::now();
        engine_->start();
        const auto sight = onlooker_->await(
            "the copies and the statuses of " + scene_.name,
            [&](const Sight& seen) { return seen.copies == scene_.copies && seen.ready == scene_.owners.size(); },
            whole_patience);
        figures.settled = since(began);
        figures.copied = since(began, sight.last_copy);
        await_quiet();
        figures.cpu = cpu_of(engine_->pid());
        figures.requests = counts_of(*engine_).requests;
        take_memory(figures);
        if (onlooker_->sight().copy_changes != scene_.copies) {
            throw std::runtime_error(fmt::format("{}: {} changes of {} copies", scene_.name,
                                                 onlooker_->sight().copy_changes, scene_.copies));
        }
    }

    Price price(const Probe& probe, std::size_t rounds) {
        std::vector<double> evaluations;
        std::vector<double> requests;
        std::vector<double> writes;
        std::vector<double> cpu;
        std::vector<double> instructions;
        std::vector<double> last_copy;
        for (std::size_t round = 0; round < rounds; ++round) {
            const auto before = counts_of(*engine_);
            await_quiet();
            const auto idle = idle_rate();
            const auto changes = onlooker_->sight().copy_changes;
            const auto used = take_use();
            const auto began = Time::now();
            sender_.ask(probe.change(round));
            const auto answered = Time::now();
            const auto sight = onlooker_->await(
                fmt::format("{}: what one {} touches", scene_.name, probe.what),
                [&](const Sight& seen) {
                    return seen.copy_changes >= changes + probe.copies && seen.ready == scene_.owners.size();
                },
                change_patience);
            await_quiet();
            const auto at_end = take_use();
            const auto took = since(began);
            cpu.push_back(std::max(0.0, at_end.cpu - used.cpu - idle.cpu * took));
            instructions.push_back(std::max(0.0, at_end.instructions - idle.instructions * took));
            const auto after = counts_of(*engine_);
            evaluations.push_back(after.evaluations - before.evaluations);
            requests.push_back(after.all() - before.all());
            writes.push_back(after.writes() - before.writes());
            last_copy.push_back(probe.copies == 0 ? 0 : since(answered, sight.last_copy) * 1e3);
            if (onlooker_->sight().copy_changes != changes + probe.copies) {
                throw std::runtime_error(fmt::format("{}: one {} changed {} copies and should {}", scene_.name,
                                                     probe.what, onlooker_->sight().copy_changes - changes,
                                                     probe.copies));
            }
        }
        return {.what = probe.what,
                .copies = probe.copies,
                .evaluations = median(evaluations),
                .requests = median(requests),
                .writes = median(writes),
                .cpu = median(cpu),
                .instructions = median(instructions),
                .last_copy = median(last_copy)};
    }

    void begin_count() { counter_->begin(engine_->pid()); }
    void end_count() { counter_->end(engine_->pid()); }

    void restart(Figures& figures) {
        engine_->end();
        const auto changes = onlooker_->sight();
        const auto began = Time::now();
        engine_->start();
        Counts counts;
        await("the second engine knows all copies", [&] {
            counts = counts_of(*engine_);
            return counts.synced == static_cast<double>(onlooker_->sight().copies) && counts.pending == 0 &&
                   engine_->ready().status == 200;
        });
        figures.restart = since(began);
        await_quiet();
        figures.restart_cpu = cpu_of(engine_->pid());
        figures.restart_writes = counts_of(*engine_).writes();
        take_memory(figures);
        if (onlooker_->sight().copy_changes != changes.copy_changes) {
            throw std::runtime_error(scene_.name + ": a restart changed copies");
        }
    }

    void clean_up(Figures& figures) {
        const auto began = Time::now();
        sender_.send({all_removed(scene_.owners.front())});
        onlooker_->await(
            "the end of the owners of " + scene_.name,
            [](const Sight& seen) { return seen.copies == 0 && seen.owners == 0; }, whole_patience);
        figures.cleaned = since(began);
        engine_->end();
    }

private:
    struct Use {
        double cpu = 0;           ///< milliseconds since the engine's start
        double instructions = 0;  ///< since they were last taken
    };

    Use take_use() { return {cpu_of(engine_->pid()), counter_ == nullptr ? 0 : counter_->take(engine_->pid())}; }

    /// Until the engine uses no processor time any more.
    void await_quiet() const {
        const auto until = Time::now() + change_patience;
        auto used = cpu_of(engine_->pid());
        auto since_when = Time::now();
        while (Time::now() < until && Time::now() - since_when < quiet_for) {
            std::this_thread::sleep_for(looked_every);
            const auto now = cpu_of(engine_->pid());
            if (now - used > (counter_ == nullptr ? noise : noise_counted)) since_when = Time::now();
            used = now;
        }
    }

    template <typename Holds>
    void await(const std::string& what, Holds&& holds) {
        const auto until = Time::now() + whole_patience;
        while (!holds()) {
            if (Time::now() > until) throw std::runtime_error(scene_.name + ": " + what + ": not in time");
            std::this_thread::sleep_for(looked_every);
        }
    }

    /// Pods are refused before their namespace has an account for them.
    void await_accounts() {
        for (const auto& space : scene_.namespaces) {
            kube::Call list;
            list.path = "/api/v1/namespaces/" + space["metadata"]["name"].get<std::string>() + "/serviceaccounts";
            await("the account of a namespace", [&] { return !sender_.ask(list)["items"].empty(); });
        }
    }

    /// What the engine that has nothing to do uses in a second.
    Use idle_rate() {
        const auto used = take_use();
        const auto began = Time::now();
        std::this_thread::sleep_for(looked_every * (counter_ == nullptr ? 5 : 20));
        const auto at_end = take_use();
        const auto took = since(began);
        return {(at_end.cpu - used.cpu) / took, at_end.instructions / took};
    }

    void take_memory(Figures& figures) const {
        const auto memory = memory_of(engine_->pid());
        figures.resident_kib = std::max(figures.resident_kib, memory.now_kib);
        figures.peak_kib = std::max(figures.peak_kib, memory.peak_kib);
    }

    const Place& place_;
    const Scene& scene_;
    Instructions* const counter_;  // null where none are counted
    Sender sender_;
    proof::ProcessOptions options_;
    std::unique_ptr<Onlooker> onlooker_;
    std::optional<proof::Process> engine_;
};

}  // namespace

namespace {

Figures figures_of(const Scene& scene) {
    Figures figures;
    figures.scene = scene.name;
    figures.owners = scene.owners.size();
    figures.copies = scene.copies;
    return figures;
}

}  // namespace

Figures measure(const Place& place, const Scene& scene, std::size_t rounds) {
    auto figures = figures_of(scene);
    Course course(place, scene, nullptr);
    course.set_up();
    figures.raw = course.raw();
    course.settle(figures);
    for (const auto& probe : scene.probes) figures.prices.push_back(course.price(probe, rounds));
    course.restart(figures);
    course.clean_up(figures);
    return figures;
}

Figures count(const Place& place, const Scene& scene, std::size_t rounds) {
    auto figures = figures_of(scene);
    Instructions counter;
    Course course(place, scene, &counter);
    course.set_up();
    course.settle(figures);
    course.begin_count();
    for (const auto& probe : scene.probes) figures.prices.push_back(course.price(probe, rounds));
    course.end_count();
    course.clean_up(figures);
    return figures;
}

}  // namespace moontide::bench
