// Does what a plan's users do, and keeps what they have given.
#pragma once

#include "hand.hpp"
#include "model.hpp"
#include "plan.hpp"
#include "world.hpp"

#include <memory>
#include <string>

namespace moontide::plans {

/// Of one scene; what users do to copies and by planting is the same in all.
class Users {
public:
    static std::unique_ptr<Users> of(test::World& world, Policy policy);
    virtual ~Users() = default;
    Users(const Users&) = delete;
    Users& operator=(const Users&) = delete;

    /// Any action but the engine's and `rest`.
    virtual void act(const Action& action);
    /// Changes that the engine has to answer on each of its watches, so that what `given` asks for holds only once it
    /// has seen all before them.
    virtual void call() = 0;

    const Given& given() const { return given_; }
    const proof::Terms& terms() const { return terms_; }
    /// What users have broken themselves, beside the plan's faults: nothing need come true before heal().
    virtual bool in_trouble() const { return false; }
    virtual void heal() {}
    /// Of all that the mirror or a list shows.
    virtual std::string complaint(const Seen& seen) const = 0;

protected:
    Users(test::World& world, proof::Terms terms);

    std::string space(const std::string& word) const { return world_.id() + "-" + word; }
    /// Where a copy belongs.
    virtual kube::Ref place(const Action& action) const;
    /// It carries the policy's marks and no claim: it is taken over where a copy belongs.
    virtual bool is_marked(const Json& object) const;
    /// What a user gives or changes, merged into a ConfigMap.
    static Json content_of(Load load, std::uint64_t value);
    /// The same for an object of that kind: in a Secret all is data and base64, and no text of a ConfigMap's.
    static Json content_for(const kube::Kind& kind, Json content);
    static Json object_at(const kube::Ref& ref, const Json& content);
    void remove_space(const std::string& word);
    void change_copy(const Action& action, const Json& patch);
    void plant(const Action& action, const Json& metadata);

    test::World& world_;
    Hand hand_;
    proof::Terms terms_;
    Given given_;
    std::uint64_t calls_ = 0;

private:
    void clone_copy(const Action& action);
};

}  // namespace moontide::plans
