#include "cli/told_story.hpp"

#include "base/clock.hpp"
#include "sandbox/yaml.hpp"

#include <thread>
#include <utility>

#include <fmt/format.h>

namespace moontide::cli {

namespace {

using Json = nlohmann::json;

constexpr Milliseconds story_deadline{10'000};
constexpr Milliseconds between_looks{2};

Result<kube::Ref> ref_of(const Json& described) {
    if (!described.is_object()) return fail("an object is {kind, namespace, name}");
    kube::Ref ref{{described.value("apiVersion", ""), described.value("kind", "")},
                  described.value("namespace", ""),
                  described.value("name", "")};
    if (ref.kind.api_version.empty()) ref.kind.api_version = kube::own_api_version(ref.kind.kind).value_or("");
    if (ref.kind.api_version.empty() || ref.name.empty()) {
        return fail(fmt::format("{} is no object: it needs a kind, its apiVersion, and a name", described.dump()));
    }
    return ref;
}

}  // namespace

Result<ToldStory::Step> ToldStory::step_of(const Json& described) {
    Step step;
    step.say = described.value("say", "");
    if (step.say.empty()) return fail("a step needs 'say'");
    step.detail = described.value("detail", "");
    step.database = described.value("database", false);
    step.create = described.value("create", Json());
    if (const auto patch = described.find("patch"); patch != described.end()) {
        step.patched = TRY(ref_of(patch->value("of", Json())));
        step.with = patch->value("with", Json::object());
    }
    if (const auto gone = described.find("delete"); gone != described.end()) step.deleted = TRY(ref_of(*gone));
    const auto expected = described.value("expect", Json::array());
    if (expected.empty()) return fail(fmt::format("'{}' expects nothing", step.say));
    for (const auto& one : expected) {
        Expectation expectation;
        expectation.of = TRY(ref_of(one.value("of", Json())));
        expectation.gone = one.value("gone", false);
        expectation.at = Json::json_pointer(one.value("at", ""));
        expectation.is = one.value("is", Json());
        step.expected.push_back(std::move(expectation));
    }
    return step;
}

Result<ToldStory> ToldStory::read(std::string_view text, std::string_view file) {
    const auto documents = TRY(sandbox::read_yaml(std::string(text), std::string(file)));
    if (documents.size() != 1 || !documents.front().tree.is_object()) return fail(fmt::format("{}: no story", file));
    const auto& tree = documents.front().tree;
    ToldStory told;
    told.title_ = tree.value("title", "");
    try {
        const auto steps = tree.value("steps", Json::array());
        for (const auto& described : steps) {
            auto step = step_of(described);
            if (!step) return fail(fmt::format("{}: step {}: {}", file, told.steps_.size() + 1, step.error().message));
            told.steps_.push_back(std::move(*step));
        }
    } catch (const Json::exception& wrong) {
        return fail(fmt::format("{}: step {}: {}", file, told.steps_.size() + 1, wrong.what()));
    }
    if (told.title_.empty() || told.steps_.empty()) return fail(fmt::format("{}: a story has title and steps", file));
    return told;
}

Result<kube::Answer> ToldStory::done(kube::Blocking& api, const Step& step) {
    if (!step.create.is_null()) return api.create(step.create.dump());
    if (!step.patched.name.empty()) return api.patch(step.patched, kube::PatchType::merge, step.with.dump());
    if (!step.deleted.name.empty()) return api.remove(step.deleted);
    kube::Answer nothing_to_do;
    nothing_to_do.status = 200;
    return nothing_to_do;
}

std::string ToldStory::difference(kube::Blocking& api, const Expectation& expectation) {
    const auto answer = api.get(expectation.of);
    if (!answer) return answer.error().message;
    if (answer->status == 404) return expectation.gone ? "" : expectation.of.text() + " is not there";
    if (!answer->ok()) return fmt::format("{}: {}", expectation.of.text(), kube::read_status(*answer).message);
    if (expectation.gone) return expectation.of.text() + " is still there";
    const auto object = Json::parse(answer->body, nullptr, false);
    const auto is = object.contains(expectation.at) ? object.at(expectation.at) : Json();
    if (is == expectation.is) return "";
    return fmt::format("{} {} is {}, not {}", expectation.of.text(), expectation.at.to_string(), is.dump(),
                       expectation.is.dump());
}

bool ToldStory::tell(kube::Blocking& api, Story& story, Database database, const std::function<bool()>& stopped) const {
    const auto start = system_clock().now();
    std::size_t told = 0;
    for (const auto& step : steps_) {
        if (step.database && database == Database::none) continue;
        ++told;
        const auto began = system_clock().now();
        if (const auto accepted = kube::accepted("the API server", done(api, step)); !accepted) {
            story.did_not(step.say, "that the API server takes the change", accepted.error().message);
            return false;
        }
        for (const auto& expectation : step.expected) {
            auto differs = difference(api, expectation);
            while (!differs.empty() && system_clock().now() - began < story_deadline) {
                if (stopped()) return false;
                std::this_thread::sleep_for(between_looks);
                differs = difference(api, expectation);
            }
            if (differs.empty()) continue;
            story.did_not(step.say, fmt::format("within {} s", story_deadline.count() / 1000), differs);
            return false;
        }
        story.came_true(step.say, system_clock().now() - began);
        if (!step.detail.empty()) story.detail(step.detail);
    }
    const std::chrono::duration<double, std::milli> took = system_clock().now() - start;
    story.gap();
    story.text(fmt::format("{} steps in {:.0f} ms, each checked through the API.", told, took.count()));
    return true;
}

}  // namespace moontide::cli
