// A corner of the API server that one test has for itself: names that no other test uses, and what a user does there.
#pragma once

#include "expect.hpp"
#include "server.hpp"

#include <initializer_list>
#include <source_location>
#include <string>
#include <string_view>
#include <vector>

namespace moontide::test {

using Where = std::source_location;

/// At its end its namespaces ask for nothing any more, and what it made in flux-system is gone; the server takes the
/// namespaces away later, since a real one needs seconds for each. Declare engines after it.
class World {
public:
    enum class Sources { in_a_namespace_of_their_own, in_flux_system };

    explicit World(Sources sources = Sources::in_a_namespace_of_their_own);
    ~World();
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    Server& server = Server::under_test();
    Api& api = server.api();
    Mirror& mirror = server.mirror();

    /// Begins all names of this test, and is the engine's instance.
    const std::string& id() const { return id_; }
    /// The namespace of the sources.
    const std::string& sources() const { return sources_; }

    /// A namespace named after the word; the server's name for it.
    std::string make_namespace(std::string_view word, const Json& annotations = Json::object(),
                               const Json& labels = Json::object());
    /// One that asks for copies.
    std::string make_target(std::string_view word);
    /// That many, which other tests use too, one after another: not to be deleted.
    std::vector<std::string> make_targets(std::size_t count);
    void annotate_namespace(const std::string& name, const Json& annotations);
    /// For a namespace that the test made by other means.
    void clean_up_later(const std::string& namespace_name);
    void delete_namespace(const std::string& name);
    void await_namespace_gone(const std::string& name, Where where = Where::current());

    /// A marked ConfigMap among the sources; `more` is merged in. Gives back what the server made of it.
    Json make_source(const std::string& name, const Json& data, const Json& more = Json::object());
    /// A ConfigMap anywhere, without marks.
    Json make_config_map(const std::string& namespace_name, const std::string& name, const Json& data,
                         const Json& more = Json::object());
    Json change(const Json& object, const Json& patch);
    Json change_data(const Json& object, const Json& data) { return change(object, {{"data", data}}); }
    void remove(const Json& object) { api.remove(ref_of(object)); }
    void remove_copy(const std::string& namespace_name, const Json& source);

    /// Waits until the copies are right in content and marks.
    void expect_copy(const std::string& namespace_name, const Json& source, Where where = Where::current());
    void expect_copies(const std::vector<std::string>& namespaces, const Json& source, Where where = Where::current());
    /// The same, with labels and annotations that others put on: {"labels": {...}, "annotations": {...}}.
    void expect_copy_with(const std::string& namespace_name, const Json& source, const Json& others,
                          Where where = Where::current());
    void expect_data(const kube::Ref& ref, const Json& data, Where where = Where::current());
    /// Waits until there is none.
    void expect_gone(const kube::Ref& ref, Where where = Where::current());
    void expect_copy_gone(const std::string& namespace_name, const Json& source, Where where = Where::current());
    /// Waits until nothing is missing; `what` begins the message of a failure.
    void await(const std::string& what, const Mirror::Complaint& complaint, Where where = Where::current());

    /// At this moment, as the server says.
    void check_untouched(const Json& object, Where where = Where::current());
    void check_absent(const kube::Ref& ref, Where where = Where::current());
    Json copy(const std::string& namespace_name, const Json& source);

    /// Waits until the mirror has seen every change of a ConfigMap so far.
    void catch_up();
    /// Changes of one object that the server made since mirror.mark().
    std::vector<Change> changes_since(std::size_t mark, const kube::Ref& ref);

private:
    std::string id_;
    std::string sources_;
    std::vector<std::string> namespaces_;
    std::vector<std::string> shared_;  ///< of make_targets()
    std::vector<kube::Ref> objects_;   ///< to take out of flux-system
    unsigned ticks_ = 0;
};

/// How long anything that must come true may take.
inline constexpr Milliseconds DEADLINE{10'000};

/// "tests/sync/repair.cpp:12", for messages.
std::string text(const Where& where);

/// Ends the test where there is a complaint left, in the caller's name.
void demand(const std::string& what, const std::string& complaint, const Where& where);

}  // namespace moontide::test
