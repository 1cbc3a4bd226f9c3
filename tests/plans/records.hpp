// The database of a plan's mirrors: what goes wrong with it, and what its rows should be.
#pragma once

#include "model.hpp"
#include "world.hpp"

#include <map>
#include <set>
#include <string>

namespace moontide::plans {

/// One database serves all plans of the process; rows tell by their owners' namespace whose they are. The Secret that
/// leads to it is beside the owners.
class Records {
public:
    explicit Records(test::World& world);
    ~Records();
    Records(const Records&) = delete;
    Records& operator=(const Records&) = delete;

    /// What an owner has under `spec.database`: asked for, switched off, or nothing.
    static Json spec(std::uint64_t value);

    /// Connections are cut, and refused until take_again().
    void refuse();
    void take_again();
    /// Whatever they were about.
    void cut();
    bool refuses() const { return refuses_; }

    /// As a user leaves an owner, or finds it while it is being deleted.
    void left(const Json& owner);
    /// An owner that is there, and the data of what it mirrors by the names of their sources.
    struct Mirrored {
        Json owner;
        std::map<std::string, Json> sources;
    };
    /// What is not as it should be; empty where all is.
    std::string complaint(const std::vector<Mirrored>& all) const;

private:
    const std::string namespace_;
    bool refuses_ = false;
    /// Of these rows may have been left where they are, which is what users are told: how many is not for us to say.
    std::set<std::string> may_have_rows_;
};

}  // namespace moontide::plans
