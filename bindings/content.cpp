#include "bindings/content.hpp"

#include "bindings/bytes.hpp"
#include "bindings/convert.hpp"
#include "bindings/data.hpp"
#include "bindings/words.hpp"
#include "policy/globs.hpp"
#include "policy/hygiene.hpp"
#include "policy/kind_of.hpp"
#include "policy/shorten.hpp"

#include <array>

#include <fmt/format.h>

namespace moontide::bindings {
namespace {

/// What is not content: where and what the object is, what a controller says of it, and what documents have at the top
/// beside the API's fields.
constexpr std::array<const char*, 10> beside_content = {"apiVersion", "kind", "metadata", "status",      "name",
                                                        "namespace",  "uid",  "labels",   "annotations", "cluster"};

class ContentMaker {
public:
    explicit ContentMaker(Evaluation& evaluation) : evaluation_(evaluation), shape_(evaluation.shape()) {}

    Result<std::shared_ptr<const policy::Content>> make() {
        content_->kind = evaluation_.target.kind;
        TRY_VOID(take_from_sources());
        if (has_data(content_->kind)) {
            TRY_VOID(choose_keys());
            TRY_VOID(lay_data_over());
            data_.write(fields_, content_->kind);
        }
        if (!TRY(make_object())) return nullptr;
        TRY_VOID(take_carried());
        TRY_VOID(mark());
        try {
            content_->fields = fields_.dump();
        } catch (const std::exception& error) {
            return evaluation_.fail_at(shape_.slot("object"), error.what());
        }
        return content_;
    }

private:
    /// The kind of a source: what its text says, else the only one that there is.
    std::optional<kube::Kind> source_kind(const Json& source) const {
        const auto kind = source.find("kind");
        const auto version = source.find("apiVersion");
        if (kind != source.end() && version != source.end() && kind->is_string() && version->is_string()) {
            return kube::Kind{version->get<std::string>(), kind->get<std::string>()};
        }
        if (shape_.shape.source_kinds.size() == 1) return shape_.shape.source_kinds.front();
        return std::nullopt;
    }

    /// Sources of a group are laid over each other in their order.
    Result<void> take_from_sources() {
        for (std::size_t at = 0; at < evaluation_.sources().size(); ++at) {
            const Json& source = *TRY(evaluation_.source(at));
            const auto kind = source_kind(source);
            if (!kind)
                return evaluation_.fail_at(shape_.slot("from"), "the source's text does not say what kind it is");
            const bool same = policy::same_kind(*kind, content_->kind);
            const bool data_goes_along = has_data(*kind) && has_data(content_->kind);
            if (data_goes_along) {
                const auto added = data_.add(source, *kind);
                if (!added) return evaluation_.fail_at(shape_.slot("from"), added.error().message);
            }
            if (!same || at > 0) continue;
            for (const auto& [name, value] : source.items()) {
                const bool is_data = data_goes_along && (name == "data" || name == "binaryData");
                const bool is_beside = std::ranges::find(beside_content, name) != beside_content.end();
                if (!is_data && !is_beside) fields_[name] = value;
            }
        }
        return {};
    }

    /// The patterns of a list of globs; empty where it is left out.
    Result<std::vector<policy::Pattern>> globs(const std::optional<Value>& value) {
        if (!value) return std::vector<policy::Pattern>();
        Patterns patterns = TRY(evaluation_.patterns(*value));
        if (const auto* waiting = std::get_if<Waiting>(&patterns))
            return evaluation_.fail_at(value->place, waiting->what);
        if (auto* found = std::get_if<std::vector<policy::Pattern>>(&patterns)) return std::move(*found);
        return std::vector<policy::Pattern>();
    }

    Result<void> choose_keys() {
        std::map<std::string, std::string> names;
        Place place = shape_.slot("keys");
        if (const auto* keys = std::get_if<KeysShape>(&shape_.keys)) {
            policy::KeyGlobs chosen;
            chosen.keep = TRY(globs(keys->keep));
            chosen.drop = TRY(globs(keys->drop));
            for (const auto& [old_name, value] : keys->rename) {
                auto name = TRY(evaluation_.text(value));
                if (!name) continue;
                const bool wild = old_name.find_first_of("*?") != std::string::npos;
                chosen.rename.emplace_back(policy::Pattern{old_name, wild}, std::move(*name));
            }
            for (const std::string& key : data_.keys()) {
                if (auto name = chosen.apply(key)) names[key] = std::move(*name);
            }
        } else if (const auto* function = std::get_if<Function>(&shape_.keys)) {
            place = shape_.functions[static_cast<std::size_t>(function->number)].place;
            for (const std::string& key : data_.keys()) {
                evaluation_.key_asked = &key;
                const Json answer = TRY(evaluation_.call(*function));
                if (answer == true) {
                    names[key] = key;
                } else if (answer.is_string()) {
                    names[key] = answer.get<std::string>();
                } else if (!answer.is_null() && answer != false) {
                    return evaluation_.fail_at(place, "the function must return true, false or a new name");
                }
            }
        } else {
            return {};
        }
        const auto renamed = data_.rename(names);
        if (!renamed) return evaluation_.fail_at(place, renamed.error().message);
        return {};
    }

    Result<void> lay_data_over() {
        if (!shape_.data) return {};
        if (const auto* function = shape_.data->function()) {
            const std::map<std::string, std::string> so_far = data_.bytes();
            evaluation_.data_so_far = &so_far;
            const auto all = evaluation_.call_for_bytes(*function);
            evaluation_.data_so_far = nullptr;
            if (!all) return std::unexpected(all.error());
            data_.replace(*all);
            return {};
        }
        std::optional<std::map<std::string, std::string>> so_far;
        for (const auto& [key, value] : *shape_.data->map()) {
            if (value.function() && !so_far) {
                so_far = data_.bytes();
                evaluation_.data_so_far = &*so_far;
            }
            const auto bytes = TRY(evaluation_.bytes(value));
            if (bytes) data_.put(key, *bytes);
        }
        evaluation_.data_so_far = nullptr;
        return {};
    }

    static void merge(Json& into, const Json& over) {
        if (!into.is_object() || !over.is_object()) {
            into = over;
            return;
        }
        for (const auto& [name, value] : over.items()) merge(into[name], value);
    }

    /// False: no copy here.
    Result<bool> make_object() {
        if (!shape_.object) return true;
        evaluation_.object_so_far = &fields_;
        if (const auto* function = shape_.object->function()) {
            Json returned = TRY(evaluation_.call(*function));
            evaluation_.object_so_far = nullptr;
            if (returned.is_null()) return false;
            if (!returned.is_object())
                return evaluation_.fail_at(shape_.object->place, "the function must return a table of fields");
            // A whole object of the API may be returned; then it brings what documents have beside its fields.
            const bool is_document = returned.contains("metadata") && returned.contains("cluster");
            for (std::size_t at = 0; at < (is_document ? beside_content.size() : 4); ++at)
                returned.erase(beside_content[at]);
            fields_ = std::move(returned);
        } else {
            const Json so_far = fields_;
            evaluation_.object_so_far = &so_far;
            const Outcome outcome = TRY(evaluation_.value(*shape_.object));
            evaluation_.object_so_far = nullptr;
            merge(fields_, std::get<Json>(outcome));
        }
        if (content_->kind == kube::Kind{"v1", "Secret"}) return encode_string_data();
        return true;
    }

    /// The API server never shows `stringData`, so a Secret with it would differ for ever.
    Result<bool> encode_string_data() {
        const auto found = fields_.find("stringData");
        if (found == fields_.end()) return true;
        const Json texts = std::move(*found);
        fields_.erase("stringData");
        if (!texts.is_object()) return evaluation_.fail_at(shape_.object->place, "'stringData' is no map");
        for (const auto& [key, text] : texts.items()) {
            if (!text.is_string())
                return evaluation_.fail_at(shape_.object->place, fmt::format("'stringData.{}' is no text", key));
            fields_["data"][key] = base64(text.get_ref<const std::string&>());
        }
        return true;
    }

    Result<void> carry(const std::vector<policy::Pattern>& patterns, const char* section, policy::Labels& into) {
        if (patterns.empty()) return {};
        for (std::size_t at = 0; at < evaluation_.sources().size(); ++at) {
            const Json& source = *TRY(evaluation_.source(at));
            for (const auto& [key, value] : source.at(section).items()) {
                if (value.is_string() && !policy::is_tracking_mark(key) && policy::any_matches(patterns, key)) {
                    into[key] = value.get<std::string>();
                }
            }
        }
        return {};
    }

    Result<void> take_carried() {
        if (const auto* carried = std::get_if<CarryShape>(&shape_.carry)) {
            TRY_VOID(carry(TRY(globs(carried->labels)), "labels", content_->labels));
            return carry(TRY(globs(carried->annotations)), "annotations", content_->annotations);
        }
        const auto* function = std::get_if<Function>(&shape_.carry);
        if (!function) return {};
        const Place& place = shape_.functions[static_cast<std::size_t>(function->number)].place;
        const Json returned = TRY(evaluation_.call(*function));
        if (returned.is_null()) return {};
        if (!returned.is_object())
            return evaluation_.fail_at(place, "the function must return { labels, annotations }");
        for (const auto& [section, list] : returned.items()) {
            if (section != "labels" && section != "annotations") {
                return evaluation_.fail_at(
                    place, fmt::format("unknown field '{}'; there are labels and annotations", section));
            }
            std::vector<policy::Pattern> patterns;
            for (const Json& one : list.is_array() ? list : Json::array({list})) {
                if (!one.is_string()) return evaluation_.fail_at(place, fmt::format("'{}' must be texts", section));
                // What a function brings is compared exactly.
                patterns.push_back({one.get<std::string>(), false});
            }
            TRY_VOID(carry(patterns, section.c_str(), section == "labels" ? content_->labels : content_->annotations));
        }
        return {};
    }

    /// The texts of a slot, and those of them that are marks: entries of a literal table.
    Result<void> texts_of(const std::optional<Value>& slot, policy::Labels& all, policy::Labels& marks) {
        if (!slot) return {};
        if (const auto* function = slot->function()) {
            const Json returned = TRY(evaluation_.call(*function));
            if (returned.is_null()) return {};
            if (!returned.is_object())
                return evaluation_.fail_at(slot->place, "the function must return a table of texts");
            for (const auto& [key, value] : returned.items()) {
                if (!value.is_string()) {
                    return evaluation_.fail_at(
                        slot->place,
                        fmt::format("the function must return texts, and '{}' is none; use tostring", key));
                }
                all[key] = value.get<std::string>();
            }
            return {};
        }
        for (const auto& [key, value] : *slot->map()) {
            auto text = TRY(evaluation_.text(value));
            if (!text) continue;
            if (!value.function()) marks[key] = *text;
            all[key] = std::move(*text);
        }
        return {};
    }

    Result<void> mark() {
        policy::Labels labels;
        policy::Labels annotations;
        TRY_VOID(texts_of(shape_.labels, labels, content_->mark_labels));
        TRY_VOID(texts_of(shape_.annotations, annotations, content_->mark_annotations));
        for (auto& [key, text] : content_->mark_labels) text = policy::label_value(text);
        for (auto& [key, text] : labels) {
            std::string fitting = policy::label_value(text);
            if (fitting != text) content_->annotations[key] = text;
            content_->labels[key] = std::move(fitting);
        }
        for (auto& [key, text] : annotations) content_->annotations[key] = std::move(text);
        return {};
    }

    Evaluation& evaluation_;
    const PolicyShape& shape_;
    std::shared_ptr<policy::Content> content_ = std::make_shared<policy::Content>();
    Json fields_ = Json::object();
    Data data_;
};

}  // namespace

Result<std::shared_ptr<const policy::Content>> content_of(Evaluation& evaluation) {
    return ContentMaker(evaluation).make();
}

}  // namespace moontide::bindings
