// A policy whose slots are C++ functions, and a view of given objects.
#pragma once

#include "policy/want.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

namespace moontide::policy {

inline kube::ObjectPtr object(const std::string& json) {
    kube::Reader reader;
    return kube::Object::read(reader, json).value();
}

/// `metadata` goes on behind the name: R"("labels":{"a":"b"})".
inline kube::ObjectPtr namespace_of(const std::string& name, const std::string& metadata = "") {
    return object(fmt::format(R"({{"apiVersion":"v1","kind":"Namespace","metadata":{{"name":"{}"{}{}}}}})", name,
                              metadata.empty() ? "" : ",", metadata));
}

inline kube::ObjectPtr config_map(const std::string& namespace_name, const std::string& name,
                                  const std::string& metadata = "") {
    return object(
        fmt::format(R"({{"apiVersion":"v1","kind":"ConfigMap","metadata":{{"namespace":"{}","name":"{}"{}{}}}}})",
                    namespace_name, name, metadata.empty() ? "" : ",", metadata));
}

/// Each slot is a function that a test sets; without one, a copy is the source's name with empty content.
struct ScriptedEvaluator final : Evaluator {
    std::function<Result<Into>(const Inputs&)> on_into;
    std::function<Result<bool>(const Inputs&)> on_where;
    std::function<Result<std::vector<Companions>>(const Inputs&)> on_with;
    std::function<Result<Copy>(const Inputs&, Copy)> on_copy;
    std::vector<Inputs> copies_asked;
    std::vector<std::string> wheres_asked;

    Result<std::vector<Selection>> owners() override { return std::vector<Selection>(); }
    Result<From> from(const Inputs&) override { return From(); }
    Result<bool> where(const Selection&, const Inputs& inputs) override {
        wheres_asked.emplace_back(inputs.namespace_object->name());
        return on_where(inputs);
    }
    Result<std::optional<std::string>> group(const Inputs&) override { return std::optional<std::string>(); }
    Result<Into> into(const Inputs& inputs) override { return on_into(inputs); }
    Result<Existing> existing(const Inputs&) override { return Existing::refuse; }
    Result<std::vector<Companions>> with(const Inputs& inputs) override { return on_with(inputs); }
    Result<StatusFields> status(const Inputs&, const Report&) override { return StatusFields(); }
    Result<std::optional<kube::Ref>> store(const Inputs&) override { return std::optional<kube::Ref>(); }
    Result<Copy> copy(const Inputs& inputs) override {
        copies_asked.push_back(inputs);
        Copy copy;
        copy.target = *inputs.target;
        if (copy.target.name.empty() && !inputs.sources.empty()) copy.target.name = inputs.sources.front()->name();
        copy.reads.source = true;
        auto content = std::make_shared<Content>();
        content->kind = copy.target.kind;
        copy.content = content;
        return on_copy ? on_copy(inputs, copy) : copy;
    }

    void into_selections(std::vector<Selection> selections) {
        on_into = [selections](const Inputs&) { return Into{selections, {}, {}}; };
    }
    void into_targets(std::vector<Target> targets) {
        on_into = [targets](const Inputs&) { return Into{targets, {}, {}}; };
    }
};

class GivenView final : public View {
public:
    void add_namespace(kube::ObjectPtr object) {
        auto all = std::make_shared<std::vector<kube::ObjectPtr>>(*namespaces_);
        all->push_back(std::move(object));
        std::ranges::sort(*all, {}, [](const auto& one) { return std::string(one->name()); });
        namespaces_ = all;
    }
    std::map<kube::Ref, kube::ObjectPtr> objects;

    kube::ObjectPtr namespace_object(std::string_view name) const override {
        for (const auto& one : *namespaces_) {
            if (one->name() == name) return one;
        }
        return nullptr;
    }
    std::shared_ptr<const std::vector<kube::ObjectPtr>> namespaces() const override {
        ++scans;
        return namespaces_;
    }
    kube::ObjectPtr find(const kube::Ref& ref) const override {
        const auto found = objects.find(ref);
        return found == objects.end() ? nullptr : found->second;
    }

    mutable int scans = 0;

private:
    std::shared_ptr<const std::vector<kube::ObjectPtr>> namespaces_ = std::make_shared<std::vector<kube::ObjectPtr>>();
};

}  // namespace moontide::policy
