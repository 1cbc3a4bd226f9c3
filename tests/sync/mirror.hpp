// What the API server holds and how it came to be so, seen through watches of the test's own.
#pragma once

#include "api.hpp"
#include "base/loop.hpp"
#include "kube/client.hpp"

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace moontide::test {

/// One change as a watch brought it.
struct Change {
    enum class What { added, modified, deleted };
    What what = What::added;
    kube::Ref ref;
    Json object;
};

/// Every ConfigMap, Secret, Namespace and Event by place, as of some moment.
class Objects {
public:
    /// Null where there is none.
    const Json* find(const kube::Ref& ref) const;
    const std::map<kube::Ref, Json>& all() const { return objects_; }

private:
    friend class Mirror;
    std::map<kube::Ref, Json> objects_;
};

/// Lists and watches on a thread of its own; any thread may ask.
class Mirror {
public:
    explicit Mirror(const kube::Access& access);
    ~Mirror();
    Mirror(const Mirror&) = delete;
    Mirror& operator=(const Mirror&) = delete;

    /// What is missing, in words, or nothing when all is as it should be.
    using Complaint = std::function<std::string(const Objects&)>;

    /// Looks at every change (and now and then without one, for what is no object) until there is no complaint; at the
    /// deadline gives back the last one.
    std::string await(const Complaint& complaint, Milliseconds deadline);

    /// Changes since mark(), oldest first: of all objects, or of one.
    std::vector<Change> changes(std::size_t mark) const;
    std::vector<Change> changes(std::size_t mark, const kube::Ref& ref) const;
    std::size_t mark() const;
    /// Forgets the changes so far, so that a long run stays small; marks are void after it.
    void forget_changes();

private:
    struct Eye;  ///< one list and watch

    void look(Eye& eye);
    void listed(Eye& eye, const Json& list);
    void seen(const Eye& eye, std::string_view line);
    void put(const kube::Ref& ref, Json object);
    void drop(const kube::Ref& ref, Json object);

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    Objects objects_;              // guarded by mutex_
    std::vector<Change> changes_;  // guarded by mutex_

    Loop loop_;
    std::unique_ptr<kube::Client> client_;    // of the loop's thread
    std::vector<std::unique_ptr<Eye>> eyes_;  // of the loop's thread
    std::jthread thread_;
};

}  // namespace moontide::test
