// What placeholders and functions read: objects as JSON, each parsed when it is first read.
#pragma once

#include "base/result.hpp"
#include "kube/object.hpp"
#include "policy/policy.hpp"

#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace moontide::policy {

enum class Root { owner, source, namespace_object, target, settings, group };

/// "namespace" for Root::namespace_object, as policies write it.
std::string_view name_of(Root root);
std::optional<Root> root_named(std::string_view name);

/// One object as policies see it: as the API has it, plus `name namespace uid labels annotations cluster` at the top.
/// `labels` and `annotations` are always there; a cluster-scoped object has no `namespace`.
/// One thread at a time; made once for an object, it serves all evaluations that read it.
class Document {
public:
    explicit Document(kube::ObjectPtr object, std::string cluster = {});

    /// Parses at the first call.
    Result<const nlohmann::json*> json();
    const kube::ObjectPtr& object() const { return object_; }

private:
    kube::ObjectPtr object_;
    std::string cluster_;
    std::optional<Result<nlohmann::json>> json_;
};

/// The roots of one evaluation, and a record of which of them it read. What is null is absent.
/// Nothing is owned: documents outlive it.
struct Documents {
    Document* owner = nullptr;
    Document* source = nullptr;
    Document* namespace_object = nullptr;
    const Target* target = nullptr;  ///< read as cluster, namespace, kind, name; an empty name is absent
    const nlohmann::json* settings = nullptr;
    const std::string* group = nullptr;
    Roots read;

    /// The value of a root, null where there is none; notes that it was read.
    Result<const nlohmann::json*> value(Root root);

private:
    nlohmann::json target_json_;
    nlohmann::json group_json_;
};

/// `roots` with the one of `root` set; settings and group are no dependency on an object.
void note(Roots& roots, Root root);

}  // namespace moontide::policy
