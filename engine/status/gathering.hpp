// What became of each copy that an owner asks for -> the Report of its pass.
#pragma once

#include "policy/report.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace moontide::status {

/// Made for one pass of one owner, told of its copies in any order, source by source, then asked once. It keeps no text
/// of a copy that is as it should be: the views that it is given must live until take(). One thread.
class Gathering {
public:
    /// Without lists only copies are counted, for policies that tell nothing but conditions.
    enum class Lists { filled, left_out };
    explicit Gathering(Lists lists) : lists_(lists) {}

    /// What follows is of this source; `changed` is when a copy of it was last written, where that is known. Sources
    /// without copies count too. An owner without sources needs none.
    void source(std::string_view namespace_name, std::string_view name, std::optional<std::string> changed);
    void synced(std::string_view namespace_name);
    /// On its way.
    void pending(std::string_view namespace_name);
    /// Without a namespace where a whole source fails.
    void failed(std::string_view namespace_name, std::string_view kind, std::string_view name, std::string_view reason,
                std::string_view message);
    /// The holder of a copy that this owner waits for.
    void held_by(std::string_view holder) { holders_.emplace(holder); }
    /// What the owner waits for before there can be copies.
    void waiting(std::string text) { waiting_.insert(std::move(text)); }
    /// The same of a source that it names.
    void missing(const std::string& text) {
        missing_.insert(text);
        waiting_.insert(text);
    }

    /// wanted, pending, synced, failed, failures, waiting, missing, sources, holders; `changed` is the latest of the
    /// sources'.
    policy::Report take();

private:
    using FailureKey = std::tuple<std::string_view, std::string_view, std::string_view, std::string_view,
                                  std::string_view>;  // namespace, kind, name, reason, message

    Lists lists_;
    policy::Report report_;
    std::vector<std::string_view> synced_;  // namespaces, some more than once
    std::vector<std::string_view> other_;   // namespaces of copies that fail or are on their way
    std::vector<std::string_view> failed_;
    std::set<FailureKey> first_failures_;                         // most_failures at most
    std::vector<std::pair<std::size_t, std::size_t>> of_source_;  // where each source's begin and end in synced_
    std::set<std::string, std::less<>> holders_;
    std::set<std::string> waiting_;
    std::set<std::string> missing_;
};

}  // namespace moontide::status
