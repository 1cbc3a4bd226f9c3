#include "cli/demo_steps.hpp"

#include <ranges>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace moontide::cli {

namespace {

using nlohmann::json;

constexpr Milliseconds deadline{10'000};
const kube::Kind config_map{"v1", "ConfigMap"};

std::string shown(const json& value) {
    return value.is_string() ? value.get<std::string>() : value.dump();
}

}  // namespace

bool DemoSteps::tell(Instant began) {
    const auto start = system_clock().now();
    const bool whole = copies_are_made(began) && edited_copy_is_repaired() && deleted_copy_is_restored() &&
                       namespace_opts_in() && namespace_opts_out() && source_is_updated() && source_is_deleted();
    if (!whole) return false;
    const std::chrono::duration<double, std::milli> took = system_clock().now() - start;
    story_.gap();
    story_.text(fmt::format("{} steps in {:.0f} ms, each checked through the API.", told_, took.count()));
    return true;
}

bool DemoSteps::copies_are_made(Instant began) {
    if (!check_since(began, fmt::format("each source is copied into each target: {} copies", world_.copies()))) {
        return false;
    }
    for (const auto& [source, data] : world_.sources) {
        story_.tree(fmt::format("{}/{}", world_.home, source), world_.target_list());
    }
    return true;
}

bool DemoSteps::edited_copy_is_repaired() {
    const auto& source = world_.sources.rbegin()->first;
    const auto& data = world_.sources.rbegin()->second;
    const auto& target = *world_.targets.begin();
    const auto key = data.begin().key();
    const json body{{"data", {{key, "edited by hand"}, {"added.by.hand", "1"}}}};
    if (!check(fmt::format("a copy is edited in {}: repaired", target),
               [&, this] { return api_.patch(copy(target, source), kube::PatchType::merge, body.dump()); })) {
        return false;
    }
    story_.detail(fmt::format("{}/{}: {} is '{}' again, the key added by hand is gone", target, source, key,
                              shown(data.at(key))));
    return true;
}

bool DemoSteps::deleted_copy_is_restored() {
    const auto& target = *world_.targets.rbegin();
    const auto& source = world_.sources.begin()->first;
    return check(fmt::format("a copy is deleted in {}: restored", target),
                 [&, this] { return api_.remove(copy(target, source)); });
}

bool DemoSteps::namespace_opts_in() {
    const auto& target = world_.others.front();
    world_.targets.insert(target);
    return check(fmt::format("the namespace {} opts in: served", target),
                 [&, this] { return annotate(target, "true"); });
}

bool DemoSteps::namespace_opts_out() {
    const auto target = *world_.targets.begin();
    world_.targets.erase(target);
    return check(fmt::format("the namespace {} opts out: cleaned", target),
                 [&, this] { return annotate(target, nullptr); });
}

bool DemoSteps::source_is_updated() {
    const auto source = world_.sources.rbegin()->first;
    auto& data = world_.sources.rbegin()->second;
    const auto key = data.begin().key();
    const auto before = shown(data.at(key));
    data[key] = before + "-next";
    const json body{{"data", {{key, data[key]}}}};
    const auto copies = world_.targets.size();
    if (!check(fmt::format("the source {} is updated: its {} copies follow", source, copies),
               [&, this] { return api_.patch(copy(world_.home, source), kube::PatchType::merge, body.dump()); })) {
        return false;
    }
    story_.detail(fmt::format("{}: {} -> {}", key, before, shown(data[key])));
    return true;
}

bool DemoSteps::source_is_deleted() {
    const auto source = world_.sources.begin()->first;
    world_.sources.erase(source);
    if (!check(fmt::format("the source {} is deleted: its copies go with it", source),
               [&, this] { return api_.remove(copy(world_.home, source)); })) {
        return false;
    }
    for (const auto& [left, data] : world_.sources) {
        story_.tree(fmt::format("{}/{}", world_.home, left), world_.target_list());
    }
    return true;
}

bool DemoSteps::check(const std::string& sentence, const Deed& deed) {
    if (stopped_()) return false;
    const auto began = system_clock().now();
    if (const auto done = kube::accepted("the API server", deed()); !done) {
        story_.did_not(sentence, "that the API server takes the change", done.error().message);
        return false;
    }
    return check_since(began, sentence);
}

bool DemoSteps::check_since(Instant began, const std::string& sentence) {
    std::vector<std::string> differences{"no answer"};
    const auto holds = [&](const kube::Answer& answer) {
        const auto list = json::parse(answer.body, nullptr, false);
        if (answer.ok() && list.is_object() && list.contains("items")) differences = world_.differences(list);
        return differences.empty() || stopped_();
    };
    const auto seen = api_.await([this] { return api_.list(config_map); }, holds, deadline);
    if (differences.empty()) {
        story_.came_true(sentence, system_clock().now() - began);
        ++told_;
        return true;
    }
    if (!stopped_()) {
        if (!seen) differences.push_back(seen.error().message.substr(0, 80));
        story_.did_not(sentence,
                       fmt::format("within {} s {} copies: {} in {}", deadline.count() / 1000, world_.copies(),
                                   fmt::join(std::views::keys(world_.sources), ", "), fmt::join(world_.targets, ", ")),
                       fmt::format("{}", fmt::join(differences, "; ")));
    }
    return false;
}

kube::Ref DemoSteps::copy(const std::string& target, const std::string& source) const {
    return {config_map, target, source};
}

Result<kube::Answer> DemoSteps::annotate(const std::string& namespace_name, const json& value) {
    const json body{{"metadata", {{"annotations", {{"flux-extension.nrfcloud.com/sync-target", value}}}}}};
    return api_.patch({{"v1", "Namespace"}, "", namespace_name}, kube::PatchType::merge, body.dump());
}

}  // namespace moontide::cli
