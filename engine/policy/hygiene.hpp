// What of a source's labels and annotations never goes along with a copy, whatever `carry` says.
#pragma once

#include <string_view>

namespace moontide::policy {

/// Marks by which a tool takes an object for its own: with one of them on the copy, Helm, Argo CD, Flux and their like
/// would overwrite or prune it. The keys of Moontide itself are among them. For labels and annotations alike.
bool is_tracking_mark(std::string_view key);

}  // namespace moontide::policy
