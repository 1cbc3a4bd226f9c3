#include "policy/absent.hpp"

#include <catch2/catch.hpp>

using namespace moontide;
using policy::Selection;
using Texts = std::vector<std::string>;

namespace {

const kube::Kind config_map{"v1", "ConfigMap"};
const kube::Kind secret{"v1", "Secret"};

Selection named(std::vector<kube::Kind> kinds, const std::string& namespace_name, const std::string& name,
                bool wild = false) {
    Selection selection;
    selection.kinds = std::move(kinds);
    selection.namespaces = {{namespace_name, false}};
    selection.names = {{name, wild}};
    return selection;
}

Texts absent(std::vector<Selection> selections) {
    return policy::absent(selections, [](const kube::Ref& ref) { return ref.name == "there"; });
}

}  // namespace

TEST_CASE("what is named and not there is awaited, what is selected otherwise is not") {
    CHECK(absent({named({config_map}, "infra", "ca")}) == Texts{"ConfigMap infra/ca does not exist"});
    CHECK(absent({named({config_map}, "infra", "there")}).empty());
    CHECK(absent({named({config_map, secret}, "infra", "ca")}) == Texts{"ConfigMap or Secret infra/ca does not exist"});
    CHECK(absent({named({config_map}, "infra", "c*", true)}).empty());
    auto labelled = named({config_map}, "infra", "ca");
    labelled.labels = {{"share", policy::KeyRule::Presence::there, {}}};
    CHECK(absent({labelled}) == Texts{"ConfigMap infra/ca does not exist or is not selected"});
    auto everywhere = named({config_map}, "infra", "ca");
    everywhere.namespaces.reset();
    CHECK(absent({everywhere}).empty());
    // A selection that selects nothing, since something of it is missing, says so itself.
    everywhere.namespaces.emplace();
    CHECK(absent({everywhere}).empty());
}
