// Users of a policy with owners: owners ask, sources and namespaces have labels that owners select.
#pragma once

#include "owned.hpp"
#include "records.hpp"
#include "users.hpp"

#include <memory>
#include <set>
#include <string>
#include <vector>

namespace moontide::plans {

class OwningUsers final : public Users {
public:
    OwningUsers(test::World& world, proof::Driven driven);

    void act(const Action& action) override;
    void call() override;
    bool in_trouble() const override { return records_ && records_->refuses(); }
    void heal() override;
    std::string complaint(const Seen& seen) const override;

private:
    bool has_pods() const { return driven_ == proof::Driven::pod_configmap; }
    bool has_secrets() const { return driven_ == proof::Driven::configmap_syncer; }
    kube::Ref place(const Action& action) const override;
    bool is_marked(const Json& object) const override;
    /// A source or a copy of that name; among syncers' those of some names are Secrets.
    kube::Ref ref_named(const std::string& namespace_name, const std::string& name) const;
    kube::Ref source_ref(const Action& action) const;
    kube::Ref owner_ref(const Action& action) const;
    Json source_object(const Action& action) const;
    Json spec_of(const Action& action) const;
    Json spec_of_called(const std::string& source) const;
    /// Sources and their owners of the same name that nothing else touches: one for each kind of source.
    std::vector<Action> called() const;

    void give(Seen& given, const kube::Ref& ref, std::optional<Json> object);
    void give_owner(const kube::Ref& ref, std::optional<Json> object);
    void take(Seen& given, const kube::Ref& ref);
    void do_act(const Action& action);
    void make_space(const std::string& word);
    void label_space(const std::string& word, const Json& labels);
    void forget_what_is_in(const std::string& space);
    void see_what_may_be_taken();
    /// What it belongs to has gone: the server takes it too.
    bool is_collected(const Json& object) const;
    std::string complaint_about_given(const Seen& seen) const;
    std::string complaint_about_rows() const;

    const proof::Driven driven_;
    proof::Owners owners_served_;
    std::unique_ptr<Records> records_;  ///< of mirrors
    Seen sources_;
    Seen owners_;
    /// Places in which somebody's object may be taken over by an owner's wish: what becomes of it, the checker judges.
    std::set<kube::Ref> exposed_;
};

}  // namespace moontide::plans
