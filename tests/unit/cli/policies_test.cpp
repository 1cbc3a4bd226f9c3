#include "cli/policies.hpp"

#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

using namespace moontide;

namespace {

namespace fs = std::filesystem;

/// A folder of its own for each test, removed at its end.
class Folder {
public:
    Folder() {
        auto pattern = (fs::temp_directory_path() / "moontide-policies-XXXXXX").string();
        path_ = mkdtemp(pattern.data());
    }
    ~Folder() { fs::remove_all(path_); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    void put(const std::string& file, const std::string& text) const {
        fs::create_directories((path_ / file).parent_path());
        std::ofstream(path_ / file) << text;
    }
    const fs::path& path() const { return path_; }
    std::string text() const { return path_.string(); }

private:
    fs::path path_;
};

class NamedPolicy final : public policy::Policy {
public:
    explicit NamedPolicy(const cli::PolicyText& text) {
        shape_.name = text.name;
        shape_.file = text.file;
    }
    const policy::Shape& shape() const override { return shape_; }
    std::unique_ptr<policy::Evaluator> evaluator() const override { return nullptr; }
    std::optional<policy::Origin> origin(const kube::Metadata&) const override { return std::nullopt; }

private:
    policy::Shape shape_;
};

/// A loader that takes every text but "broken", and keeps the settings it was given.
struct Loader {
    std::map<std::string, nlohmann::json> settings;
    std::vector<kube::Kind> kinds;

    cli::Bindings bindings() {
        cli::Bindings bindings;
        bindings.load = [this](const cli::PolicyText& text, const nlohmann::json& given,
                               const std::vector<kube::Kind>& allowed) -> Result<policy::PolicyPtr> {
            if (text.text == "broken") return fail(fmt::format("{}:1: it is broken", text.file));
            settings[text.name] = given;
            kinds = allowed;
            return std::make_shared<NamedPolicy>(text);
        };
        return bindings;
    }
};

std::vector<std::string> names(const std::vector<policy::PolicyPtr>& policies) {
    std::vector<std::string> all;
    for (const auto& policy : policies) all.push_back(policy->shape().name);
    return all;
}

const std::vector<cli::PolicyText> builtins{
    {"annotation-sync", "policies/annotation-sync/policy.lua", "built in", true},
    {"mirror", "policies/mirror/policy.lua", "built in", true}};

}  // namespace

TEST_CASE("policies are found as files and as folders, whatever else lies there") {
    const Folder folder;
    folder.put("one.lua", "1");
    folder.put("two/policy.lua", "2");
    folder.put("two/cases/case.yaml", "");
    folder.put("notes.txt", "");
    folder.put("empty/readme", "");
    folder.put(".hidden.lua", "");
    const auto found = cli::gather_policies({}, {folder.text()});
    REQUIRE(found);
    REQUIRE(found->texts.size() == 2);
    CHECK(found->texts[0].name == "one");
    CHECK(found->texts[0].text == "1");
    CHECK(found->texts[0].file == (folder.path() / "one.lua").string());
    CHECK(found->texts[1].name == "two");
    CHECK(found->texts[1].text == "2");
    CHECK(found->problems.empty());
    CHECK(found->notes.empty());
}

TEST_CASE("a mounted ConfigMap's files are found once, through its links") {
    const Folder folder;
    folder.put("..2026_01_31/copy.lua", "mounted");
    fs::create_directory_symlink("..2026_01_31", folder.path() / "..data");
    fs::create_symlink("..data/copy.lua", folder.path() / "copy.lua");
    const auto found = cli::gather_policies({}, {folder.text()});
    REQUIRE(found);
    REQUIRE(found->texts.size() == 1);
    CHECK(found->texts[0].name == "copy");
    CHECK(found->texts[0].text == "mounted");
}

TEST_CASE("a policy of a built-in's name replaces it, that of a later folder an earlier one") {
    const Folder first;
    const Folder second;
    first.put("mirror.lua", "first");
    second.put("mirror/policy.lua", "second");
    const auto found = cli::gather_policies(builtins, {first.text(), second.text()});
    REQUIRE(found);
    REQUIRE(found->texts.size() == 2);
    CHECK(found->texts[0].text == "built in");
    CHECK(found->texts[1].name == "mirror");
    CHECK(found->texts[1].text == "second");
    CHECK(found->notes.size() == 2);
    CHECK(found->notes[0].ends_with("mirror.lua replaces the built-in one"));
}

TEST_CASE("a policy with an error is reported and the others run, and what it was to replace does not") {
    const Folder folder;
    folder.put("mirror.lua", "broken");
    folder.put("own.lua", "fine");
    Loader loader;
    const auto found = cli::gather_policies(builtins, {folder.text()});
    REQUIRE(found);
    const auto loaded = cli::load_policies(*found, {}, loader.bindings());
    CHECK(names(loaded.policies) == std::vector<std::string>{"annotation-sync", "own"});
    REQUIRE(loaded.problems.size() == 1);
    CHECK(loaded.problems[0].ends_with("mirror.lua:1: it is broken"));
}

TEST_CASE("a file that cannot be read is reported, and its name is known") {
    const Folder folder;
    fs::create_symlink("nowhere", folder.path() / "gone.lua");
    const auto found = cli::gather_policies({}, {folder.text()});
    REQUIRE(found);
    CHECK(found->texts.empty());
    CHECK(found->names == std::vector<std::string>{"gone"});
    REQUIRE(found->problems.size() == 1);
    CHECK(found->problems[0].ends_with("gone.lua cannot be opened: No such file or directory"));
}

TEST_CASE("the config turns policies off, and gives settings and kinds") {
    Loader loader;
    cli::Config config;
    config.policies["mirror"].enabled = false;
    config.policies["annotation-sync"].settings = {{"namespace", "shared"}};
    config.kinds = {{"rbac.authorization.k8s.io/v1", "Role"}};
    const auto loaded = cli::load_policies(*cli::gather_policies(builtins, {}), config, loader.bindings());
    CHECK(names(loaded.policies) == std::vector<std::string>{"annotation-sync"});
    CHECK(loaded.disabled == std::vector<std::string>{"mirror"});
    CHECK(loader.settings.at("annotation-sync") == nlohmann::json{{"namespace", "shared"}});
    CHECK(loader.kinds == config.kinds);
}

TEST_CASE("--only leaves the policies that it names, and suggests for one that there is not") {
    auto all = *cli::gather_policies(builtins, {});
    const auto every = all.texts.size();
    REQUIRE(cli::keep_only({}, all));
    CHECK(all.texts.size() == every);
    REQUIRE(cli::keep_only({"mirror"}, all));
    REQUIRE(all.texts.size() == 1);
    CHECK(all.texts[0].name == "mirror");
    CHECK(all.names.size() == every);
    const auto wrong = cli::keep_only({"miror"}, all);
    REQUIRE_FALSE(wrong);
    CHECK(wrong.error().message == "--only miror: there is no such policy, did you mean 'mirror'?");
}

TEST_CASE("a folder that is not there is an error, one without policies a note") {
    const auto found = cli::gather_policies({}, {"/nowhere"});
    REQUIRE_FALSE(found);
    CHECK(found.error().message == "--policies /nowhere: No such file or directory");
    const Folder empty;
    CHECK(cli::gather_policies({}, {empty.text()})->notes.size() == 1);
}
