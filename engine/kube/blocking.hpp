// Calls to an API server that wait for their answer: for subcommands and tests, never for the engine's own threads.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "kube/client.hpp"
#include "kube/kubeconfig.hpp"
#include "kube/resource.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace moontide::kube {

enum class PatchType { json, merge, strategic_merge, apply };

/// A Client on a Loop and a thread of its own. Any thread may call, several at once; each call returns when the
/// answer is there or its timeout (30 s) has passed. An Answer of any status is a value; an Error says that none came.
/// Kinds that Kubernetes serves itself are known, others are asked for; one that is not installed is an Error.
class Blocking {
public:
    static Result<std::unique_ptr<Blocking>> connect(Access access, ClientOptions options = {});
    ~Blocking();
    Blocking(const Blocking&) = delete;
    Blocking& operator=(const Blocking&) = delete;

    Result<Answer> get(const Ref& ref);
    /// `query` is what stands after the question mark: "labelSelector=a%3Db&limit=10". Empty namespace: all.
    Result<Answer> list(const Kind& kind, std::string_view namespace_name = {}, std::string_view query = {});
    /// The place is read from the object's apiVersion, kind and metadata.
    Result<Answer> create(std::string_view object_json, std::string_view query = {});
    Result<Answer> replace(std::string_view object_json, std::string_view query = {});
    /// PatchType::apply takes its fieldManager from the query.
    Result<Answer> patch(const Ref& ref, PatchType type, std::string_view body, std::string_view query = {});
    /// `options_json` is a DeleteOptions object, or nothing.
    Result<Answer> remove(const Ref& ref, std::string_view options_json = {}, std::string_view query = {});
    /// Any request.
    Result<Answer> call(Call call);

    Result<Resource> resource(const Kind& kind);

    /// Asks again every millisecond until `holds` says yes of an answer, and gives that one back. At the deadline
    /// an Error that tells the last answer seen.
    Result<Answer> await(const std::function<Result<Answer>()>& ask, const std::function<bool(const Answer&)>& holds,
                         Milliseconds deadline = Milliseconds(10'000));

private:
    class Implementation;
    explicit Blocking(std::unique_ptr<Implementation> self);
    std::unique_ptr<Implementation> self_;
};

/// The answer where its status is 2xx; else an Error with the server's message, `what` in front.
Result<Answer> accepted(std::string_view what, Result<Answer> answer);

}  // namespace moontide::kube
