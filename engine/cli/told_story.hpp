// A story as data, examples/<name>/story.yaml: what a user does, and what comes of it, each step checked through the
// API.
#pragma once

#include "base/result.hpp"
#include "cli/story.hpp"
#include "kube/blocking.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace moontide::cli {

/// title: a sentence
/// steps:
/// - say: what comes true, for the reader
///   create: a manifest                                                  one deed, or none
///   patch: {of: {kind, namespace, name}, with: a merge patch}
///   delete: {kind, namespace, name}
///   expect:                                                             all of these, within 10 s
///   - {of: {apiVersion, kind, namespace, name}, at: a JSON pointer, is: a value}
///   - {of: ..., gone: true}
///   detail: a line below the sentence
///   database: true, where the step is left out without a database
/// `apiVersion` may be left out of Kubernetes' own kinds.
class ToldStory {
public:
    enum class Database { there, none };

    /// Errors name the file and the step.
    static Result<ToldStory> read(std::string_view text, std::string_view file);

    const std::string& title() const { return title_; }
    /// Up to the first step that does not come true; false where there is one or `stopped` says so between the steps.
    bool tell(kube::Blocking& api, Story& story, Database database, const std::function<bool()>& stopped) const;

private:
    struct Expectation {
        kube::Ref of;
        bool gone = false;
        nlohmann::json::json_pointer at;
        nlohmann::json is;
    };
    struct Step {
        std::string say;
        std::string detail;
        bool database = false;
        nlohmann::json create;
        nlohmann::json with;
        kube::Ref patched;  ///< no name: nothing is
        kube::Ref deleted;
        std::vector<Expectation> expected;
    };

    static Result<Step> step_of(const nlohmann::json& described);
    static Result<kube::Answer> done(kube::Blocking& api, const Step& step);
    /// What is not as expected; empty: nothing.
    static std::string difference(kube::Blocking& api, const Expectation& expectation);

    std::string title_;
    std::vector<Step> steps_;
};

}  // namespace moontide::cli
