// One call of an Evaluator: its objects, what was read of them, and the values of the table for them.
#pragma once

#include "bindings/functions.hpp"
#include "policy/documents.hpp"
#include "policy/placeholder.hpp"
#include "policy/policy.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace moontide::bindings {

/// Nothing was found where something is required.
struct Waiting {
    std::string what;  ///< "source.labels.team is missing"
};

using Outcome = std::variant<Json, policy::Omitted, Waiting>;
using Patterns = std::variant<std::vector<policy::Pattern>, policy::Omitted, Waiting>;

/// Documents that evaluations of the same source share, so that one source is parsed once for all its namespaces.
class DocumentCache {
public:
    std::shared_ptr<policy::Document> find(const kube::ObjectPtr& object);

private:
    static constexpr std::size_t most = 4;
    std::vector<std::shared_ptr<policy::Document>> recent_;
};

/// Lives as long as the call. Not copyable: Lua holds its address while a function runs.
class Evaluation final : public OnReader {
public:
    Evaluation(const LoadedPolicy& policy, Functions& functions, DocumentCache& cache, const policy::Inputs& inputs);
    Evaluation(const Evaluation&) = delete;
    Evaluation& operator=(const Evaluation&) = delete;

    const PolicyShape& shape() const { return policy_.shape; }
    const policy::Roots& reads() const { return documents_.read; }
    std::vector<std::string>& warnings() { return warnings_; }
    const std::vector<std::shared_ptr<policy::Document>>& sources() const { return sources_; }
    /// The JSON of a source, noted as read.
    Result<const Json*> source(std::size_t number);

    /// The value of a leaf, list or map. Entries of a map that are left out are left out.
    Result<Outcome> value(const Value& value);
    /// A text, or nothing where it is left out; an error where it is missing or no text.
    Result<std::optional<std::string>> text(const Value& value);
    /// The same for a text of `data`, whose bytes need not be UTF-8.
    Result<std::optional<std::string>> bytes(const Value& value);
    /// Texts to compare with: only those of the table itself are wild.
    Result<Patterns> patterns(const Value& value);
    /// What a function returned, null for nil.
    Result<Json> call(const Function& function);
    /// What a function of `data` returned.
    Result<std::map<std::string, std::string>> call_for_bytes(const Function& function);

    /// file:line, the message, and the objects in hand.
    std::unexpected<Error> fail_at(const Place& place, const std::string& message) const;
    /// The slot's name for messages, and the objects in hand: "in 'data', source ConfigMap a/b".
    std::string in_hand(const Place& place) const;

    /// As the copy comes to be: its name, the key that is asked about, the data and fields so far.
    policy::Target target;
    const std::string* key_asked = nullptr;
    const std::map<std::string, std::string>* data_so_far = nullptr;
    const Json* object_so_far = nullptr;
    const policy::Report* report = nullptr;  ///< in `status`
    std::optional<std::string> group;

    void use_target();

    /// What it said so far depends on when copies were written.
    bool has_read_times() const { return report_read_.has("changed") || report_read_.has("sources"); }

    void read(lua_State* lua, std::string_view name) override;
    std::vector<std::string> names() const override;

private:
    Result<void> run(const Function& function, const Functions::Take& take);
    void push_root(lua_State* lua, policy::Root root);
    void push_companions(lua_State* lua, std::string_view name);
    void push_sources(lua_State* lua);
    bool has(std::string_view name, const Scope& scope) const;

    const LoadedPolicy& policy_;
    Functions& functions_;
    const policy::Inputs& inputs_;
    policy::Documents documents_;
    std::shared_ptr<policy::Document> owner_;
    std::vector<std::shared_ptr<policy::Document>> sources_;
    std::unique_ptr<policy::Document> namespace_;
    std::vector<std::unique_ptr<policy::Document>> companions_;
    const FunctionShape* running_ = nullptr;
    std::optional<Json> report_json_;  ///< made when it is read
    Reading report_read_;
    std::vector<std::string> warnings_;
};

}  // namespace moontide::bindings
