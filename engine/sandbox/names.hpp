// What names, labels, keys and finalizers may look like, and the words in which the real server refuses them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace moontide::sandbox::names {

/// Each gives what is wrong with the text; nothing where all is well.
using Faults = std::vector<std::string>;

Faults dns_subdomain(std::string_view text);   ///< most objects' names
Faults dns_label(std::string_view text);       ///< namespaces
Faults dns_1035_label(std::string_view text);  ///< services, names of custom kinds
Faults qualified_name(std::string_view text);  ///< keys of labels and annotations, finalizers
Faults path_segment(std::string_view text);    ///< roles and bindings
Faults label_value(std::string_view text);
Faults data_key(std::string_view text);  ///< keys of ConfigMaps and Secrets

/// `prefix` and five random characters, as generateName makes them.
std::string generated(std::string_view prefix);
/// A random UUID (RFC 9562, version 4).
std::string uuid();

}  // namespace moontide::sandbox::names
