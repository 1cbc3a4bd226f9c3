// YAML as kubeconfigs need it: a tree of texts that knows its lines, of bounded size whatever the file holds.
#pragma once

#include "base/result.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moontide::kube::yaml {

struct Value;
using ValuePtr = std::shared_ptr<const Value>;

struct Value {
    enum class Shape { null, text, list, map };
    Shape shape = Shape::null;
    int line = 0;  ///< counted from 1
    std::string text;
    std::vector<ValuePtr> list;
    std::vector<std::pair<std::string, ValuePtr>> map;

    /// The value of `key`; null where this is no map, has no such key, or the value is null.
    const Value* find(std::string_view key) const;
};

/// The first document of `text`; null for one without any. Aliases are followed, but not into themselves, and not to
/// more than 200,000 nodes or a depth of 64. Errors begin with `file`:line. Any thread.
Result<ValuePtr> parse(const std::string& text, const std::string& file);

}  // namespace moontide::kube::yaml
