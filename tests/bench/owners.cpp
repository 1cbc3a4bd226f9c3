// What the three policies with owners cost on this machine: one engine as a process, against the embedded API server or
// the one that MOONTIDE_TEST_KUBECONFIG names, where that is on this machine too.
#include "course.hpp"
#include "sandbox/sandbox.hpp"
#include "scenes.hpp"
#include "table.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <unistd.h>

namespace {

using namespace moontide;

/// Load is for this machine only.
void check_address(const std::string& server) {
    auto host = server.substr(std::min(server.size(), server.find("://") + 3));
    host = host.substr(0, host.find_first_of(host.starts_with('[') ? "]" : ":/"));
    if (host == "127.0.0.1" || host == "localhost" || host == "[::1") return;
    throw std::runtime_error(server + " is not this machine; the bench loads no other");
}

kube::Access access_in(const std::string& kubeconfig, const std::string& named) {
    auto access = kube::parse_kubeconfig(kubeconfig, named, "/");
    if (!access) throw std::runtime_error(access.error().message);
    check_address(access->server);
    return std::move(*access);
}

/// A sandbox of its own, whose kubeconfig is a file while it lives.
class Embedded {
public:
    Embedded() {
        auto started = sandbox::Sandbox::start({});
        if (!started) throw std::runtime_error("the sandbox does not start: " + started.error().message);
        sandbox_ = std::move(*started);
        place_.kubeconfig_file =
            (std::filesystem::temp_directory_path() / fmt::format("moontide-bench-{}", ::getpid())).string();
        std::ofstream(place_.kubeconfig_file) << sandbox_->kubeconfig();
        place_.access = access_in(sandbox_->kubeconfig(), place_.kubeconfig_file);
    }
    ~Embedded() {
        std::error_code ignored;
        std::filesystem::remove(place_.kubeconfig_file, ignored);
    }
    Embedded(const Embedded&) = delete;
    Embedded& operator=(const Embedded&) = delete;

    const bench::Place& place() const { return place_; }

private:
    std::unique_ptr<sandbox::Sandbox> sandbox_;
    bench::Place place_;
};

bench::Place named_place(const std::string& file) {
    auto access = kube::find_access({.kubeconfig = file, .context = {}});
    if (!access) throw std::runtime_error(access.error().message);
    check_address(access->server);
    return {.access = std::move(*access), .kubeconfig_file = file, .is_real = true};
}

struct Chosen {
    double scale = 1;
    std::size_t rounds = 3;
    std::vector<std::string> scenes;
    bool json = false;
    bool instructions = false;
};

struct Kind {
    std::string name;
    std::size_t size;
    std::size_t least;  ///< so that each change has something to change
    std::function<bench::Scene(std::size_t)> make;
};

void run(const Chosen& chosen) {
    const std::vector<Kind> kinds = {
        {"pods", 10'000, 30, bench::pods}, {"mirrors", 100, 2, bench::mirrors}, {"syncers", 1'000, 30, bench::syncers}};
    const char* named = std::getenv("MOONTIDE_TEST_KUBECONFIG");
    const auto measured = [&](const bench::Scene& scene) {
        const auto measure = chosen.instructions ? bench::count : bench::measure;
        if (named != nullptr) return measure(named_place(named), scene, chosen.rounds);
        const Embedded embedded;
        return measure(embedded.place(), scene, chosen.rounds);
    };
    auto all = bench::Json::array();
    if (!chosen.json) {
        fmt::print("against {}; of each scene a tenth and the whole; {}\n\n",
                   named == nullptr ? "the sandbox" : "the API server of " + std::string(named),
                   chosen.instructions ? "instructions are the engine's, as callgrind counts them"
                                       : "processor time is the engine's");
    }
    for (const auto& kind : kinds) {
        if (!chosen.scenes.empty() && std::ranges::find(chosen.scenes, kind.name) == chosen.scenes.end()) continue;
        const auto size = [&](double part) {
            const auto scaled = std::lround(static_cast<double>(kind.size) * chosen.scale * part);
            return std::max(kind.least, static_cast<std::size_t>(scaled));
        };
        bench::Pair pair{.tenth = measured(kind.make(size(0.1))), .whole = {}};
        pair.whole = measured(kind.make(size(1)));
        if (chosen.json) {
            all.push_back({{"tenth", bench::json_of(pair.tenth)}, {"whole", bench::json_of(pair.whole)}});
        } else {
            fmt::print("{}\n", chosen.instructions ? bench::counts_text_of(pair) : bench::text_of(pair));
            std::fflush(stdout);
        }
    }
    if (chosen.json) fmt::print("{}\n", all.dump(2));
}

}  // namespace

int main(int count, char** words) {
    CLI::App program("What policies with owners cost on this machine");
    Chosen chosen;
    program.add_option("--scale", chosen.scale, "Of the scenes' sizes")->check(CLI::Range(0.01, 10.0));
    program.add_option("--rounds", chosen.rounds, "Changes of each kind; the median is shown")->check(CLI::Range(1, 9));
    program.add_option("--scene", chosen.scenes, "pods, mirrors or syncers; may be given several times")
        ->check(CLI::IsMember({"pods", "mirrors", "syncers"}));
    program.add_flag("--instructions", chosen.instructions,
                     "Count the instructions that one change costs, under valgrind, and nothing else");
    program.add_flag("--json", chosen.json, "Print JSON");
    CLI11_PARSE(program, count, words);
    try {
        run(chosen);
    } catch (const std::exception& error) {
        fmt::print(stderr, "bench: {}\n", error.what());
        return 1;
    }
    return 0;
}
