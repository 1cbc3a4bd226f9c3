// One number for what a copy holds, the same for what is wanted and for what is there.
#pragma once

#include "base/result.hpp"
#include "kube/object.hpp"
#include "plan/claim.hpp"
#include "plan/identity.hpp"
#include "policy/policy.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace moontide::plan {

Hash hash_of_text(std::string_view text);

/// An ownerReference that `belongs` asks for.
struct Belonging {
    kube::Kind kind;
    std::string name;
    std::string uid;

    bool operator==(const Belonging&) const = default;
};

/// SHA-256 over data, binaryData, type and immutable, our labels, annotations and owner reference, and the bond of the
/// claim; keys are sorted, what is empty counts as absent, `immutable: false` and a Secret's type Opaque too, since
/// the server leaves out the one and adds the other. The place is not in it, so that one hash serves all targets.
/// `fields` is Content::fields.
Result<Hash> wanted_hash(const policy::Content& content, const Bond& bond, const std::optional<Belonging>& belonging);

/// The same where fields are ours and not the whole content: over every field that the content names.
Result<Hash> wanted_fields_hash(const policy::Content& content, const Bond& bond,
                                const std::optional<Belonging>& belonging);

/// A part of a live object: what its claim says, and what of it is there.
struct LivePart {
    Claim claim;
    Hash hash;              ///< as wanted_fields_hash makes it
    bool labelled = false;  ///< the object carries the label of parts with the claim's instance, as a field of this one
    bool managed = false;   ///< the server knows its fields
    bool lists = false;     ///< it has elements in lists that are written whole
};

/// What is known of a live object of ours.
struct Live {
    std::string namespace_name;
    std::string name;
    Uid uid;
    kube::ResourceVersion resource_version = 0;
    std::optional<Claim> claim;  ///< nothing: it carries none, or none that can be read
    bool has_claim = false;      ///< the annotation is there, readable or not: a copy or a clone of one
    bool our_labels = false;     ///< managed-by, instance and owner are as the claim says
    Hash hash;                   ///< as wanted_hash makes it, with the claim's lists of our labels and annotations, or
                                 ///< wanted_fields_hash where the claim says that fields are ours
    bool plain = false;          ///< nobody else's label, annotation, finalizer or owner is on it
    bool terminating = false;
    bool immutable = false;
    std::vector<LivePart> parts;
};

/// Parses a whole object; hashes on the way and keeps nothing else. One a thread.
class LiveReader {
public:
    LiveReader();
    ~LiveReader();
    LiveReader(LiveReader&&) noexcept;

    Result<Live> read(std::string_view object_json);

private:
    struct Implementation;
    std::unique_ptr<Implementation> self_;
};

/// Of a live object that carries no claim: whether it holds exactly the content's fields (those at least, where only
/// fields are to be ours), and every mark; where a part is in it, the marks may be the part's and say nothing.
struct Likeness {
    bool same_fields = false;
    bool marked = false;
};
Likeness likeness(std::string_view object_json, const policy::Content& content,
                  policy::Writes writes = policy::Writes::whole);

}  // namespace moontide::plan
