#include "watch/page.hpp"

#include <utility>

#include <fmt/format.h>
#include <simdjson.h>

namespace moontide::watch {

namespace {

namespace ondemand = simdjson::ondemand;

std::unexpected<Error> unreadable(simdjson::error_code error) {
    return fail(fmt::format("the list is unreadable: {}", simdjson::error_message(error)), Retry::later);
}

simdjson::error_code read_list_metadata(ondemand::object object, std::string_view& version, std::string_view& token) {
    for (auto result : object) {
        ondemand::field field;
        if (const auto error = std::move(result).get(field)) return error;
        const auto key = field.key();
        const bool is_version = key.unsafe_is_equal("resourceVersion");
        if (!is_version && !key.unsafe_is_equal("continue")) continue;
        if (const auto error = field.value().get_string().get(is_version ? version : token)) return error;
    }
    return simdjson::SUCCESS;
}

}  // namespace

struct Page::Implementation {
    std::string body;
    ondemand::parser parser;
    ondemand::document document;

    /// The list's own metadata; it may stand behind the items.
    simdjson::error_code read(std::string_view& version, std::string_view& token, bool& has_items) {
        const simdjson::padded_string_view text(body.data(), body.size(), body.capacity());
        if (const auto error = parser.iterate(text).get(document)) return error;
        ondemand::object root;
        if (const auto error = document.get_object().get(root)) return error;
        for (auto result : root) {
            ondemand::field field;
            if (const auto error = std::move(result).get(field)) return error;
            const auto key = field.key();
            if (key.unsafe_is_equal("metadata")) {
                ondemand::object metadata;
                if (const auto error = field.value().get_object().get(metadata)) return error;
                if (const auto error = read_list_metadata(metadata, version, token)) return error;
            } else if (key.unsafe_is_equal("items")) {
                has_items = true;
            }
        }
        return simdjson::SUCCESS;
    }
};

Page::Page() : self_(std::make_unique<Implementation>()) {}
Page::~Page() = default;
Page::Page(Page&&) noexcept = default;
Page& Page::operator=(Page&&) noexcept = default;

Result<Page> Page::read(std::string body) {
    Page page;
    page.self_->body = std::move(body);
    page.self_->body.reserve(page.self_->body.size() + simdjson::SIMDJSON_PADDING);
    std::string_view version;
    std::string_view token;
    bool has_items = false;
    if (const auto error = page.self_->read(version, token, has_items)) return unreadable(error);
    // A proxy's answer must never pass for an empty list.
    if (!has_items) return fail("the list has no items field", Retry::later);
    page.version_ = TRY(kube::parse_resource_version(version));
    page.continue_token_ = token;
    return page;
}

Result<void> Page::for_each(const std::function<Result<void>(std::string_view)>& take) {
    auto& document = self_->document;
    document.rewind();
    ondemand::value items;
    if (const auto error = document["items"].get(items)) return unreadable(error);
    ondemand::json_type type{};
    if (const auto error = items.type().get(type)) return unreadable(error);
    if (type == ondemand::json_type::null) return {};
    ondemand::array array;
    if (const auto error = items.get_array().get(array)) return unreadable(error);
    for (auto item : array) {
        ondemand::object object;
        if (const auto error = item.get_object().get(object)) return unreadable(error);
        std::string_view json;
        if (const auto error = object.raw_json().get(json)) return unreadable(error);
        TRY_VOID(take(json));
    }
    return {};
}

}  // namespace moontide::watch
