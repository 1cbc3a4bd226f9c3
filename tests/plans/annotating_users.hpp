// Users of annotation-sync: sources and namespaces are marked by annotations.
#pragma once

#include "users.hpp"

namespace moontide::plans {

class AnnotatingUsers final : public Users {
public:
    AnnotatingUsers(test::World& world, Policy policy);

    void act(const Action& action) override;
    void call() override;
    std::string complaint(const Seen& seen) const override { return plans::complaint(given_, seen, terms_); }

private:
    void make_source(const std::string& name, const Json& content);
    void change_source(const std::string& name, const Json& patch);
    void remove_source(const std::string& name);
    void make_space(const std::string& word);
    void ask(const std::string& word, bool asks);
};

}  // namespace moontide::plans
