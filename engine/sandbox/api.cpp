#include "sandbox/api.hpp"

#include "sandbox/bodies.hpp"
#include "sandbox/custom_kind.hpp"
#include "sandbox/custom_rules.hpp"
#include "sandbox/decode.hpp"
#include "sandbox/discovery.hpp"
#include "sandbox/json_at.hpp"
#include "sandbox/names.hpp"
#include "sandbox/patch_request.hpp"
#include "sandbox/pods.hpp"
#include "sandbox/scale.hpp"
#include "sandbox/schema.hpp"
#include "sandbox/view.hpp"
#include "sandbox/watch.hpp"

#include <fmt/format.h>

namespace moontide::sandbox {

namespace {

/// A watch without timeoutSeconds ends after half an hour to an hour, as the real server's do.
constexpr Milliseconds WATCH_TIMEOUT{1'800'000};

Response whole(std::string body, int status = 200) {
    Response response;
    response.status = status;
    response.body = std::move(body);
    return response;
}

std::string verb_of(const Request& request, const Query& query, const Route& route) {
    if (request.method == "GET" || request.method == "HEAD") {
        return !route.name.empty() ? "get" : query.flag("watch") ? "watch" : "list";
    }
    if (request.method == "POST") return "create";
    if (request.method == "PUT") return "update";
    if (request.method == "PATCH") return "patch";
    if (request.method == "DELETE") return route.name.empty() ? "deletecollection" : "delete";
    return request.method;
}

bool is_allowed(const Route& route, const std::string& verb) {
    if (!route.subresource.empty()) {
        const auto& verbs = route.kind->subresource(route.subresource)->verbs;
        return !route.name.empty() && std::ranges::find(verbs, verb) != verbs.end();
    }
    const bool on_collection = verb == "create" || verb == "list" || verb == "watch" || verb == "deletecollection";
    if (on_collection != route.name.empty()) return false;
    const bool needs_namespace = verb == "create" || verb == "deletecollection";
    if (needs_namespace && route.kind->namespaced && route.namespace_name.empty()) return false;
    return route.kind->allows(verb);
}

/// Whether a CustomResourceDefinition that is answered has rules in CEL.
bool has_rules(const std::string& definition) {
    return definition.find("\"x-kubernetes-validations\":") != std::string::npos;
}

/// Whether a path leads into a group that no CustomResourceDefinition has made.
bool is_built_in(const Kinds& kinds, const std::vector<std::string>& segments) {
    if (segments.size() < 2) return false;
    if (segments[0] == "api") return true;
    return segments[0] == "apis" && segments.size() > 2 && std::ranges::any_of(kinds.rows(), [&](const KindRow& row) {
               return !row.custom && row.group == segments[1];
           });
}

}  // namespace

Api::Api(ApiOptions options)
    : options_(std::move(options)),
      store_(options_.ring_size),
      writes_(store_, kinds_, *options_.clock),
      terminator_(store_, kinds_, writes_, *options_.clock),
      collector_(store_, kinds_, writes_),
      definitions_(store_, kinds_, writes_, *options_.clock) {
    for (const char* name : {"default", "kube-system", "kube-public", "kube-node-lease"}) {
        const auto& kind = *kinds_.find("", "v1", "namespaces");
        const auto made =
            writes_.create(kind, "", {{"kind", "Namespace"}, {"apiVersion", "v1"}, {"metadata", {{"name", name}}}},
                           {.manager = "kube-apiserver"});
        static_cast<void>(made);
    }
}

Response Api::handle(const Request& request) {
    Seen seen;
    auto response = dispatch(request, seen);
    seen.status = response.status;
    counts_.with([&](auto& counts) { ++counts[seen.verb + " " + seen.resource]; });
    if (options_.on_request) options_.on_request(seen);
    return response;
}

void Api::settle() {
    // Each may make work for the others.
    for (bool more = true; more;) {
        more = terminator_.work();
        more |= collector_.work();
        more |= definitions_.work();
    }
}

std::map<std::string, std::uint64_t> Api::counts() const {
    return counts_.with([](const auto& counts) { return counts; });
}

Response Api::dispatch(const Request& request, Seen& seen) {
    const auto mark = request.path.find('?');
    const Query query(mark == std::string::npos ? std::string_view() : std::string_view(request.path).substr(mark + 1));
    const auto path = request.path.substr(0, mark);
    const auto segments = path_segments(path);
    seen.resource = path;
    seen.verb = request.method == "GET" ? "get" : request.method;
    if (auto described = describe_server(kinds_, request, segments, query)) return std::move(*described);

    const auto route = find_route(kinds_, segments);
    // Of its own groups the real server knows that there is no such version.
    if (!route && is_built_in(kinds_, segments)) return response_of(no_such_resource());
    if (!route) {
        auto response = whole("404 page not found\n", 404);
        response.content_type = "text/plain; charset=utf-8";
        return response;
    }
    if (!*route) return response_of(route->error());
    return on_resource(request, query, **route, seen);
}

Response Api::on_resource(const Request& request, const Query& query, const Route& route, Seen& seen) {
    seen.verb = verb_of(request, query, route);
    seen.resource = route.kind->resource + (route.subresource.empty() ? "" : "/" + route.subresource);
    seen.namespace_name = route.namespace_name;
    seen.name = route.name;
    if (!is_allowed(route, seen.verb)) return response_of(method_not_allowed());
    warnings_.clear();
    if (!route.kind->habits.warning.empty()) warnings_.push_back(route.kind->habits.warning);
    if (route.kind->custom && !route.kind->custom->warning.empty()) warnings_.push_back(route.kind->custom->warning);
    auto answer = [&]() -> Outcome<Response> {
        if (route.subresource == "token") return issue_token(request, route);
        if (route.subresource == "log") return log(query, route);
        if (route.subresource == "eviction") return evict(request, query, route);
        if (route.subresource == "scale") return scale(request, query, route, seen.verb);
        if (seen.verb == "get") return get(request, query, route);
        if (seen.verb == "list" || seen.verb == "watch") return list_or_watch(request, query, route);
        if (seen.verb == "create") return create(request, query, route);
        if (seen.verb == "update") return replace(request, query, route);
        if (seen.verb == "patch") return patch(request, query, route);
        if (seen.verb == "delete") return remove(request, query, route);
        return remove_collection(request, query, route);
    }();
    auto response = answer ? std::move(*answer) : response_of(answer.error());
    const bool wrote = answer && (seen.verb == "create" || seen.verb == "update" || seen.verb == "patch");
    if (wrote && route.kind->kind == "CustomResourceDefinition" && !route.kind->custom && has_rules(response.body))
        warnings_.emplace_back("x-kubernetes-validations: the sandbox keeps rules in CEL, it does not evaluate them");
    // A refusal warns of what was seen before it, too.
    response.warnings = std::move(warnings_);
    return response;
}

Outcome<Response> Api::show(const Request& request, const Query& query, const KindRow& kind, const Record& record,
                            int status) const {
    const auto view = View::negotiate(request.accept, query);
    if (!view) return refuse(view.error());
    return whole(view->one(kind, record, options_.clock->wall()), status);
}

Outcome<Response> Api::get(const Request& request, const Query& query, const Route& route) {
    const auto asked = read_version(query.text("resourceVersion"));
    if (!asked) return refuse(asked.error());
    if (*asked > store_.version()) return refuse(version_too_large(*asked, store_.version()));
    const auto record = store_.find(*route.kind, route.namespace_name, route.name);
    if (!record) return refuse(not_found(route.kind->resource, route.kind->group, route.name));
    return show(request, query, *route.kind, *record, 200);
}

Outcome<Response> Api::list_or_watch(const Request& request, const Query& query, const Route& route) {
    const auto view = View::negotiate(request.accept, query);
    if (!view) return refuse(view.error());
    auto options = ListOptions::parse(route, query);
    if (!options) return refuse(options.error());
    if (options->watch) {
        Response response;
        Watch::Timing timing{options_.bookmark_every, WATCH_TIMEOUT};
        if (options->timeout_seconds.value_or(0) > 0) timing.timeout = std::chrono::seconds(*options->timeout_seconds);
        response.watch = std::make_shared<Watch>(store_, *options_.clock, std::move(*options), *view, timing);
        return response;
    }
    const auto page = read_page(store_, *options);
    if (!page) return refuse(page.error());
    return whole(view->list(*route.kind, page->records, page->metadata, options_.clock->wall()));
}

Outcome<Response> Api::create(const Request& request, const Query& query, const Route& route) {
    const auto options = WriteOptions::parse(request, query);
    if (!options) return refuse(options.error());
    auto object = read_object(*route.kind, request, options->validation, warnings_);
    if (!object) return refuse(object.error());

    if (is_review(*route.kind)) {
        return whole(reviewed(*route.kind, std::move(*object), request.user, options_.clock->wall()).dump(), 201);
    }
    if (const auto& custom = route.kind->custom) {
        for (auto& warning : warnings_of(*object, nullptr)) warnings_.push_back(std::move(warning));
        if (custom->terminating) {
            return refuse(forbidden(route.kind->resource, route.kind->group,
                                    object->value(Json::json_pointer("/metadata/name"), std::string()),
                                    "create not allowed while custom resource definition is terminating"));
        }
    }
    const auto written = writes_.create(*route.kind, route.namespace_name, std::move(*object), *options);
    if (!written) return refuse(written.error());
    auto response = show(request, query, *route.kind, *written->record, 201);
    return response;
}

Outcome<Response> Api::replace(const Request& request, const Query& query, const Route& route) {
    const auto options = WriteOptions::parse(request, query);
    if (!options) return refuse(options.error());
    auto object = read_object(*route.kind, request, options->validation, warnings_);
    if (!object) return refuse(object.error());
    const auto written = writes_.replace({*route.kind, route.namespace_name, route.name, route.subresource},
                                         std::move(*object), *options);
    if (!written) return refuse(written.error());
    auto response = show(request, query, *route.kind, *written->record, written->created ? 201 : 200);
    return response;
}

Outcome<Response> Api::patch(const Request& request, const Query& query, const Route& route) {
    const auto options = WriteOptions::parse(request, query);
    if (!options) return refuse(options.error());
    const auto& kind = *route.kind;
    if (media_type(request.content_type) == APPLY_PATCH) return apply(request, query, route, *options);
    const auto patch = PatchRequest::read(kind, request);
    if (!patch) return refuse(patch.error());
    const auto change = [&](const Json& old) { return patch->apply(kind, old, options->validation, warnings_); };
    const auto written = writes_.modify({kind, route.namespace_name, route.name, route.subresource}, change, *options);
    if (!written) return refuse(written.error());
    auto response = show(request, query, kind, *written->record, 200);
    return response;
}

Outcome<Response> Api::apply(const Request& request, const Query& query, const Route& route,
                             const WriteOptions& options) {
    auto patch = read_apply_patch(request.body);
    if (!patch) return refuse(patch.error());
    if (options.validation == FieldValidation::strict && !patch->notes.empty()) {
        // The real server looks after it has merged, and stores nothing then: so a conflict comes first.
        auto only_looking = options;
        only_looking.dry_run = true;
        const auto looked = writes_.apply({*route.kind, route.namespace_name, route.name, route.subresource},
                                          patch->tree, only_looking);
        if (!looked) return refuse(looked.error());
        std::string why = "error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:";
        for (const auto& note : patch->notes) why += "\n  " + note;
        return refuse(bad_request(why));
    }
    const auto written = writes_.apply({*route.kind, route.namespace_name, route.name, route.subresource},
                                       std::move(patch->tree), options);
    if (!written) return refuse(written.error());
    auto response = show(request, query, *route.kind, *written->record, written->created ? 201 : 200);
    if (options.validation == FieldValidation::warn) warnings_ = std::move(patch->notes);
    return response;
}

/// What a pod's containers wrote: nothing, as of a pod that no node has.
Outcome<Response> Api::log(const Query& query, const Route& route) {
    const auto pod = store_.find(*route.kind, route.namespace_name, route.name);
    if (!pod) return refuse(not_found(route.kind->resource, route.kind->group, route.name));
    const auto tree = pod->tree();
    if (const auto container = container_of(tree, query.text("container")); !container)
        return refuse(container.error());
    // There are no nodes. The real server, too, speaks of the missing node as if it were a pod.
    if (const auto node = text_at_place(tree, "/spec/nodeName"); !node.empty())
        return refuse(not_found(route.kind->resource, route.kind->group, node));
    return whole("", 204);
}

Outcome<Response> Api::evict(const Request& request, const Query& query, const Route& route) {
    const auto options = WriteOptions::parse(request, query);
    if (!options) return refuse(options.error());
    const auto eviction = read_object(eviction_kind(), request, options->validation, warnings_);
    if (!eviction) return refuse(eviction.error());
    if (text_at_place(*eviction, "/metadata/name") != route.name)
        return refuse(bad_request("name in URL does not match name in Eviction object"));
    Request removal;
    removal.method = "DELETE";
    if (eviction->contains("deleteOptions")) removal.body = eviction->at("deleteOptions").dump();
    auto how = DeleteOptions::parse(removal, Query());
    if (!how) return refuse(how.error());
    how->dry_run |= options->dry_run;
    const auto removed = writes_.remove(*route.kind, route.namespace_name, route.name, *how);
    if (!removed) return refuse(removed.error());
    return whole(R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Success","code":201})", 201);
}

Outcome<Response> Api::issue_token(const Request& request, const Route& route) {
    const auto account = store_.find(*route.kind, route.namespace_name, route.name);
    if (!account) return refuse(not_found(route.kind->resource, route.kind->group, route.name));
    auto asked = read_object(token_request_kind(), request, FieldValidation::warn, warnings_);
    if (!asked) return refuse(asked.error());
    const auto issued = tokens_.issue(*account, std::move(*asked), options_.clock->wall());
    if (!issued) return refuse(issued.error());
    return whole(issued->dump(), 201);
}

Outcome<Response> Api::scale(const Request& request, const Query& query, const Route& route, const std::string& verb) {
    const auto& kind = *route.kind;
    const auto options = WriteOptions::parse(request, query);
    if (!options) return refuse(options.error());
    auto record = store_.find(kind, route.namespace_name, route.name);
    if (!record) return refuse(not_found(kind.resource, kind.group, route.name));
    if (media_type(request.content_type) == APPLY_PATCH) {
        auto patch = read_apply_patch(request.body);
        if (!patch) return refuse(patch.error());
        // What is applied is the count alone, of the object that is scaled.
        auto applied = applied_scale(kind, record->tree(kind), patch->tree);
        if (!applied) return refuse(applied.error());
        const auto written =
            writes_.apply({kind, route.namespace_name, route.name, route.subresource}, std::move(*applied), *options);
        if (!written) return refuse(written.error());
        record = written->record;
    } else if (verb != "get") {
        std::optional<PatchRequest> patch;
        Json sent;
        if (verb == "patch") {
            auto read = PatchRequest::read(scale_kind(), request);
            if (!read) return refuse(read.error());
            patch = std::move(*read);
        } else {
            auto read = read_object(scale_kind(), request, options->validation, warnings_);
            if (!read) return refuse(read.error());
            sent = std::move(*read);
        }
        const auto change = [&](const Json& old) -> Outcome<Json> {
            auto wanted = patch ? patch->apply(scale_kind(), scale_or_none(kind, old), options->validation, warnings_)
                                : Outcome<Json>(sent);
            return wanted ? scaled(kind, old, *wanted) : wanted;
        };
        // It is the specification that changes; the generation moves with it.
        const auto written =
            writes_.modify({kind, route.namespace_name, route.name, route.subresource}, change, *options);
        if (!written) return refuse(written.error());
        record = written->record;
    }
    const auto scale = scale_of(kind, record->tree(kind));
    if (!scale) return refuse(scale.error());
    auto response = whole(scale->dump());
    return response;
}

Outcome<Response> Api::remove(const Request& request, const Query& query, const Route& route) {
    const auto options = DeleteOptions::parse(request, query);
    if (!options) return refuse(options.error());
    const auto removed = writes_.remove(*route.kind, route.namespace_name, route.name, *options);
    if (!removed) return refuse(removed.error());
    if (!removed->gone || route.kind->habits.returns_deleted || route.kind->kind == "Namespace") {
        return show(request, query, *route.kind, *removed->record, 200);
    }
    Json details = {{"name", route.name}, {"kind", route.kind->resource}, {"uid", removed->record->uid}};
    if (!route.kind->group.empty()) details["group"] = route.kind->group;
    return whole(Json{
        {"kind", "Status"},
        {"apiVersion", "v1"},
        {"metadata", Json::object()},
        {"status", "Success"},
        {"details",
         details}}.dump());
}

Outcome<Response> Api::remove_collection(const Request& request, const Query& query, const Route& route) {
    const auto options = DeleteOptions::parse(request, query);
    if (!options) return refuse(options.error());
    const auto list = ListOptions::parse(route, query);
    if (!list) return refuse(list.error());
    const auto view = View::negotiate(request.accept, query);
    if (!view) return refuse(view.error());
    const auto page = read_page(store_, *list);
    if (!page) return refuse(page.error());
    for (const auto& record : page->records) {
        const auto removed = writes_.remove(*route.kind, record->namespace_name, record->name, *options);
        if (!removed && removed.error().code != 404) return refuse(removed.error());
    }
    return whole(view->list(*route.kind, page->records, page->metadata, options_.clock->wall()));
}

}  // namespace moontide::sandbox
