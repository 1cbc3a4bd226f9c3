// The demo's story: what a user would do, each deed done and checked through the API.
#pragma once

#include "cli/demo_world.hpp"
#include "cli/story.hpp"

#include <functional>

namespace moontide::cli {

class DemoSteps {
public:
    /// `stopped` is asked between the steps.
    DemoSteps(kube::Blocking& api, DemoWorld world, Story& story, std::function<bool()> stopped)
        : api_(api), world_(std::move(world)), story_(story), stopped_(std::move(stopped)) {}

    /// Tells all steps, or up to the first that does not come true within 10 s. `began` is when the engine was
    /// started. False where one did not come true or it was stopped before.
    bool tell(Instant began);

private:
    using Deed = std::function<Result<kube::Answer>()>;

    bool copies_are_made(Instant began);
    bool edited_copy_is_repaired();
    bool deleted_copy_is_restored();
    bool namespace_opts_in();
    bool namespace_opts_out();
    bool source_is_updated();
    bool source_is_deleted();

    /// Does the deed and waits until the cluster is as `world_` says; tells how it went.
    bool check(const std::string& sentence, const Deed& deed);
    bool check_since(Instant began, const std::string& sentence);
    kube::Ref copy(const std::string& target, const std::string& source) const;
    Result<kube::Answer> annotate(const std::string& namespace_name, const nlohmann::json& value);

    kube::Blocking& api_;
    DemoWorld world_;
    Story& story_;
    std::function<bool()> stopped_;
    int told_ = 0;
};

}  // namespace moontide::cli
