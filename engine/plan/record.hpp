// A copy that exists, in 64 bytes; of its content only a hash is kept.
#pragma once

#include "kube/object.hpp"
#include "plan/claim.hpp"
#include "plan/content_hash.hpp"
#include "plan/identity.hpp"
#include "plan/names.hpp"

#include <variant>

namespace moontide::plan {

/// An object in a target that carries our claim for that place, or (`by_marks`) the marks of the controller that the
/// policy replaces.
struct Record {
    Uid uid;
    Hash hash;
    kube::ResourceVersion resource_version = 0;
    UnitId unit = 0;
    /// The claim's lists of our labels and annotations, as one interned text.
    NameId keys = 0;
    bool plain : 1 = false;  ///< nobody else's label, annotation, finalizer or owner is on it
    bool made : 1 = false;   ///< we made it (or `marked` counts it as made), so we may delete it
    bool terminating : 1 = false;
    bool immutable : 1 = false;
    bool refuses : 1 = false;    ///< immutable: the server has refused what is wanted of it
    bool labelled : 1 = false;   ///< our labels are as they should be
    bool edited : 1 = false;     ///< it is no longer what we wrote last
    bool by_marks : 1 = false;   ///< known by the policy's marks alone
    bool unwatched : 1 = false;  ///< a list at the start found it: it lacks the label that copies are watched by
    bool fields : 1 = false;     ///< not the whole content is ours: the hash is of the fields that are
    bool joined : 1 = false;     ///< a part of an object that is somebody else's
    bool managed : 1 = false;    ///< joined: the server knows which fields are the part's
    bool lists : 1 = false;      ///< joined: elements of lists that are written whole are among them
};

/// Nothing of that name is there, as far as is known.
struct Absent {
    bool seen = false;  ///< an answer said so
};

/// The watch of our labels shows it no more, by no doing of ours: it was deleted, or it lost its label and is there.
struct Lost {};

/// An object of that name that carries no claim of ours.
struct Foreign {
    Uid uid;
    kube::ResourceVersion resource_version = 0;
    Hash compared = {};        ///< of the wish that the next two are about
    bool same_fields = false;  ///< its content is what is wanted
    bool marked = false;       ///< it carries the policy's marks
    bool immutable = false;
    bool terminating = false;
    bool claimed = false;  ///< another instance of Moontide has it
};

/// What is known to stand at a target.
using Standing = std::variant<Absent, Lost, Record, Foreign>;

/// The interned text of the keys that a claim lists.
inline std::string keys_text(const std::vector<std::string>& labels, const std::vector<std::string>& annotations) {
    std::string text;
    for (const auto& key : labels) text += key + "\n";
    text += "\n";
    for (const auto& key : annotations) text += key + "\n";
    return text;
}

}  // namespace moontide::plan
