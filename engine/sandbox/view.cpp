#include "sandbox/view.hpp"

#include "sandbox/spelling.hpp"

#include <fmt/format.h>

namespace moontide::sandbox {

namespace {

struct Accepted {
    std::string type;
    std::string as;
    std::string version;
    std::string group;
};

Accepted read_range(std::string_view text) {
    Accepted accepted;
    bool first = true;
    while (!text.empty()) {
        const auto end = std::min(text.find(';'), text.size());
        const auto part = trimmed(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
        if (first) {
            accepted.type = part;
            first = false;
        } else if (part.starts_with("as=")) {
            accepted.as = part.substr(3);
        } else if (part.starts_with("v=")) {
            accepted.version = part.substr(2);
        } else if (part.starts_with("g=")) {
            accepted.group = part.substr(2);
        }
    }
    return accepted;
}

std::string list_metadata(const ListMetadata& metadata) {
    Json json = {{"resourceVersion", std::to_string(metadata.version)}};
    if (!metadata.continue_token.empty()) json["continue"] = metadata.continue_token;
    if (metadata.remaining) json["remainingItemCount"] = *metadata.remaining;
    return json.dump();
}

}  // namespace

Outcome<View> View::negotiate(std::string_view accept, const Query& query) {
    View view;
    const auto include = query.text("includeObject");
    if (include == "Object") view.include_ = Include::object;
    if (include == "None") view.include_ = Include::none;
    if (trimmed(accept).empty()) return view;
    while (!accept.empty()) {
        const auto end = std::min(accept.find(','), accept.size());
        const auto accepted = read_range(accept.substr(0, end));
        accept.remove_prefix(std::min(end + 1, accept.size()));
        if (accepted.type != "application/json" && accepted.type != "*/*" && accepted.type != "application/*") continue;
        if (accepted.as.empty()) return view;
        if (accepted.group != "meta.k8s.io" || accepted.version != "v1") continue;
        if (accepted.as == "Table") {
            if (!include.empty() && include != "Metadata" && include != "Object" && include != "None") {
                return refuse(bad_request(
                    fmt::format("Unable to convert to Table as requested: includeObject: Invalid value: {}: must be "
                                "'Metadata', 'Object', 'None', or empty",
                                in_quotes(include))));
            }
            view.form_ = Form::table;
            return view;
        }
        if (accepted.as == "PartialObjectMetadata" || accepted.as == "PartialObjectMetadataList") {
            view.form_ = Form::metadata;
            return view;
        }
    }
    return refuse(
        {406, "NotAcceptable", "only the following media types are accepted: application/json", Json::object(), {}});
}

std::string View::one(const KindRow& kind, const Record& record, WallTime now) const {
    switch (form_) {
        case Form::table:
            return table(kind, {&record}, {record.version, {}, {}}, now, true);
        case Form::metadata:
            return record.metadata_object();
        case Form::object:
            break;
    }
    return record.object(kind);
}

std::string View::list(const KindRow& kind, const std::vector<RecordPtr>& records, const ListMetadata& metadata,
                       WallTime now) const {
    if (form_ == Form::table) {
        std::vector<const Record*> rows;
        for (const auto& record : records) rows.push_back(record.get());
        return table(kind, rows, metadata, now, true);
    }
    const bool whole = form_ == Form::object;
    std::string text = whole ? fmt::format(R"({{"kind":"{}","apiVersion":"{}")", kind.list_kind, kind.api_version())
                             : R"({"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/v1")";
    text += fmt::format(R"(,"metadata":{},"items":[)", list_metadata(metadata));
    std::size_t size = text.size();
    for (const auto& record : records) size += record->text.size() + 80;
    text.reserve(size);
    bool first = true;
    for (const auto& record : records) {
        if (!first) text += ',';
        first = false;
        if (whole) {
            // Items of built-in kinds do not name their kind, those of others do.
            text += kind.custom ? record->object(kind) : record->item(kind);
        } else {
            text += record->metadata_object();
        }
    }
    return text + "]}";
}

std::string View::event_object(const KindRow& kind, const Record& record, WallTime now, bool first) const {
    if (form_ == Form::table) return table(kind, {&record}, {record.version, {}, {}}, now, first);
    return one(kind, record, now);
}

std::string View::table(const KindRow& kind, const std::vector<const Record*>& records, const ListMetadata& metadata,
                        WallTime now, bool columns) const {
    std::string text =
        fmt::format(R"({{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{},"columnDefinitions":{},"rows":[)",
                    list_metadata(metadata), columns ? kind.columns.dump() : "null");
    bool first = true;
    for (const Record* record : records) {
        if (!first) text += ',';
        first = false;
        text += R"({"cells":)" + table_cells(kind, *record, now).dump();
        if (include_ == Include::metadata) text += R"(,"object":)" + record->metadata_object();
        if (include_ == Include::object) text += R"(,"object":)" + record->object(kind);
        if (include_ == Include::none) text += R"(,"object":null)";
        text += '}';
    }
    return text + "]}";
}

}  // namespace moontide::sandbox
