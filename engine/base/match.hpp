// A case for each alternative of a variant: `std::visit(Match{[](const A&) { ... }, [](const B&) { ... }}, value)`.
#pragma once

namespace moontide {

template <typename... Cases>
struct Match : Cases... {
    using Cases::operator()...;
};

}  // namespace moontide
