// How deep a JSON text nests, asked before it is parsed by what recurses.
#pragma once

#include <cstddef>
#include <string_view>

namespace moontide::kube {

/// Of arrays and objects, without building anything; brackets within texts do not count. Text that is not JSON gives
/// some answer in linear time.
bool nests_deeper_than(std::string_view json, std::size_t limit);

}  // namespace moontide::kube
