// What comes from users' kubeconfigs, their plugins, servers and clients.
#include "fuzz/fuzzer.hpp"
#include "kube/client.hpp"
#include "kube/client_answer.hpp"
#include "kube/exec_credential.hpp"
#include "kube/http2_server.hpp"
#include "kube/kubeconfig.hpp"
#include "kube/object.hpp"
#include "kube/selector.hpp"

#include <memory>
#include <string>

#include <nlohmann/json.hpp>

namespace moontide::fuzz {

namespace {

using Json = nlohmann::json;

/// Without what Reader::slim leaves out.
Json slimmed(Json tree) {
    auto& metadata = tree["metadata"];
    metadata.erase("managedFields");
    if (const auto annotations = metadata.find("annotations"); annotations != metadata.end()) {
        if (annotations->is_object()) annotations->erase("kubectl.kubernetes.io/last-applied-configuration");
        if (annotations->empty()) metadata.erase("annotations");
    }
    return tree;
}

}  // namespace

MOONTIDE_FUZZER(kubeconfig) {
    (void)kube::parse_kubeconfig(std::string(input), "kubeconfig", "/nowhere");
}

MOONTIDE_FUZZER(exec_credential) {
    kube::ExecPlugin plugin;
    plugin.command = "plugin";
    plugin.api_version = "client.authentication.k8s.io/v1";
    kube::Output output;
    output.out = input;
    (void)kube::read_exec_credential(plugin, output);
}

MOONTIDE_FUZZER(selector) {
    const auto selector = kube::Selector::parse(input);
    if (!selector) return;
    const auto again = kube::Selector::parse(selector->text());
    require(again.has_value(), "the text of a selector is a selector");
    require(*again == *selector, "a selector is what its text says");
}

MOONTIDE_FUZZER(object) {
    kube::Reader reader;
    (void)reader.metadata(input);
    const auto object = kube::Object::read(reader, input);
    if (!object) return;
    const auto before = Json::parse(input, nullptr, false);
    if (before.is_discarded() || !before["metadata"].is_object()) return;
    const auto after = Json::parse((*object)->json(), nullptr, false);
    require(!after.is_discarded(), "an object's text is JSON where what was read is");
    require(slimmed(before) == slimmed(after), "an object keeps what it was read from");
}

MOONTIDE_FUZZER(answer) {
    kube::Answer answer;
    answer.status = 403;
    answer.headers = {{"date", std::string(input)}, {"retry-after", std::string(input)}};
    answer.body = input;
    (void)kube::read_status(answer);
    (void)kube::date_of(answer.headers);
    (void)kube::read_resources("example.com/v1", answer.body);
}

/// What a client says after the handshake, cut into pieces by its first byte.
MOONTIDE_FUZZER(http2_server) {
    if (input.empty()) return;
    const std::size_t piece = std::size_t{static_cast<unsigned char>(input.front())} * 16 + 1;
    input.remove_prefix(1);
    Loop loop;
    const auto connection = std::make_shared<kube::http2::ServerConnection>(
        loop, kube::http2::ServerOptions{},
        [](const kube::http2::ExchangePtr& exchange) { exchange->respond(200, {}, exchange->request().path); },
        [](kube::http2::ServerConnection*) {});
    std::string out;
    while (!input.empty()) {
        const auto bytes = input.substr(0, piece);
        input.remove_prefix(bytes.size());
        connection->on_bytes(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
        connection->collect(out);
        out.clear();
    }
    connection->abandon();
    loop.stop();
    loop.run();
}

}  // namespace moontide::fuzz
