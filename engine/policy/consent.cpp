#include "policy/consent.hpp"

#include "kube/selector.hpp"

namespace moontide::policy {
namespace {

template <typename Predicate>
bool any_entry(std::string_view list, Predicate&& holds) {
    constexpr std::string_view blanks = " \t\r\n";
    while (!list.empty()) {
        const std::size_t comma = list.find(',');
        std::string_view entry = list.substr(0, comma);
        list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
        const std::size_t begin = entry.find_first_not_of(blanks);
        if (begin == std::string_view::npos) continue;
        entry = entry.substr(begin, entry.find_last_not_of(blanks) - begin + 1);
        if (holds(entry)) return true;
    }
    return false;
}

}  // namespace

Result<Consent> Consent::read(kube::Reader& reader, const kube::Object& object, std::string_view key) {
    const kube::Metadata metadata = TRY(reader.metadata(object.json()));
    Consent consent;
    if (const std::string_view* list = kube::find(metadata.annotations, key)) consent.list_ = *list;
    return consent;
}

bool Consent::allows(std::string_view namespace_name) const {
    return any_entry(list_, [&](std::string_view entry) { return kube::glob_matches(entry, namespace_name); });
}

bool Consent::names(std::string_view namespace_name) const {
    return any_entry(list_, [&](std::string_view entry) { return entry == namespace_name; });
}

}  // namespace moontide::policy
