// What a test does to the API server, as an administrator would: each call succeeds or ends the test.
#pragma once

#include "kube/blocking.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace moontide::test {

using Json = nlohmann::json;

kube::Ref config_map(std::string namespace_name, std::string name);
kube::Ref secret(std::string namespace_name, std::string name);
kube::Ref namespace_ref(std::string name);

/// The kind and place that an object names.
kube::Ref ref_of(const Json& object);

/// `to` with `patch` merged in (RFC 7396).
Json merged(Json to, const Json& patch);

/// Metadata fields that are there or not; {} or "" where they are not.
Json labels_of(const Json& object);
Json annotations_of(const Json& object);
std::string uid_of(const Json& object);
std::string version_of(const Json& object);

/// Any thread.
class Api {
public:
    explicit Api(const kube::Access& access);

    std::optional<Json> find(const kube::Ref& ref);
    Json get(const kube::Ref& ref);
    /// What a path answers; nothing where it is not found.
    std::optional<Json> find_path(const std::string& path);
    Json create(const Json& object, const std::string& field_manager = "kubectl-create");
    /// PUT.
    Json replace(const Json& object, const std::string& field_manager = "kubectl-replace");
    Json merge(const kube::Ref& ref, const Json& patch);
    /// The status of the answer, for what may be refused.
    int try_merge(const kube::Ref& ref, const Json& patch);
    void remove(const kube::Ref& ref);
    /// Fine where there is none.
    void remove_if_there(const kube::Ref& ref);
    /// Every object of a resource ("configmaps") in a namespace.
    void remove_all(const std::string& resource, const std::string& namespace_name);
    std::vector<Json> list(const std::string& kind, const std::string& namespace_name = {},
                           const std::string& label_selector = {});
    std::string page(const std::string& path);
    /// Any request with a JSON body; the answer's body.
    Json ask(const std::string& method, const std::string& path, const Json& body,
             const std::string& content_type = "application/json");

    /// Does `act(0)` to `act(count - 1)`, several at once.
    static void at_once(std::size_t count, const std::function<void(std::size_t)>& act);

private:
    std::unique_ptr<kube::Blocking> calls_;
};

}  // namespace moontide::test
