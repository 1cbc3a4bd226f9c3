// Label selectors in both forms, and globs.
#include "kube/selector.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace moontide;
using kube::glob_matches;
using kube::Selector;
using kube::TextMap;

namespace {

const TextMap web{{"app", "web"}, {"tier", "front"}, {"example.com/team", "blue"}, {"empty", ""}};

bool matches(std::string_view selector) {
    const auto parsed = Selector::parse(selector);
    if (!parsed) FAIL(parsed.error().message);
    return parsed->matches(web);
}

}  // namespace

TEST_CASE("kubectl's text form matches as kubectl does") {
    for (const auto* selector : {"",
                                 " ",
                                 "app=web",
                                 "app==web",
                                 " app = web ",
                                 "app=web,tier=front",
                                 "app in (web)",
                                 "app in (api, web)",
                                 "app notin (api,db)",
                                 "none notin (a)",
                                 "app!=api",
                                 "none!=x",
                                 "app",
                                 "!none",
                                 "example.com/team=blue",
                                 "empty=",
                                 "empty in (a,)",
                                 "empty in ()",
                                 "!in",
                                 "app , tier!=back",
                                 "notin!=a"}) {
        CAPTURE(selector);
        CHECK(matches(selector));
    }
    for (const auto* selector : {"app=api", "app=web,tier=back", "app in (api)", "app notin (web)", "app!=web", "none",
                                 "!app", "app=", "in=a", "none in (a)", "none="}) {
        CAPTURE(selector);
        CHECK_FALSE(matches(selector));
    }
}

TEST_CASE("a text that is no selector is refused") {
    const auto* selector = GENERATE("app=web,", ",app=web", "a,,b", "app in web", "app in (web", "app in (a b)", "=web",
                                    "!", "!app=web", "app web", "app=a=b", "app>1", "a b c", "Exa_mple.com/x", "/x",
                                    "a/", "a/b/c", "app=-web", "app=w$b", "-a", "app in (a,b))");
    CAPTURE(selector);
    CHECK_FALSE(Selector::parse(selector));
    const std::string long_value(64, 'a');
    CHECK_FALSE(Selector::parse("app=" + long_value));
    CHECK(Selector::parse("app=" + long_value.substr(1)));
}

TEST_CASE("a LabelSelector matches as the API's does") {
    const auto parse = [](const char* text) { return Selector::parse(nlohmann::json::parse(text)); };
    CHECK(parse("{}")->is_everything());
    CHECK(parse(R"({"matchLabels":null,"matchExpressions":null})")->is_everything());
    CHECK(parse(R"({"matchLabels":{"app":"web","tier":"front"}})")->matches(web));
    CHECK_FALSE(parse(R"({"matchLabels":{"app":"web","tier":"back"}})")->matches(web));
    CHECK(parse(R"({"matchExpressions":[{"key":"app","operator":"In","values":["a","web"]},
                                       {"key":"tier","operator":"NotIn","values":["back"]},
                                       {"key":"empty","operator":"Exists"},
                                       {"key":"none","operator":"DoesNotExist"}]})")
              ->matches(web));
    CHECK_FALSE(parse(R"({"matchLabels":{"app":"web"},"matchExpressions":[{"key":"none","operator":"Exists"}]})")
                    ->matches(web));
}

TEST_CASE("a LabelSelector with a mistake in it is refused") {
    const auto* text = GENERATE(
        "null", "[]", R"("app=web")", R"({"matchLabel":{}})", R"({"matchLabels":["a"]})", R"({"matchLabels":{"a":1}})",
        R"({"matchExpressions":{}})", R"({"matchExpressions":[1]})",
        R"({"matchExpressions":[{"key":"a","operator":"in","values":["b"]}]})",
        R"({"matchExpressions":[{"key":"a","operator":"In"}]})",
        R"({"matchExpressions":[{"key":"a","operator":"NotIn","values":[]}]})",
        R"({"matchExpressions":[{"key":"a","operator":"Exists","values":["b"]}]})",
        R"({"matchExpressions":[{"key":"a","operator":"In","values":[1]}]})",
        R"({"matchExpressions":[{"operator":"Exists"}]})", R"({"matchExpressions":[{"key":"a"}]})",
        R"({"matchExpressions":[{"key":"a","operator":"Exists","value":"b"}]})", R"({"matchLabels":{"a b":"c"}})");
    CAPTURE(text);
    CHECK_FALSE(Selector::parse(nlohmann::json::parse(text)));
}

TEST_CASE("selectors that mean the same have one text, and it parses to themselves") {
    const auto selector = *Selector::parse("tier notin (b,a,b),app==web, !old ,x,y in (2,1),z!=3");
    CHECK(selector.text() == "app=web,!old,tier notin (a,b),x,y in (1,2),z!=3");
    CHECK(*Selector::parse(selector.text()) == selector);
    CHECK(*Selector::parse(nlohmann::json::parse(R"({"matchLabels":{"b":"2","a":"1"}})")) ==
          *Selector::parse("a=1,b=2"));
}

TEST_CASE("globs") {
    struct Case {
        const char* pattern;
        const char* text;
        bool match;
    };
    const auto [pattern, text, match] = GENERATE(values<Case>({{"", "", true},
                                                               {"", "a", false},
                                                               {"*", "", true},
                                                               {"*", "abc", true},
                                                               {"a*", "abc", true},
                                                               {"a*", "ba", false},
                                                               {"*c", "abc", true},
                                                               {"*c", "abcd", false},
                                                               {"a*c", "ac", true},
                                                               {"a*b*c", "a-b-b-c", true},
                                                               {"a*b*c", "a-c-b", false},
                                                               {"?", "", false},
                                                               {"?", "a", true},
                                                               {"?", "ab", false},
                                                               {"a?c", "abc", true},
                                                               {"*?", "", false},
                                                               {"*?", "ab", true},
                                                               {"?*?", "a", false},
                                                               {"**", "a", true},
                                                               {"*.conf", "a.conf", true},
                                                               {"?", "\xC3\xA9", true},
                                                               {"??", "\xC3\xA9", false},
                                                               {"*?", "x\xE2\x82\xAC", true},
                                                               {"x?y", "x\xF0\x9F\x8C\x99y", true},
                                                               {"[a]", "[a]", true},
                                                               {"[a]", "a", false},
                                                               {"\\*", "\\x", true},
                                                               {"a", "A", false},
                                                               {"team-*-prod", "team-a-b-prod", true},
                                                               {"abc", "ab", false}}));
    CAPTURE(pattern, text);
    CHECK(glob_matches(pattern, text) == match);
}

TEST_CASE("a glob of many stars does not blow up") {
    std::string pattern;
    for (int i = 0; i < 100; ++i) pattern += "a*";
    CHECK_FALSE(glob_matches(pattern + "b", std::string(20'000, 'a')));
}
