// A service account of the engine's own: its rights and its tokens.
#pragma once

#include "world.hpp"

#include <string>
#include <vector>

namespace moontide::trouble {

using test::Json;

struct Rule {
    std::vector<std::string> resources;
    std::vector<std::string> verbs;
};

/// In the World's namespace of sources. One thread.
class Account {
public:
    explicit Account(test::World& world);
    ~Account();
    Account(const Account&) = delete;
    Account& operator=(const Account&) = delete;

    /// Everywhere, or in one namespace; under that name, so that it can be taken back.
    void grant(const std::string& name, const std::vector<Rule>& rules);
    void grant_in(const std::string& namespace_name, const std::vector<Rule>& rules);
    void withdraw(const std::string& name);
    void withdraw_in(const std::string& namespace_name);
    /// What deploy/annotation-sync asks for.
    void grant_all() { grant("all", all()); }
    static std::vector<Rule> all();
    /// Until the server says so: rights are read from its caches.
    void await_right(bool is_there, const std::string& verb, const std::string& resource,
                     const std::string& namespace_name);

    /// One that ends with revoke(); the name is given once.
    std::string token(const std::string& name);
    void revoke(const std::string& name);
    /// Until the server takes it no more, whose memory of tokens is ten seconds long.
    void await_refused(const std::string& token);

private:
    std::string rule_name(const std::string& name) const { return world_.id() + "-" + name; }
    Json subject() const;

    test::World& world_;
    std::vector<std::string> grants_;
};

}  // namespace moontide::trouble
