// Does what a plan's users do, and keeps what they have given.
#pragma once

#include "hand.hpp"
#include "model.hpp"
#include "plan.hpp"
#include "world.hpp"

#include <string>

namespace moontide::plans {

class Users {
public:
    Users(test::World& world, Policy policy);

    /// Any action but the engine's and `rest`.
    void act(const Action& action);
    /// Changes that the engine has to answer on each of its watches, so that what `given` asks for holds only once it
    /// has seen all before them.
    void call();

    const Given& given() const { return given_; }
    const proof::Terms& terms() const { return terms_; }
    /// Of all that the mirror or a list shows.
    std::string complaint(const Seen& seen) const { return plans::complaint(given_, seen, terms_); }

private:
    std::string space(const std::string& word) const { return world_.id() + "-" + word; }
    kube::Ref place(const Action& action) const { return test::config_map(space(action.space), action.name); }
    void make_source(const std::string& name, const Json& content);
    void change_source(const std::string& name, const Json& patch);
    void remove_source(const std::string& name);
    void make_space(const std::string& word);
    void ask(const std::string& word, bool asks);
    void remove_space(const std::string& word);
    void change_copy(const Action& action, const Json& patch);
    void remove_copy(const kube::Ref& place);
    void clone_copy(const Action& action);
    void plant(const Action& action, const Json& annotations);

    test::World& world_;
    Hand hand_;
    proof::Terms terms_;
    Given given_;
    std::uint64_t calls_ = 0;
};

}  // namespace moontide::plans
