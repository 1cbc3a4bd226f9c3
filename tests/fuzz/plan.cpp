// What stands on objects that anybody may write: claims, and the content of copies.
#include "fuzz/fuzzer.hpp"
#include "plan/claim.hpp"
#include "plan/content_hash.hpp"

#include <string>

namespace moontide::fuzz {

MOONTIDE_FUZZER(claim) {
    const auto claim = plan::Claim::parse(input);
    if (!claim) return;
    const auto text = claim->text();
    require(text.find('\n') == std::string::npos, "a claim is one line");
    const auto again = plan::Claim::parse(text);
    require(again.has_value(), "the text of a claim is a claim");
    require(again->text() == text, "a claim is what its text says");
}

MOONTIDE_FUZZER(live_copy) {
    plan::LiveReader reader;
    const auto live = reader.read(input);
    policy::Content content;
    content.kind = {"v1", "ConfigMap"};
    content.fields = R"({"data":{"key":"value"}})";
    content.mark_labels = {{"team", "blue"}};
    (void)plan::likeness(input, content);
    if (!live) return;
    const auto again = reader.read(input);
    require(again.has_value() && again->hash == live->hash, "the hash of a copy depends on the copy alone");
}

}  // namespace moontide::fuzz
