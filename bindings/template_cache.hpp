// Templates that were parsed a moment ago: an owner's are the same for each of its copies.
#pragma once

#include "template/template.hpp"

#include <cstddef>
#include <list>
#include <memory>
#include <string>
#include <string_view>

namespace moontide::bindings {

/// Of one State, and as it of one thread at a time.
class TemplateCache {
public:
    using Parsed = std::shared_ptr<const Result<templates::Template>>;

    /// What templates::Template::parse() makes of that text, or has made of it.
    Parsed find(std::string_view name, std::string_view text);

private:
    struct Known {
        std::string name;
        std::string text;
        Parsed parsed;
    };

    std::list<Known> recent_;  // the last one asked for first
    std::size_t bytes_ = 0;    // of their texts
};

}  // namespace moontide::bindings
