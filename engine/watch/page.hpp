// One page of a list:
// https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks
#pragma once

#include "base/result.hpp"
#include "kube/object.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace moontide::watch {

/// Keeps the answer's text and hands its items out one by one. Items of typed lists have no apiVersion and kind: the
/// list says them once. One thread.
class Page {
public:
    static Result<Page> read(std::string body);
    ~Page();
    Page(Page&&) noexcept;
    Page& operator=(Page&&) noexcept;

    kube::ResourceVersion version() const { return version_; }
    /// Empty on the last page.
    const std::string& continue_token() const { return continue_token_; }
    /// The text of each item, valid during the call. An error of `take`, or text that is no list, ends it.
    Result<void> for_each(const std::function<Result<void>(std::string_view item_json)>& take);

private:
    Page();

    struct Implementation;
    std::unique_ptr<Implementation> self_;
    kube::ResourceVersion version_ = 0;
    std::string continue_token_;
};

}  // namespace moontide::watch
