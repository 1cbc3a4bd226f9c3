// moontide release: takes what a policy left that does not run any more, so that nothing waits for it.
#include "cli/command.hpp"
#include "cli/left_behind.hpp"
#include "cli/log_flags.hpp"
#include "cli/policies.hpp"
#include "cli/program.hpp"
#include "kube/kubeconfig.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ostream.h>
#include <nlohmann/json.hpp>

namespace moontide::cli {

namespace {

struct ReleaseFlags {
    std::vector<std::string> policies;
    kube::AccessOptions access;
    std::vector<std::string> folders;
    std::string instance = "moontide";
    std::string owner_kind;
    std::string finalizer;
    bool only_owners = false;
    bool only_copies = false;
    bool dry_run = false;
};

/// Which owners a policy has, and what it holds them by.
struct Holding {
    std::vector<kube::Kind> kinds;
    std::string finalizer;
};

/// "example.com/v1/Widget".
Result<kube::Kind> kind_of(const std::string& text) {
    const auto slash = text.rfind('/');
    if (slash == std::string::npos || slash == 0 || slash + 1 == text.size()) {
        return fail(fmt::format("--owner '{}' is not written as example.com/v1/Widget", text));
    }
    return kube::Kind{text.substr(0, slash), text.substr(slash + 1)};
}

/// Of the policies that this binary and --policies have; others are known by their claims and flags alone.
Result<std::map<std::string, Holding>> holdings(const ReleaseFlags& flags, const Bindings& bindings) {
    std::map<std::string, Holding> known;
    const auto gathered = TRY(gather_policies(bindings.builtins, flags.folders));
    for (const auto& text : gathered.texts) {
        const auto policy = bindings.load(text, nlohmann::json::object(), {});
        if (!policy) continue;
        const auto& shape = (*policy)->shape();
        known[text.name] = {shape.owner_kinds, shape.finalizer};
    }
    if (flags.owner_kind.empty() != flags.finalizer.empty()) return fail("--owner and --finalizer go together");
    if (!flags.finalizer.empty()) {
        if (flags.policies.size() != 1) return fail("--owner and --finalizer are of one policy: name it");
        known[flags.policies.front()] = {{TRY(kind_of(flags.owner_kind))}, flags.finalizer};
    }
    return known;
}

/// What there is to do, and how far it came.
class Releasing {
public:
    Releasing(const ReleaseFlags& flags, const Surroundings& around, kube::Blocking& api)
        : flags_(flags), around_(around), left_(api, flags.instance, [&around](const std::string& text) {
              fmt::print(around.err, "moontide release: not looked at: {}\n", text);
          }) {}

    Result<void> look(const std::map<std::string, Holding>& known) {
        if (!flags_.only_owners) copies_ = TRY(left_.copies());
        if (flags_.only_copies) return {};
        for (const auto& [policy, holding] : known) {
            if (!is_asked(policy) || holding.finalizer.empty()) continue;
            for (const auto& kind : holding.kinds) owners_[policy] = TRY(left_.owners(kind, holding.finalizer));
        }
        return {};
    }

    /// Nothing is asked for by name: what there is, by policy.
    void list() const {
        std::map<std::string, std::size_t> copies;
        for (const auto& copy : copies_) ++copies[copy.bond.policy];
        for (const auto& [policy, owners] : owners_) {
            if (!owners.empty()) copies.try_emplace(policy, 0);
        }
        if (copies.empty()) {
            fmt::print(around_.out, "no policy has left anything for instance {}\n", flags_.instance);
            return;
        }
        for (const auto& [policy, count] : copies) {
            const auto owners = owners_.find(policy);
            fmt::print(around_.out, "{}: {} copies, {} owners with its finalizer\n", policy, count,
                       owners == owners_.end() ? 0 : owners->second.size());
        }
        fmt::print(around_.out,
                   "`moontide release POLICY` releases them; a policy that runs takes hold of them again\n");
    }

    /// Copies first: while its finalizer is there an owner names what it has asked for. True where all of it was done.
    bool release() {
        std::size_t copies = 0;
        for (const auto& copy : copies_) {
            if (!is_asked(copy.bond.policy)) continue;
            const auto what = copy.part.empty() ? "copy" : "part";
            copies += did(fmt::format("{} {} of {}", what, copy.ref.text(), copy.bond.policy),
                          [&] { return left_.release(copy); });
        }
        std::size_t owners = 0;
        for (const auto& [policy, of_policy] : owners_) {
            for (const auto& owner : of_policy) {
                owners += did(fmt::format("owner {} of {}{}", owner.ref.text(), policy,
                                          owner.terminating ? ", which is being deleted" : ""),
                              [&] { return left_.let_go(owner); });
            }
        }
        fmt::print(around_.out, "{} {} copies, which stay where they are, and {} owners{}\n",
                   flags_.dry_run ? "would release" : "released", copies, owners,
                   failed_ == 0 ? "" : fmt::format("; {} failed", failed_));
        return failed_ == 0;
    }

private:
    bool is_asked(const std::string& policy) const {
        return flags_.policies.empty() || std::ranges::find(flags_.policies, policy) != flags_.policies.end();
    }

    std::size_t did(const std::string& what, const std::function<Result<void>()>& deed) {
        if (!flags_.dry_run) {
            if (const auto done = deed(); !done) {
                fmt::print(around_.err, "moontide release: {}: {}\n", what, done.error().message);
                ++failed_;
                return 0;
            }
        }
        fmt::print(around_.out, "{} {}\n", flags_.dry_run ? "would release" : "released", what);
        return 1;
    }

    const ReleaseFlags& flags_;
    const Surroundings& around_;
    LeftBehind left_;
    std::vector<LeftCopy> copies_;
    std::map<std::string, std::vector<LeftOwner>> owners_;  ///< by policy
    std::size_t failed_ = 0;
};

int release(const ReleaseFlags& flags, const Surroundings& around) {
    const auto ended = [&](int code, const Error& why) {
        fmt::print(around.err, "moontide release: {}\n", why.message);
        return code;
    };
    const auto known = holdings(flags, around.bindings);
    if (!known) return ended(exit_code::wrong_use, known.error());
    auto access = kube::find_access(flags.access);
    if (!access) return ended(exit_code::failed, access.error());
    kube::ClientOptions client;
    client.user_agent = user_agent();
    const auto api = kube::Blocking::connect(std::move(*access), client);
    if (!api) return ended(exit_code::failed, api.error());

    Releasing releasing(flags, around, **api);
    if (const auto looked = releasing.look(*known); !looked) return ended(exit_code::failed, looked.error());
    if (flags.policies.empty()) {
        releasing.list();
        return exit_code::fine;
    }
    return releasing.release() ? exit_code::fine : exit_code::failed;
}

}  // namespace

Work add_release(CLI::App& program) {
    auto* command = program.add_subcommand("release", "Let go of what a policy left that does not run any more");
    auto flags = std::make_shared<ReleaseFlags>();
    command->add_option("policy", flags->policies, "The policies; without any, tells what there is and writes nothing");
    command->add_option("--kubeconfig", flags->access.kubeconfig,
                        "This kubeconfig; else KUBECONFIG, the pod's service account, ~/.kube/config");
    command->add_option("--context", flags->access.context, "The kubeconfig's context; else its current one");
    command->add_option("--instance", flags->instance, "The instance that made the copies")->capture_default_str();
    auto* owners = command->add_flag("--owners", flags->only_owners, "Take finalizers off owners and leave copies");
    command->add_flag("--copies", flags->only_copies, "Take marks off copies and leave owners")->excludes(owners);
    command->add_option("--policies", flags->folders, "A folder of policies that this binary does not have")
        ->expected(1)
        ->take_all();
    command->add_option("--owner", flags->owner_kind,
                        "The owners' kind, example.com/v1/Widget, of a policy that is lost");
    command->add_option("--finalizer", flags->finalizer, "And its finalizer");
    command->add_flag("--dry-run", flags->dry_run, "Print what would be released and write nothing");
    command->footer(
        "Copies stay where they are, without our marks; their owners lose the policy's finalizer, so that they can be\n"
        "deleted. Turn the policy off first: one that runs takes hold of both again.\n"
        "Examples:\n"
        "  moontide release                                   what there is, by policy\n"
        "  moontide release configmap-syncer --dry-run\n"
        "  moontide release mine --owner example.com/v1/Widget --finalizer example.com/hold");
    return [flags](const Surroundings& around) { return release(*flags, around); };
}

}  // namespace moontide::cli
