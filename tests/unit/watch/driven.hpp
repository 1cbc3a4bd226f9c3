// A machine whose effects are read as words, for its tests.
#pragma once

#include "watch/machine.hpp"

#include <string>
#include <vector>

#include <fmt/format.h>

namespace moontide::watch {

inline Scope configmaps() {
    Scope scope;
    scope.resource = {{"v1", "ConfigMap"}, "configmaps", true, false};
    scope.namespace_name = "flux-system";
    return scope;
}

inline IngestOptions paged() {
    IngestOptions options;
    options.watch_list = false;
    return options;
}

/// What the machine asks for, as words: "list limit=500", "watch 5", "wait".
struct Driven {
    explicit Driven(const IngestOptions& of_options = paged(), const Scope& scope = configmaps(),
                    std::uint64_t seed = 1)
        : options(of_options), machine(scope, of_options, seed) {}

    using Words = std::vector<std::string>;

    Words on(const Input& input) {
        Words words;
        for (const auto& effect : machine.on(input))
            words.push_back(std::visit([&](const auto& e) { return word(e); }, effect));
        return words;
    }

    std::string word(const SendList& send) { return "list " + send.query; }
    std::string word(const OpenStream& open) {
        last_query = open.query;
        if (open.query.find("sendInitialEvents=true") != std::string::npos) return "watch list";
        const auto begin = open.query.find("resourceVersion=") + 16;
        return "watch " + open.query.substr(begin, open.query.find('&', begin) - begin);
    }
    std::string word(const CloseStream&) { return "close"; }
    std::string word(const Wait& wait) {
        last_wait = wait.delay;
        return "wait";
    }
    std::string word(const BeginRelist&) { return "begin"; }
    std::string word(const DeliverPage&) { return "page"; }
    std::string word(const DeliverListed&) { return "listed"; }
    std::string word(const DeliverChange&) { return "change"; }
    std::string word(const FinishRelist& finish) { return fmt::format("finish {}", finish.version); }
    std::string word(const AbandonRelist&) { return "abandon"; }
    std::string word(const Progress& progress) { return fmt::format("progress {}", progress.version); }

    /// Through a list of one page to a watch from `version`.
    Driven& watching(kube::ResourceVersion version) {
        on(Started{});
        on(PageRead{version, ""});
        on(PageDelivered{});
        on(StreamOpened{});
        return *this;
    }

    IngestOptions options;
    Machine machine;
    std::string last_query;
    Milliseconds last_wait{0};
};

using Words = Driven::Words;

inline const Failure compacted{410, "too old resource version"};
inline const Failure broken{500, "etcd is away"};
inline const Failure denied{403, "forbidden"};
inline const Failure missing{404, "not found"};
inline const Failure unreachable{0, "connection refused"};

}  // namespace moontide::watch
