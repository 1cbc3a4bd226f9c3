#include "bindings/evaluation.hpp"

#include "base/nearest.hpp"
#include "bindings/convert.hpp"
#include "policy/kind_of.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace moontide::bindings {
namespace {

std::string first_word(const std::string& path) {
    return path.substr(0, path.find_first_of(".["));
}

}  // namespace

std::shared_ptr<policy::Document> DocumentCache::find(const kube::ObjectPtr& object) {
    for (const auto& document : recent_) {
        if (document->object() == object) return document;
    }
    if (recent_.size() >= most) recent_.erase(recent_.begin());
    return recent_.emplace_back(std::make_shared<policy::Document>(object));
}

Evaluation::Evaluation(const LoadedPolicy& policy, Functions& functions, DocumentCache& cache,
                       const policy::Inputs& inputs)
    : policy_(policy), functions_(functions), inputs_(inputs) {
    for (const kube::ObjectPtr& object : inputs.sources) sources_.push_back(cache.find(object));
    if (inputs.owner) owner_ = cache.find(inputs.owner);
    if (inputs.namespace_object) namespace_ = std::make_unique<policy::Document>(inputs.namespace_object);
    documents_.source = sources_.empty() ? nullptr : sources_.front().get();
    documents_.owner = owner_ ? owner_.get() : documents_.source;
    documents_.namespace_object = namespace_.get();
    documents_.settings = &policy.shape.settings;
}

void Evaluation::use_target() {
    documents_.target = &target;
    documents_.group = group ? &*group : nullptr;
}

Result<const Json*> Evaluation::source(std::size_t number) {
    policy::note(documents_.read, policy::Root::source);
    return sources_[number]->json();
}

std::string Evaluation::in_hand(const Place& place) const {
    std::string text = fmt::format("in '{}'", first_word(place.path));
    const auto kind = [](const kube::ObjectPtr& object, const char* unknown) {
        const auto found = policy::kind_of(*object);
        return found ? found->kind : std::string(unknown);
    };
    if (inputs_.owner) {
        text += fmt::format(", owner {} {}/{}", kind(inputs_.owner, "object"), inputs_.owner->namespace_name(),
                            inputs_.owner->name());
    }
    for (std::size_t at = 0; at < inputs_.sources.size() && at < 3; ++at) {
        const kube::ObjectPtr& object = inputs_.sources[at];
        text += fmt::format(", source {} {}/{}", kind(object, "object"), object->namespace_name(), object->name());
    }
    if (documents_.target) {
        text += fmt::format(", target {} {}/{}", target.kind.kind.empty() ? "copy" : target.kind.kind,
                            target.namespace_name, target.name);
    } else if (inputs_.namespace_object) {
        text += fmt::format(", namespace {}", inputs_.namespace_object->name());
    }
    return text;
}

std::unexpected<Error> Evaluation::fail_at(const Place& place, const std::string& message) const {
    return fail(
        fmt::format("{}:{}: '{}': {} ({})", policy_.text.file, place.line, place.path, message, in_hand(place)));
}

Result<Outcome> Evaluation::value(const Value& value) {
    if (const auto* text = value.text()) {
        auto resolved = text->resolve(documents_);
        if (!resolved) return fail_at(value.place, resolved.error().message);
        if (auto* json = std::get_if<Json>(&*resolved)) return Outcome(std::move(*json));
        if (const auto* missing = std::get_if<policy::Missing>(&*resolved)) return Outcome(Waiting{missing->message()});
        return Outcome(policy::Omitted());
    }
    if (const auto* function = value.function()) {
        Json result = TRY(call(*function));
        if (result.is_null()) return Outcome(policy::Omitted());
        return Outcome(std::move(result));
    }
    if (const auto* list = value.list()) {
        Json result = Json::array();
        for (const Value& element : *list) {
            auto outcome = TRY(this->value(element));
            if (std::holds_alternative<Waiting>(outcome)) return outcome;
            if (auto* json = std::get_if<Json>(&outcome)) result.push_back(std::move(*json));
        }
        return Outcome(std::move(result));
    }
    if (const auto* map = value.map()) {
        Json result = Json::object();
        for (const auto& [name, element] : *map) {
            auto outcome = TRY(this->value(element));
            if (const auto* waiting = std::get_if<Waiting>(&outcome)) return fail_at(element.place, waiting->what);
            if (auto* json = std::get_if<Json>(&outcome)) result[name] = std::move(*json);
        }
        return Outcome(std::move(result));
    }
    return Outcome(std::get<Json>(value.form));
}

Result<std::optional<std::string>> Evaluation::text(const Value& value) {
    const auto outcome = TRY(this->value(value));
    if (const auto* waiting = std::get_if<Waiting>(&outcome)) return fail_at(value.place, waiting->what);
    const auto* json = std::get_if<Json>(&outcome);
    if (!json) return std::nullopt;
    auto text = policy::text_of(*json);
    if (!text)
        return fail_at(value.place,
                       json->is_array() ? "a text is expected, not a list" : "a text is expected, not a map");
    // Placeholders bring numbers as text; a function says itself how it wants them written.
    if (value.function() && !json->is_string()) {
        return fail_at(value.place, "the function must return a text; use tostring");
    }
    return std::optional(std::move(*text));
}

Result<std::optional<std::string>> Evaluation::bytes(const Value& value) {
    if (!value.function()) return text(value);
    std::optional<std::string> result;
    TRY_VOID(run(*value.function(), [&](lua_State* lua, int index) {
        if (lua_isnil(lua, index)) return;
        if (lua_type(lua, index) != LUA_TSTRING) {
            throw Raise(fmt::format("'{}' must return a text, not a {}", value.place.path, type_name(lua, index)));
        }
        std::size_t size = 0;
        const char* begin = lua_tolstring(lua, index, &size);
        result.emplace(begin, size);
    }));
    return result;
}

Result<Patterns> Evaluation::patterns(const Value& value) {
    if (const auto* text = value.text()) {
        auto resolved = text->patterns(documents_);
        if (!resolved) return fail_at(value.place, resolved.error().message);
        if (auto* found = std::get_if<std::vector<policy::Pattern>>(&*resolved)) return Patterns(std::move(*found));
        if (const auto* missing = std::get_if<policy::Missing>(&*resolved))
            return Patterns(Waiting{missing->message()});
        return Patterns(policy::Omitted());
    }
    if (const auto* list = value.list()) {
        std::vector<policy::Pattern> all;
        bool any = list->empty();
        for (const Value& element : *list) {
            auto some = TRY(patterns(element));
            if (std::holds_alternative<Waiting>(some)) return some;
            auto* found = std::get_if<std::vector<policy::Pattern>>(&some);
            if (!found) continue;
            any = true;
            all.insert(all.end(), found->begin(), found->end());
        }
        if (!any) return Patterns(policy::Omitted());
        return Patterns(std::move(all));
    }
    const Json result = TRY(call(*value.function()));
    if (result.is_null()) return Patterns(Waiting{fmt::format("'{}' returned nothing", value.place.path)});
    std::vector<policy::Pattern> exact;
    for (const Json& one : result.is_array() ? result : Json::array({result})) {
        if (!one.is_string()) return fail_at(value.place, "the function must return a text or a list of texts");
        exact.push_back({one.get<std::string>(), false});
    }
    return Patterns(std::move(exact));
}

Result<void> Evaluation::run(const Function& function, const Functions::Take& take) {
    running_ = &policy_.shape.functions[static_cast<std::size_t>(function.number)];
    auto outcome = functions_.call(function, *this, warnings_, take);
    const Place place = running_->place;
    running_ = nullptr;
    if (outcome) return {};
    return fail(fmt::format("{} ({})", outcome.error().message, in_hand(place)));
}

Result<Json> Evaluation::call(const Function& function) {
    Json result;
    TRY_VOID(run(function, [&](lua_State* lua, int index) { result = to_json(lua, index, running_->place.path); }));
    return result;
}

Result<std::map<std::string, std::string>> Evaluation::call_for_bytes(const Function& function) {
    std::map<std::string, std::string> result;
    TRY_VOID(run(function, [&](lua_State* lua, int index) {
        if (!to_bytes(lua, index, running_->place.path, result)) {
            throw Raise(fmt::format("'{}' must return a table of texts, not nil", running_->place.path));
        }
    }));
    return result;
}

bool Evaluation::has(std::string_view name, const Scope& scope) const {
    if (name == "settings") return true;
    if (name == "owner") return scope.owner;
    if (name == "source") return scope.source;
    if (name == "sources") return scope.sources;
    if (name == "namespace") return scope.namespace_object;
    if (name == "target") return scope.target;
    if (name == "group") return scope.group;
    if (name == "key") return scope.key;
    if (name == "data") return scope.data;
    if (name == "object") return scope.object;
    if (name == "report") return scope.report;
    return scope.with && std::ranges::find(shape().with, name, &CompanionShape::name) != shape().with.end();
}

std::vector<std::string> Evaluation::names() const {
    std::vector<std::string> all;
    if (!running_) return all;
    for (const char* name : {"owner", "source", "sources", "namespace", "target", "settings", "group", "key", "data",
                             "object", "report"}) {
        if (has(name, running_->scope)) all.emplace_back(name);
    }
    if (running_->scope.with) {
        for (const CompanionShape& companion : shape().with) all.push_back(companion.name);
    }
    return all;
}

void Evaluation::push_root(lua_State* lua, policy::Root root) {
    const auto value = documents_.value(root);
    if (!value) throw Raise(value.error().message);
    if (*value) {
        push_view(lua, **value);
    } else {
        lua_pushnil(lua);
    }
}

void Evaluation::push_sources(lua_State* lua) {
    lua_createtable(lua, static_cast<int>(sources_.size()), 0);
    for (std::size_t at = 0; at < sources_.size(); ++at) {
        const auto json = source(at);
        if (!json) throw Raise(json.error().message);
        push_view(lua, **json);
        lua_rawseti(lua, -2, static_cast<int>(at) + 1);
    }
    mark_list(lua);
}

void Evaluation::push_companions(lua_State* lua, std::string_view name) {
    documents_.read.with = true;
    const auto companion = std::ranges::find(shape().with, name, &CompanionShape::name);
    const auto found = inputs_.with.find(std::string(name));
    const auto push_object = [&](const kube::ObjectPtr& object) {
        const auto& document = companions_.emplace_back(std::make_unique<policy::Document>(object));
        const auto json = document->json();
        if (!json) throw Raise(json.error().message);
        push_view(lua, **json);
    };
    if (!companion->list) {
        if (found == inputs_.with.end() || found->second.empty()) {
            lua_pushnil(lua);
        } else {
            push_object(found->second.front());
        }
        return;
    }
    lua_newtable(lua);
    if (found != inputs_.with.end()) {
        int at = 0;
        for (const kube::ObjectPtr& object : found->second) {
            push_object(object);
            lua_rawseti(lua, -2, ++at);
        }
    }
    mark_list(lua);
}

void Evaluation::read(lua_State* lua, std::string_view name) {
    if (!running_ || !has(name, running_->scope)) {
        const std::vector<std::string> known = names();
        std::string all;
        for (const std::string& one : known) all += (all.empty() ? "" : ", ") + one;
        throw Raise(fmt::format("on has no '{}' here{}; it has {}", name,
                                suggestion(name, std::vector<std::string_view>(known.begin(), known.end())), all));
    }
    if (name == "sources") return push_sources(lua);
    if (name == "key") {
        lua_pushlstring(lua, key_asked->data(), key_asked->size());
    } else if (name == "data") {
        lua_newtable(lua);
        for (const auto& [entry, bytes] : *data_so_far) {
            lua_pushlstring(lua, entry.data(), entry.size());
            lua_pushlstring(lua, bytes.data(), bytes.size());
            lua_rawset(lua, -3);
        }
    } else if (name == "object") {
        push_copy(lua, *object_so_far);
    } else if (name == "report") {
        if (!report_json_) report_json_ = policy::to_json(*report);
        report_read_.map = &*report_json_;
        State::of(lua).reading = &report_read_;
        push_view(lua, *report_json_);
    } else if (const auto root = policy::root_named(name)) {
        push_root(lua, *root);
    } else {
        push_companions(lua, name);
    }
}

}  // namespace moontide::bindings
