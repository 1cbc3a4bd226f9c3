// Which fields of a live object are ours, where not all of them are.
#pragma once

#include "plan/content_hash.hpp"

#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace moontide::plan {

/// The field manager of what is ours whole.
inline constexpr std::string_view whole_manager = "moontide";
/// And of a part, since two parts under one manager would erase each other.
std::string part_manager(std::string_view part_id);

/// The fields that a manager applied to an object, as metadata.managedFields has them (FieldsV1: "f:" before a field's
/// name, "k:" before the keys of a list's item, "v:" before a set's value, "." for the thing itself; see
/// https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/object-meta/). Null where there are none.
const nlohmann::json* applied_fields(const nlohmann::json& object, std::string_view manager);

/// The object less everything that is not among those fields.
nlohmann::json reduced_to(const nlohmann::json& object, const nlohmann::json& fields);

/// An element of a list that only the whole list's writer owns ("atomic"; ServiceAccount.imagePullSecrets is one).
struct ListElement {
    nlohmann::json value;
    bool added = false;  ///< by us, so that it goes with the part; else it was there
};
/// By the list's JSON pointer, as the annotation lists.part.moontide.dev/<id> has them:
/// {"/imagePullSecrets":[{"added":{"name":"a"}},{"found":{"name":"b"}}]}
using ListParts = std::map<std::string, std::vector<ListElement>>;

ListParts list_parts(const nlohmann::json& object, std::string_view part_id);
std::string text_of(const ListParts& lists);

/// What of an object is as the claim's last apply made it; equals wanted_fields_hash() while it still is.
Hash live_fields_hash(const nlohmann::json& object, const Claim& claim, const std::optional<Belonging>& belonging);

/// Whether the object has every field that is wanted, each with its value; lists element by element.
bool holds(const nlohmann::json& object, const nlohmann::json& wanted);

}  // namespace moontide::plan
