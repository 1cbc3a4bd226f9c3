#include "sandbox/patch_request.hpp"

#include "sandbox/custom_rules.hpp"
#include "sandbox/go_text.hpp"
#include "sandbox/json_at.hpp"
#include "sandbox/patch.hpp"

#include <fmt/format.h>

namespace moontide::sandbox {

Outcome<PatchRequest> PatchRequest::read(const KindRow& kind, const Request& request) {
    const auto type = media_type(request.content_type);
    auto form = Form::strategic;
    if (type == "application/merge-patch+json") {
        form = Form::merge;
    } else if (type == "application/json-patch+json") {
        form = Form::json;
    } else if (type != "application/strategic-merge-patch+json" || kind.custom) {
        return refuse(unsupported_media_type(
            kind.custom ? "the body of the request was in an unknown format - accepted media types include: "
                          "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml"
                        : "415: Unsupported Media Type"));
    }
    if (request.body.size() > LARGEST_BODY) return refuse(body_too_large(LARGEST_BODY));
    auto body = parse_json(request.body);
    const std::string what = form == Form::strategic ? "" : "error decoding patch: ";
    if (!body) return refuse(bad_request(what + body.error()));
    if (form != Form::json && !body->tree.is_object()) {
        return refuse(
            bad_request(fmt::format("{}json: cannot unmarshal {} into Go value of type map[string]interface {{}}", what,
                                    body->tree.type_name())));
    }
    return PatchRequest(form, std::move(*body));
}

Outcome<Json> PatchRequest::patched(const KindRow& kind, Json tree, std::string* quote) const {
    auto rest = body_.tree;
    Outcome<void> done;
    if (form_ == Form::merge) {
        merge_patch(tree, rest);
    } else if (form_ == Form::json) {
        done = json_patch(tree, rest);
    } else {
        done = strategic_patch(kind, tree, rest);
    }
    if (!done) return refuse(done.error());
    if (quote) *quote = form_ == Form::strategic ? in_go(rest) : tree.dump();
    // A strategic patch may replace the whole: what the path says of the object need not stand in it again.
    if (form_ == Form::strategic && !tree.contains("kind") && !tree.contains("apiVersion")) {
        tree["kind"] = kind.kind;
        tree["apiVersion"] = kind.api_version();
    }
    return tree;
}

Outcome<Json> PatchRequest::apply(const KindRow& kind, const Json& old, FieldValidation validation,
                                  std::vector<std::string>& warnings) const {
    auto tree = patched(kind, old, nullptr);
    if (!tree) return refuse(tree.error());
    Body made{std::move(*tree), body_.duplicates};
    std::string why;
    const bool same_kind = made.tree.is_object() && text_at(made.tree, "kind") == kind.kind &&
                           text_at(made.tree, "apiVersion") == kind.api_version();
    if (same_kind && fits(kind, made, validation, warnings, why)) {
        if (kind.custom) {
            for (auto& warning : warnings_of(made.tree, &old)) warnings.push_back(std::move(warning));
        }
        return std::move(made.tree);
    }
    std::string quote;
    static_cast<void>(patched(kind, old, &quote));
    Complaints complaints;
    complaints.invalid("patch", quote, why.empty() ? "a patch cannot change kind and apiVersion" : why);
    return refuse(invalid("", "", "", complaints));
}

}  // namespace moontide::sandbox
