// A user's hand: requests that may be refused, which is an answer like any other.
#pragma once

#include "api.hpp"
#include "kube/blocking.hpp"

#include <memory>
#include <optional>
#include <string>

namespace moontide::plans {

using test::Json;

/// Throws where no answer comes.
class Hand {
public:
    explicit Hand(const kube::Access& access);

    /// The object as the server has it now; nothing where it refused.
    std::optional<Json> make(const Json& object);
    std::optional<Json> merge(const kube::Ref& ref, const Json& patch);
    std::optional<Json> find(const kube::Ref& ref);
    bool remove(const kube::Ref& ref);

private:
    std::unique_ptr<kube::Blocking> calls_;
};

}  // namespace moontide::plans
