// What people mount as policies and cases: Lua behind its fence, YAML, patterns.
#include "bindings/case_file.hpp"
#include "bindings/load.hpp"
#include "bindings/pattern.hpp"
#include "bindings/state.hpp"
#include "bindings/yaml.hpp"
#include "fuzz/fuzzer.hpp"
#include "kube/object.hpp"

#include <string>

namespace moontide::fuzz {

namespace {

kube::ObjectPtr object(const char* json) {
    kube::Reader reader;
    auto read = kube::Object::read(reader, json);
    require(read.has_value(), "the fuzzer's own objects are objects");
    return *read;
}

}  // namespace

/// A policy's text: loaded, and evaluated for one source and one namespace.
MOONTIDE_FUZZER(policy_file) {
    const auto policy = bindings::load({"p", "p.lua", std::string(input), "", {}, false});
    if (!policy) {
        require(policy.error().message.starts_with("p.lua"), "an error of a policy names its file");
        return;
    }
    static const auto source = object(
        R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"namespace":"infra","name":"web","uid":"u-1",
            "resourceVersion":"7","labels":{"team":"blue"}},"data":{"a.conf":"1"},"binaryData":{"logo":"/wD+"}})");
    static const auto where_to = object(
        R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"blue","uid":"n-1","labels":{"region":"eu"}}})");
    const auto evaluator = (*policy)->evaluator();
    policy::Inputs inputs;
    inputs.sources = {source};
    (void)evaluator->from({});
    (void)evaluator->group(inputs);
    (void)evaluator->into(inputs);
    inputs.namespace_object = where_to;
    inputs.target = policy::Target{"", "blue", {"v1", "ConfigMap"}, ""};
    (void)evaluator->copy(inputs);
}

MOONTIDE_FUZZER(cases) {
    (void)bindings::read_cases(std::string(input), "cases.yaml");
}

MOONTIDE_FUZZER(yaml) {
    const auto value = bindings::parse_yaml(input);
    if (!value) return;
    const auto again = bindings::parse_yaml(bindings::yaml_text(*value));
    require(again.has_value(), "the YAML of a value can be read");
    require(*again == *value, "the YAML of a value is that value");
}

/// A pattern, a zero byte, a text.
MOONTIDE_FUZZER(pattern) {
    const auto middle = input.find('\0');
    if (middle == std::string_view::npos) return;
    bindings::Matcher matcher(input.substr(middle + 1), input.substr(0, middle), 100'000);
    try {
        for (std::size_t begin = 0; begin < 8 && begin <= input.size() - middle - 1; ++begin) {
            const auto end = matcher.match_at(begin);
            if (!end) continue;
            require(*end <= input.size() - middle - 1, "a match lies within its text");
            for (std::size_t index = 0; index < matcher.captures(); ++index) (void)matcher.capture(index);
        }
    } catch (const bindings::Raise&) {
        return;  // a malformed pattern
    } catch (const bindings::OutOfSteps&) {
        return;
    }
}

}  // namespace moontide::fuzz
