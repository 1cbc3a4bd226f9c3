// The case runner, on a policy in C++ that copies ConfigMaps marked `share: "true"` to the namespaces of their team.
#include "bindings/cases.hpp"

#include "bindings/case_file.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <unistd.h>

namespace moontide::bindings {
namespace {

using Json = nlohmann::json;
namespace fs = std::filesystem;

class TeamEvaluator final : public policy::Evaluator {
public:
    Result<std::vector<policy::Selection>> owners() override { return std::vector<policy::Selection>(); }
    Result<policy::From> from(const policy::Inputs&) override {
        policy::Selection shared;
        shared.kinds = {{"v1", "ConfigMap"}};
        shared.labels = {{"share", policy::KeyRule::Presence::any_of, {{"true"}}}};
        return policy::From{{shared}, {}};
    }
    Result<bool> where(const policy::Selection&, const policy::Inputs&) override { return true; }
    Result<std::optional<std::string>> group(const policy::Inputs&) override { return std::optional<std::string>(); }
    Result<policy::Into> into(const policy::Inputs& inputs) override {
        const Json source = Json::parse(inputs.sources.front()->json());
        const Json labels = source["metadata"]["labels"];
        if (!labels.contains("team")) {
            return policy::Into{std::vector<policy::Selection>(), {"source.labels.team is missing"}, {}};
        }
        policy::Selection team;
        team.labels = {{"team", policy::KeyRule::Presence::any_of, {{labels["team"]}}}};
        return policy::Into{std::vector{team}, {}, {}};
    }
    Result<policy::Existing> existing(const policy::Inputs&) override { return policy::Existing::refuse; }
    Result<std::vector<policy::Companions>> with(const policy::Inputs&) override {
        return std::vector<policy::Companions>();
    }
    Result<policy::StatusFields> status(const policy::Inputs&, const policy::Report&) override {
        return policy::StatusFields();
    }
    Result<std::optional<kube::Ref>> store(const policy::Inputs&) override { return std::optional<kube::Ref>(); }
    Result<policy::Copy> copy(const policy::Inputs& inputs) override {
        const Json source = Json::parse(inputs.sources.front()->json());
        if (source["data"].contains("bad")) return fail("policy.lua:5: data: boom");
        policy::Copy copy;
        copy.target = *inputs.target;
        copy.target.name = source["metadata"]["name"];
        copy.reads.source = true;
        if (source["data"].contains("until")) copy.expires = WallTime(std::chrono::seconds(1'798'761'600));  // 2027
        auto content = std::make_shared<policy::Content>();
        content->kind = copy.target.kind;
        content->fields = Json{{"data", source["data"]}}.dump();
        content->annotations = content->mark_annotations = {{"from", source["metadata"]["namespace"]}};
        copy.existing = policy::Existing::marked;
        copy.content = content;
        return copy;
    }
};

class TeamPolicy final : public policy::Policy {
public:
    TeamPolicy() { shape_.source_kinds = shape_.copy_kinds = {{"v1", "ConfigMap"}}; }
    const policy::Shape& shape() const override { return shape_; }
    std::unique_ptr<policy::Evaluator> evaluator() const override { return std::make_unique<TeamEvaluator>(); }
    std::optional<policy::Origin> origin(const kube::Metadata& object) const override {
        if (!kube::find(object.annotations, "from")) return std::nullopt;
        return policy::Origin{};
    }

private:
    policy::Shape shape_;
};

/// A folder with a policy and its cases, gone at the end.
class Folder {
public:
    Folder() : root_(fs::temp_directory_path() / fmt::format("moontide-cases-{}", ::getpid())) {
        fs::remove_all(root_);
        fs::create_directories(root_ / "team" / "cases");
        write("team/policy.lua", "");
    }
    ~Folder() { fs::remove_all(root_); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    void write(const std::string& path, const std::string& text) const { std::ofstream(root_ / path) << text; }
    fs::path path(const std::string& below = "") const { return root_ / below; }

private:
    fs::path root_;
};

const PolicyLoader load = [](const fs::path&, const Json& settings) -> Result<policy::PolicyPtr> {
    if (settings.contains("wrong")) return fail("policy.lua:2: unknown setting 'wrong'");
    return std::make_shared<const TeamPolicy>();
};

/// What is printed for one case file, without the line that names the file.
std::string report(const std::string& cases) {
    const Folder folder;
    folder.write("team/cases/a.yaml", cases);
    std::ostringstream out;
    const auto totals = run_cases({folder.path()}, load, out);
    if (!totals) return "error: " + totals.error().message;
    const std::string text = out.str();
    return text.substr(text.find('\n') + 1);
}

const std::string given = R"(given:
  - {kind: ConfigMap, namespace: infra, name: web, labels: {team: blue, share: "true"}, data: {a: "1"}}
  - {kind: ConfigMap, namespace: infra, name: other, labels: {team: blue}, data: {a: "1"}}
  - {kind: Namespace, name: blue-eu, labels: {team: blue}}
  - {kind: Namespace, name: blue-us, labels: {team: blue}}
  - {kind: Namespace, name: red-eu, labels: {team: red}}
)";

std::string copy_in(const std::string& namespace_name, const std::string& data = "{a: \"1\"}") {
    return fmt::format("  - {{kind: ConfigMap, namespace: {}, name: web, annotations: {{from: infra}}, data: {}}}\n",
                       namespace_name, data);
}

Result<std::vector<Case>> read(const std::string& text) {
    return read_cases(text, "cases/a.yaml");
}

}  // namespace

TEST_CASE("a case that wants what is made is ok") {
    CHECK(report("title: both\n" + given + "want:\n" + copy_in("blue-eu") + copy_in("blue-us")) ==
          "  ok      both\n1 case, 1 ok, 0 failed\n");
}

TEST_CASE("what differs is shown field by field") {
    CHECK(report("title: one\n" + given + "want:\n" + copy_in("blue-eu", "{a: \"2\", b: x}") + copy_in("red-eu")) ==
          R"(  FAILED  one (line 1)
          ConfigMap blue-eu/web differs (- wanted, + made):
              - data.a: "2"
              + data.a: "1"
              - data.b: "x"
          ConfigMap red-eu/web is wanted and not made:
              - annotations: {"from":"infra"}
              - data: {"a":"1"}
          ConfigMap blue-us/web is made and not wanted:
              + annotations: {"from":"infra"}
              + data: {"a":"1"}
1 case, 0 ok, 1 failed
)");
}

TEST_CASE("a mark that the case does not want is a difference") {
    const std::string text =
        report("title: one\n" + given +
               "want:\n  - {kind: ConfigMap, namespace: blue-eu, name: web, data: {a: \"1\"}}\n" + copy_in("blue-us"));
    CHECK(text.find("+ annotations: {\"from\":\"infra\"}") != std::string::npos);
    CHECK(text.find("1 failed") != std::string::npos);
}

TEST_CASE("each document of a file is a case, and objects may be whole manifests") {
    const std::string text =
        "# comment\n---\ntitle: one\ngiven: []\nwant: []\n---\ntitle: two\ngiven:\n"
        "- apiVersion: v1\n  kind: ConfigMap\n  metadata:\n    name: web\n    namespace: infra\n"
        "    labels: {share: 'true', team: blue}\n  data: {a: '1'}\n"
        "- {kind: Namespace, name: blue-eu, labels: {team: blue}}\n"
        "want:\n- apiVersion: v1\n  kind: ConfigMap\n  metadata:\n    name: web\n"
        "    namespace: blue-eu\n    annotations: {from: infra}\n  data: {a: '1'}\n";
    CHECK(report(text) == "  ok      one\n  ok      two\n2 cases, 2 ok, 0 failed\n");
}

TEST_CASE("an error is wanted by a part of its message, wherever it comes from") {
    const std::string bad =
        "given:\n  - {kind: ConfigMap, namespace: i, name: w, labels: {team: b, share: \"true\"}, "
        "data: {bad: \"1\"}}\n  - {kind: Namespace, name: b, labels: {team: b}}\n";
    CHECK(report("title: t\n" + bad + "error: 'data: boom'\n") == "  ok      t\n1 case, 1 ok, 0 failed\n");
    CHECK(report("title: t\nsettings: {wrong: 1}\nerror: unknown setting\n") ==
          "  ok      t\n1 case, 1 ok, 0 failed\n");
    CHECK(report("title: t\n" + bad + "error: crash\n") ==
          "  FAILED  t (line 1)\n          an error that contains 'crash' is expected and does not come; there is:\n"
          "              + policy.lua:5: data: boom\n"
          "          refused: ConfigMap b/w: EvaluationFailed (policy.lua:5: data: boom)\n1 case, 0 ok, 1 failed\n");
    // An error that nobody expects fails the case, though the copies are as wanted.
    CHECK(report("title: t\n" + bad + "want: []\n").find("an error: policy.lua:5: data: boom") != std::string::npos);
}

TEST_CASE("refusals are compared where the case has them, whole") {
    const std::string foreign = given + "  - {kind: ConfigMap, namespace: blue-eu, name: web, data: {x: \"1\"}}\n";
    const std::string wanted = "want:\n" + copy_in("blue-us");
    CHECK(report("title: t\n" + foreign + wanted) == "  ok      t\n1 case, 1 ok, 0 failed\n");
    CHECK(report("title: t\n" + foreign + wanted +
                 "refused:\n  - {namespace: blue-eu, name: web, reason: AlreadyExists, message: not Moontide's}\n") ==
          "  ok      t\n1 case, 1 ok, 0 failed\n");
    CHECK(report("title: t\n" + foreign + wanted + "refused: []\n")
              .find("not expected to be refused: ConfigMap blue-eu/web: AlreadyExists") != std::string::npos);
    CHECK(report("title: t\n" + foreign + wanted + "refused:\n  - {namespace: red-eu}\n")
              .find("a refusal is expected and does not come") != std::string::npos);
}

TEST_CASE("a copy with the policy's mark is taken over and is no source") {
    const std::string marked =
        given +
        "  - {kind: ConfigMap, namespace: blue-eu, name: web, labels: {team: red, share: \"true\"}, "
        "annotations: {from: infra}, data: {a: \"0\"}}\n";
    CHECK(report("title: t\n" + marked + "want:\n" + copy_in("blue-eu") + copy_in("blue-us")) ==
          "  ok      t\n1 case, 1 ok, 0 failed\n");
}

TEST_CASE("two sources that want one target: the older has it") {
    const std::string two =
        "given:\n  - {kind: ConfigMap, namespace: young, name: web, creationTimestamp: \"2026-02-01T00:00:00Z\", "
        "labels: "
        "{team: blue, share: \"true\"}, data: {a: \"2\"}}\n"
        "  - {kind: ConfigMap, namespace: infra, name: web, labels: {team: blue, share: \"true\"}, data: {a: \"1\"}}\n"
        "  - {kind: Namespace, name: blue-eu, labels: {team: blue}}\n";
    CHECK(report("title: t\n" + two + "want:\n" + copy_in("blue-eu") +
                 "refused:\n  - {namespace: blue-eu, name: web, reason: HeldByOther}\n") ==
          "  ok      t\n1 case, 1 ok, 0 failed\n");
}

TEST_CASE("waiting, time and excluded namespaces are a case's to say") {
    const std::string lonely =
        "given:\n  - {kind: ConfigMap, namespace: infra, name: web, labels: {share: \"true\"}, data: {a: \"1\"}}\n";
    CHECK(report("title: t\n" + lonely + "want: []\nwaiting: [source.labels.team]\n") ==
          "  ok      t\n1 case, 1 ok, 0 failed\n");
    CHECK(report("title: t\n" + lonely + "want: []\nwaiting: []\n").find("1 failed") != std::string::npos);

    const std::string ends =
        "given:\n  - {kind: ConfigMap, namespace: infra, name: web, labels: {team: b, share: \"true\"}, data: {until: "
        "\"1\"}}\n  - {kind: Namespace, name: b, labels: {team: b}}\n";
    CHECK(report("title: t\nnow: 2026-12-31T23:59:59Z\n" + ends + "want:\n" + copy_in("b", "{until: \"1\"}"))
              .find("1 ok") != std::string::npos);
    CHECK(report("title: t\nnow: 2027-01-01T00:00:00Z\n" + ends + "want: []\n").find("1 ok") != std::string::npos);

    CHECK(report("title: t\nexcludedNamespaces: [blue-us]\n" + given + "want:\n" + copy_in("blue-eu")).find("1 ok") !=
          std::string::npos);
}

TEST_CASE("what is wrong with a case is said with its line") {
    struct Row {
        std::string text;
        std::string message;
    };
    const std::vector<Row> rows = {
        {"title: t\n\ngivn: []\nwant: []\n", "cases/a.yaml:3: unknown key 'givn', did you mean 'given'?"},
        {"title: a\ngiven: []\nwant: []\n---\ntitle: b\nwants: []\n",
         "cases/a.yaml:6: unknown key 'wants', did you mean 'want'?"},
        {"given: []\nwant: []\n", "cases/a.yaml:1: a case needs a 'title' that is text"},
        {"title: t\ngiven: []\n", "cases/a.yaml:1: the case 't' has neither 'want' nor 'error'"},
        {"title: t\ngiven: {}\nwant: []\n", "cases/a.yaml:2: 'given' must be a list"},
        {"title: t\ngiven:\n  - {kind: Namespace, name: a}\n  - {kind: ConfigMap, name: b, lables: {}}\nwant: []\n",
         "cases/a.yaml:4: object 2 of 'given' is wrong: unknown field 'lables' of a ConfigMap, did you mean "
         "'labels'?"},
        {"title: t\ngiven:\n  - {kind: ConfigMap, name: b, data: {a: 1}}\nwant: []\n",
         "cases/a.yaml:3: object 1 of 'given' is wrong: 'data.a' must be text: write \"1\""},
        {"title: t\ngiven:\n  - {kind: Widget, name: b}\nwant: []\n",
         "cases/a.yaml:3: object 1 of 'given' is wrong: the kind 'Widget' is not Kubernetes' own and needs an "
         "'apiVersion'"},
        {"title: t\ngiven:\n  - {name: b}\nwant: []\n", "cases/a.yaml:3: object 1 of 'given' has no 'kind'"},
        {"title: t\ngiven:\n  - {kind: Secret, name: b, data: {a: '?'}}\nwant: []\n",
         "cases/a.yaml:3: object 1 of 'given' is wrong: 'data.a' must be base64; plain text goes into 'stringData'"},
        {"title: t\nwant: []\nrefused:\n  - {reson: x}\n",
         "cases/a.yaml:4: unknown key 'reson' of a refusal, did you mean 'reason'?"},
        {"title: t\nwant: []\nnow: tomorrow\n", "cases/a.yaml:3: 'now' must be a time like 2026-01-31T12:00:00Z"},
        {"", "cases/a.yaml: there is no case in it"},
    };
    for (const Row& row : rows) {
        INFO(row.text);
        const auto cases = read(row.text);
        REQUIRE_FALSE(cases);
        CHECK(cases.error().message == row.message);
    }
}

TEST_CASE("given objects have what the API server fills in") {
    const auto cases = read(
        "title: t\ngiven:\n  - {kind: Namespace, name: a}\n"
        "  - {kind: Secret, namespace: a, name: s, stringData: {k: v}}\nwant: []\n");
    REQUIRE(cases);
    const auto& objects = cases->front().given;
    CHECK(objects[0]["metadata"]["labels"]["kubernetes.io/metadata.name"] == "a");
    CHECK(objects[0]["metadata"]["uid"] != objects[1]["metadata"]["uid"]);
    CHECK(objects[1]["metadata"]["creationTimestamp"] == "2026-01-01T00:00:00Z");
    CHECK(objects[1]["type"] == "Opaque");
    CHECK(objects[1]["data"] == Json{{"k", "dg=="}});
    CHECK_FALSE(objects[1].contains("stringData"));
}

TEST_CASE("a path is a folder, a policy or a file of cases") {
    const Folder folder;
    folder.write("team/cases/a.yaml", "title: a\ngiven: []\nwant: []\n");
    folder.write("team/cases/b.yaml", "title: b\ngiven: []\nwant: []\n");
    fs::create_directories(folder.path("bare"));
    const auto cases_of = [&](const fs::path& path) {
        std::ostringstream out;
        const auto totals = run_cases({path}, load, out);
        return totals ? totals->cases : -1;
    };
    CHECK(cases_of(folder.path()) == 2);
    CHECK(cases_of(folder.path("team")) == 2);
    CHECK(cases_of(folder.path("team/policy.lua")) == 2);
    CHECK(cases_of(folder.path("team/cases/b.yaml")) == 1);
    CHECK(cases_of(folder.path("absent")) == -1);
    CHECK(cases_of(folder.path("bare")) == -1);
}

TEST_CASE("a policy without cases fails") {
    const Folder folder;
    std::ostringstream out;
    const auto totals = run_cases({folder.path()}, load, out);
    REQUIRE(totals);
    CHECK(totals->failed == 1);
    CHECK(out.str().find("no policy without cases") != std::string::npos);
}

}  // namespace moontide::bindings
