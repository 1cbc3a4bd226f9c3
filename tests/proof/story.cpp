#include "story.hpp"

#include "environment.hpp"
#include "runner.hpp"
#include "unrest.hpp"

#include <algorithm>
#include <mutex>
#include <utility>

#include <fmt/format.h>

namespace moontide::proof {

namespace {

// Longer than the longest pause after which the engine asks again.
const Milliseconds LONGEST_REST = test::patient(Milliseconds(45'000));

/// Set by the server's thread when a rule has fired.
class Signal {
public:
    void set() {
        const std::scoped_lock lock(mutex_);
        set_ = true;
    }
    bool is_set() const {
        const std::scoped_lock lock(mutex_);
        return set_;
    }

private:
    mutable std::mutex mutex_;
    bool set_ = false;
};

FaultPlan plan_of(const Crash& crash, const Terms& terms) {
    FaultPlan plan;
    auto& rule = plan.rules.emplace_back();
    rule.match.clients = {"moontide", "moontide/*"};
    rule.match.verbs = {"create", "update", "patch", "delete"};
    rule.match.resources = {"configmaps", "secrets"};
    if (terms.has_owners()) rule.match.resources.push_back(terms.owners);
    rule.nth = crash.write;
    rule.fault = crash.point == Point::lost       ? sandbox::Fault::freeze_after
                 : crash.point == Point::answered ? sandbox::Fault::pass
                                                  : sandbox::Fault::freeze_before;
    return plan;
}

class Teller {
public:
    Teller(const Story& story, const Trial& trial) : story_(story), trial_(trial) {
        server_.heal();
        telling_.history = server_.begin_history();
    }
    ~Teller() { server_.heal(); }
    Teller(const Teller&) = delete;
    Teller& operator=(const Teller&) = delete;

    Telling tell() {
        const Keeping keeping{telling_.history};
        Scene scene;
        scene.history = telling_.history;
        telling_.terms = terms_for(scene);
        if (story_.driven) scene.owners = std::make_unique<Owners>(scene.world, *story_.driven);
        telling_.terms.most_writes = trial_.most_writes;
        telling_.terms.lag = server_.lag();
        for (const auto& rule : trial_.faults.rules) telling_.terms.grace += rule.duration + rule.delay;
        if (story_.before) story_.before(scene);

        begin_trouble();
        const auto runner = runner_for(scene);
        auto& engine = *runner;
        start(engine);
        rest(scene, engine);
        for (const auto& act : story_.acts) {
            if (!telling_.complaint.empty()) break;
            const bool down = act.engine == Act::Engine::is_down;
            if (down) stop(engine);
            act.play(scene);
            if (down) start(engine);
            rest(scene, engine);
        }
        if (telling_.complaint.empty()) end(scene, engine);
        stop(engine);
        server_.heal();
        if (telling_.complaint.empty()) {
            telling_.complaint = check(*telling_.history, telling_.terms, trial_.replay);
        } else if (!trial_.replay.empty()) {
            telling_.complaint += "\nagain with: " + trial_.replay;
        }
        const Timeline timeline(telling_.history->entries(), telling_.terms);
        telling_.writes = static_cast<std::size_t>(std::ranges::count_if(
            timeline.writes(), [&](const Write& write) { return writes_what_counts(telling_.terms, write); }));
        return std::move(telling_);
    }

private:
    /// The history is kept however the story ends: an act that awaits something may give it up.
    struct Keeping {
        std::shared_ptr<sandbox::History> history;
        ~Keeping() { keep_history(*history); }
    };

    Terms terms_for(const Scene& scene) const {
        if (story_.terms) return story_.terms(scene);
        if (story_.driven) return owned_terms(*story_.driven, scene.world.sources(), scene.world.id());
        return annotation_sync_terms(scene.world.sources(), scene.world.id());
    }

    static std::vector<Json> more(const Scene& scene) {
        return scene.owners ? scene.owners->live() : std::vector<Json>();
    }

    void begin_trouble() {
        if (trial_.crash) {
            server_.inject(plan_of(*trial_.crash, telling_.terms), [fired = fired_](const Fired&) { fired->set(); });
        } else if (!trial_.faults.rules.empty()) {
            server_.inject(trial_.faults);
        }
    }

    std::unique_ptr<Runner> runner_for(Scene& scene) const {
        if (trial_.runs == Trial::Runs::as_process) {
            return runner_as_process(scene.world, telling_.history, story_.lua, story_.driven);
        }
        return runner_in_process(scene.world, story_.lua, story_.driven);
    }

    void stop(Runner& engine) {
        keep_pages(engine);
        engine.stop();
    }

    void keep_pages(const Runner& engine) {
        for (const auto& [where, text] : engine.pages()) {
            telling_.history->note("said", {{"where", where}, {"text", text}});
        }
    }

    void start(Runner& engine) {
        telling_.history->note("run started");
        engine.start();
    }

    /// Until all is as it should be; with faults, for a while.
    void rest(Scene& scene, Runner& engine) {
        scene.catch_up();
        const bool troubled = !trial_.faults.rules.empty();
        const auto limit = troubled ? trial_.patience : LONGEST_REST;
        bool at_rest = false;
        const auto missing = scene.world.mirror.await(
            [&](const test::Objects& objects) -> std::string {
                if (due_to_crash()) return {};
                auto told = unrest(objects.all(), telling_.terms, more(scene));
                at_rest = told.empty();
                return told;
            },
            limit);
        if (due_to_crash()) {
            crash(scene, engine);
            return rest(scene, engine);
        }
        if (troubled) return;
        if (!missing.empty()) {
            telling_.complaint = "does not come to rest: " + missing + "\n" + engine.story();
            return;
        }
        settle(scene, engine);
    }

    void settle(Scene& scene, Runner& engine) {
        if (!engine.settle(LONGEST_REST) && !due_to_crash()) {
            telling_.complaint = "the engine does not settle\n" + engine.story();
            return;
        }
        if (due_to_crash()) {
            crash(scene, engine);
            return rest(scene, engine);
        }
        scene.catch_up();
        telling_.history->note("settled");
    }

    bool due_to_crash() const { return trial_.crash && !telling_.crashed && fired_->is_set(); }

    void crash(Scene& scene, Runner& engine) {
        telling_.crashed = true;
        if (trial_.crash->point == Point::answered) await_deed(scene, engine);
        telling_.history->note("killed", {{"point", word(trial_.crash->point)}, {"write", trial_.crash->write}});
        keep_pages(engine);
        engine.crash();
        if (trial_.crash->point != Point::late) server_.heal();
        start(engine);
        if (trial_.crash->point == Point::late) server_.release();
    }

    /// The engine has read the answer once it tells of what it did.
    static void await_deed(Scene& scene, Runner& engine) {
        scene.world.mirror.await(
            [&](const test::Objects&) {
                return engine.has_told_of_a_deed() ? std::string() : std::string("no deed yet");
            },
            Milliseconds(200));
    }

    void end(Scene& scene, Runner& engine) {
        server_.heal();
        scene.catch_up();
        const auto missing = scene.world.mirror.await(
            [&](const test::Objects& objects) { return unrest(objects.all(), telling_.terms, more(scene)); },
            LONGEST_REST);
        if (!missing.empty() || !engine.settle(LONGEST_REST)) {
            telling_.complaint = "does not come to rest: " + missing + "\n" + engine.story();
            return;
        }
        scene.catch_up();
        telling_.history->note("settled");
        if (!trial_.restart_at_end) return;
        stop(engine);
        start(engine);
        if (!engine.settle(LONGEST_REST)) telling_.complaint = "does not settle after a restart";
        telling_.history->note("settled");
    }

    const Story& story_;
    const Trial& trial_;
    ProofServer& server_ = ProofServer::under_test();
    std::shared_ptr<Signal> fired_ = std::make_shared<Signal>();
    Telling telling_;
};

}  // namespace

Telling tell(const Story& story, const Trial& trial) {
    return Teller(story, trial).tell();
}

const char* word(Point point) {
    switch (point) {
        case Point::before:
            return "before";
        case Point::late:
            return "late";
        case Point::lost:
            return "lost";
        case Point::answered:
            return "answered";
    }
    return "?";
}

void Scene::opt(const std::string& word, bool in) {
    world.annotate_namespace(spaces.at(word), {{test::TARGET_MARK, in ? Json("true") : Json(nullptr)}});
}

void Scene::source(const std::string& name, const Json& data, const Json& more) {
    objects[name] = world.make_source(name, data, more);
}

void Scene::give(const std::string& name, const Json& data) {
    objects[name] = world.make_config_map(world.sources(), name, data);
}

void Scene::run(const std::string& name, const Json& labels) {
    // Its namespace's controller makes it a moment later, or nobody does; no pod is admitted before.
    const Json account = {{"apiVersion", "v1"},
                          {"kind", "ServiceAccount"},
                          {"metadata", {{"namespace", world.sources()}, {"name", "default"}}}};
    world.api.ask("PATCH",
                  "/api/v1/namespaces/" + world.sources() + "/serviceaccounts/default?fieldManager=user&force=true",
                  account, "application/apply-patch+yaml");
    objects[name] = world.api.create(pod_object(world.sources(), name, labels));
}

void Scene::own(const std::string& name, const Json& spec) {
    world.api.create(owners->object(world.sources(), name, spec));
}

void Scene::ask(const std::string& name, const Json& spec) {
    world.api.merge(owners->ref(world.sources(), name), {{"spec", spec}});
}

void Scene::disown(const std::string& name) {
    world.api.remove(owners->ref(world.sources(), name));
}

void Scene::catch_up() {
    world.catch_up();
    const auto ref = test::namespace_ref(world.sources());
    const Json tick = {{"metadata", {{"annotations", {{"test/tick", test::version_of(world.api.get(ref))}}}}}};
    const auto version = test::version_of(world.api.merge(ref, tick));
    const auto ticked = test::version_of(world.api.get(test::config_map("default", world.id() + "-tick")));
    auto& server = ProofServer::under_test();
    server.await_recorded("namespaces", std::strtoull(version.c_str(), nullptr, 10));
    server.await_recorded("configmaps", std::strtoull(ticked.c_str(), nullptr, 10));
    for (const auto& object : owners ? owners->live() : std::vector<Json>()) {
        const auto resource = object.value("kind", "") == "Pod" ? "pods" : owners->policy().resource.plural;
        server.await_recorded(resource, std::strtoull(test::version_of(object).c_str(), nullptr, 10));
    }
    world.await("the test's watch of namespaces catches up", [&](const test::Objects& seen) -> std::string {
        const auto* object = seen.find(ref);
        return object && test::version_of(*object) == version ? "" : "version " + version + " has not come";
    });
}

void Scene::await_fault(const std::string& fault, int status) {
    world.await("the fault " + fault, [&](const test::Objects&) -> std::string {
        for (const auto& entry : history->entries()) {
            const auto* answered = std::get_if<Answered>(&entry.what);
            if (answered && answered->fault == fault && answered->status == status) return {};
        }
        return "it has not come";
    });
}

void Scene::edit_copy(const std::string& word, const std::string& name, const Json& patch) {
    // Under faults there may be none yet.
    world.api.try_merge(test::config_map(spaces.at(word), name), patch);
}

void Scene::remove_copy(const std::string& word, const std::string& name) {
    world.api.remove_if_there(test::config_map(spaces.at(word), name));
}

void Scene::plant(const std::string& word, const std::string& name, const Json& data, const Json& more) {
    world.make_config_map(spaces.at(word), name, data, more);
}

}  // namespace moontide::proof
