// cases.json holds templates and values, expected.json what Go prints for them (expect/main.go made it).
#include "template/template.hpp"

#include "source_directory.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <string>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace moontide;
using namespace moontide::templates;

namespace {

using Json = nlohmann::json;

std::string folder() {
    return test::source_directory() + "/tests/unit/template";
}

Json read(const std::string& name) {
    std::ifstream file(folder() + "/" + name);
    REQUIRE(file);
    return Json::parse(file);
}

Result<std::string> rendered(const std::string& text, const Json& values, Budget budget = {},
                             MissingKey missing_key = MissingKey::no_value) {
    auto parsed = Template::parse("t", text);
    if (!parsed) return std::unexpected(parsed.error());
    return parsed->render(values, missing_key, budget);
}

std::string error_of(const Result<std::string>& result) {
    return result ? "no error, but: " + *result : result.error().message;
}

/// Runs within a budget of `steps`.
Result<std::string> with_steps(const std::string& text, std::int64_t steps) {
    Budget budget;
    budget.steps = steps;
    return rendered(text, nullptr, budget);
}

std::string repeated(const std::string& text, int times) {
    std::string all;
    for (int time = 0; time < times; ++time) all += text;
    return all;
}

}  // namespace

TEST_CASE("templates print what Go prints, and fail with Go's words") {
    const Json file = read("cases.json");
    const Json expected = read("expected.json");
    REQUIRE(file["cases"].size() == expected.size());
    for (std::size_t at = 0; at < expected.size(); ++at) {
        const Json& one = file["cases"][at];
        INFO(one["name"].get<std::string>());
        REQUIRE(one["name"] == expected[at]["name"]);
        // Where ours is another one on purpose, the case says what it prints, and why.
        const Json& wanted = one.contains("deviates") ? one["deviates"] : expected[at];
        const Json& values = one.contains("values") ? one["values"] : file["values"];
        const auto missing = one.value("missingkey", "") == "error" ? MissingKey::error : MissingKey::no_value;
        const auto result = rendered(one["template"].get<std::string>(), values, {}, missing);
        CHECK((result ? "" : result.error().message) == wanted.value("error", ""));
        CHECK((result ? *result : "") == wanted["output"].get<std::string>());
    }
}

TEST_CASE("a deviation from Go has a reason and is one") {
    const Json file = read("cases.json");
    const Json expected = read("expected.json");
    for (std::size_t at = 0; at < expected.size(); ++at) {
        const Json& one = file["cases"][at];
        if (!one.contains("deviates")) continue;
        INFO(one["name"].get<std::string>());
        CHECK_FALSE(one["deviates"]["reason"].get<std::string>().empty());
        CHECK((one["deviates"]["output"] != expected[at]["output"] ||
               one["deviates"].value("error", "") != expected[at].value("error", "")));
    }
}

TEST_CASE("the kept expectations are what Go says") {
    if (std::getenv("MOONTIDE_TEST_GO") == nullptr) {
        WARN("not asked: MOONTIDE_TEST_GO=1 runs Go, which fetches its modules once");
        return;
    }
    CHECK(std::system(("cd '" + folder() + "/expect' && go run . -check").c_str()) == 0);
}

TEST_CASE("what does not parse is known without values") {
    CHECK(Template::parse("web.conf", "{{.a}}"));
    const auto broken = Template::parse("web.conf", "a\n{{if .a}}");
    REQUIRE_FALSE(broken);
    CHECK(broken.error().message == "template: web.conf:2: unexpected EOF");
}

TEST_CASE("a template is rendered many times") {
    const auto parsed = Template::parse("t", "{{define \"a\"}}<{{.}}>{{end}}{{template \"a\" .n}}");
    REQUIRE(parsed);
    CHECK(parsed->trees().size() == 2);
    for (int n = 0; n < 3; ++n) {
        Budget budget;
        const auto text = parsed->render(Json::object({{"n", n}}), MissingKey::no_value, budget);
        REQUIRE(text);
        CHECK(*text == "<" + std::to_string(n) + ">");
        CHECK(budget.steps < Budget().steps);
    }
}

TEST_CASE("a template ends when its steps are used up") {
    const std::string too_many = "more steps than the template may take";
    const char* endless[] = {
        "{{range 1000000000}}{{end}}",
        "{{range 1000}}{{range 1000}}{{range 1000}}{{.}}{{end}}{{end}}{{end}}",
        "{{$x := list 1}}{{range 100}}{{$x = list $x $x}}{{end}}",
        "{{$x := `a`}}{{range 1000000}}{{$x = printf `%5000d` 1}}{{end}}",
        "{{range 1000000}}{{$x := regexMatch `(a*)*b` `aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa`}}{{end}}",
        "{{range 1000000}}{{$x := sha256sum `a`}}{{end}}",
        "{{range 1000000}}{{$x := regexMatch `((a{1,30}){1,30}){1,30}` `b`}}{{end}}",
        "{{$x := printf `%0500000d` 0}}{{$y := printf `%0250000d` 1}}{{contains $y $x}}",
        "{{$x := printf `%0500000d` 0}}{{$y := printf `%0250000d` 1}}{{replace $y `` $x}}",
        "{{$x := printf `%0500000d` 0}}{{$y := printf `%0250000d` 1}}{{split $y $x}}",
        "{{$x := printf `%0500000d` 0}}{{regexMatch `(0{1,100}){1,9}1` $x}}",
        "{{$x := printf `%100000d` 1}}{{range 1000000}}{{$y := split ` ` $x}}{{end}}",
        "{{$x := printf `%100000d` 1}}{{range 1000000}}{{$y := regexReplaceAll ` ` $x `a`}}{{end}}",
    };
    for (const char* text : endless) {
        INFO(text);
        CHECK_THAT(error_of(rendered(text, nullptr)), Catch::Contains(too_many) && Catch::StartsWith("template: t:1:"));
    }
    CHECK(with_steps("{{range 10}}{{.}}{{end}}", 1000));
    CHECK_FALSE(with_steps("{{range 10}}{{.}}{{end}}", 10));
}

TEST_CASE("a template makes no text that is longer than its budget") {
    Budget budget;
    budget.output = 1000;
    const char* long_ones[] = {
        "{{range 1001}}a{{end}}",
        "{{printf `%1001d` 1}}",
        "{{printf `%01001d` 1}}",
        "{{printf `%.1001d` 1}}",
        "{{printf `%.1001f` 1.5}}",
        "{{printf `%.1001U` 1}}",
        "{{printf `%1001s` `a`}}",
        "{{$x := printf `%999d` 1}}{{print $x $x}}",
        "{{$x := printf `%999d` 1}}{{printf `%x` $x}}",
        "{{$x := printf `%999d` 1}}{{replace ` ` `ab` $x}}",
        "{{$x := printf `%999d` 1}}{{join $x (list 1 2 3)}}",
        "{{$x := printf `%999d` 1}}{{indent 1000000000 `a`}}",
        "{{$x := printf `%999d` 1}}{{regexReplaceAll ` ` $x `ab`}}",
        "{{$x := printf `%999d` 1}}{{b64enc $x}}",
        "{{$x := printf `%999d` 1}}{{list $x $x}}",
        "{{$x := printf `%999d` 1}}{{$x}}{{$x}}",
        "{{$x := printf `%999d` 1}}{{quote $x $x}}",
    };
    for (const char* text : long_ones) {
        INFO(text);
        CHECK_THAT(error_of(rendered(text, nullptr, budget)), Catch::Contains("longer than 1000 bytes"));
    }
    CHECK(rendered("{{range 1000}}a{{end}}", nullptr, budget));
}

TEST_CASE("nesting ends in an error, never in the stack") {
    const auto deep = std::to_string(deepest_nesting);
    CHECK(error_of(rendered(repeated("{{if 1}}", 100'000), nullptr)) == "template: t:1: nested deeper than " + deep);
    CHECK(error_of(rendered("{{" + repeated("(", 100'000), nullptr)) == "template: t:1: nested deeper than " + deep);
    CHECK(error_of(rendered("{{if 1}}" + repeated("{{else if 1}}", 100'000), nullptr)) ==
          "template: t:1: nested deeper than " + deep);
    CHECK(error_of(rendered(repeated("{{block `a` .}}", 100'000), nullptr)) ==
          "template: t:1: nested deeper than " + deep);
    CHECK_THAT(error_of(rendered("{{define `a`}}{{template `a`}}{{end}}{{template `a`}}", nullptr)),
               Catch::Contains("executing \"a\" at <{{template \"a\"}}>: exceeded maximum depth (200)"));
    CHECK_THAT(error_of(rendered("{{$x := list}}{{range 1000}}{{$x = list $x}}{{end}}{{$x}}", nullptr)),
               Catch::Contains("a value deeper than 100"));
    CHECK(rendered(repeated("{{if 1}}", 150) + repeated("{{end}}", 150), nullptr));
    // Values that are nested deeper than the caller should have let through.
    Json value = 1;
    for (int level = 0; level < 150; ++level) value = Json::array({std::move(value)});
    CHECK_THAT(error_of(rendered("{{.}}", value)), Catch::Contains("a value deeper than 100"));
    CHECK_THAT(error_of(rendered("{{toYaml .}}", value)), Catch::Contains("a value deeper than 100"));
}

TEST_CASE("the escapes of YAML's texts are the characters that they stand for") {
    CHECK(rendered("{{(fromYaml .).a}}", R"(a: "x\Ny\_z\x41")") == "x\xC2\x85y\xC2\xA0zA");
}

TEST_CASE("what is read is bounded too") {
    CHECK(error_of(rendered(std::string(longest_template + 1, 'a'), nullptr)) == "template: t: longer than 4 MiB");
    const std::string bomb = [] {
        std::string text = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
        for (int level = 1; level < 12; ++level) {
            const std::string before = "*a" + std::to_string(level - 1) + ",";
            text += "a" + std::to_string(level) + ": &a" + std::to_string(level) + " [" + repeated(before, 10) + "]\n";
        }
        return text;
    }();
    const auto text = rendered("{{(fromYaml .).Error}}", bomb);
    CHECK_THAT(error_of(text), Catch::Contains("more than 100000 values"));
    CHECK_THAT(error_of(rendered("{{(fromYaml .).Error}}", std::string(1000, '['))), Catch::Contains("deeper than 64"));
    CHECK_THAT(error_of(rendered("{{regexMatch . `a`}}", std::string(1001, 'a'))), Catch::Contains("longer than 1000"));
}
