#include "kube/object.hpp"

#include <charconv>

#include <fmt/format.h>

namespace moontide::kube {

Result<ResourceVersion> parse_resource_version(std::string_view text) {
    ResourceVersion version = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
    if (error != std::errc{} || end != text.data() + text.size() || version == 0) {
        return fail(fmt::format("resourceVersion '{}' is no positive number", text.substr(0, 40)));
    }
    return version;
}

}  // namespace moontide::kube
