#include "status/ledger.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace moontide::status {

namespace {

constexpr std::size_t longest_name = 253;

bool is_continuation(char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U;
}

}  // namespace

std::string cut(std::string text, std::size_t most) {
    constexpr std::string_view mark = "...";
    if (text.size() <= most) return text;
    std::size_t end = most - mark.size();
    while (end > 0 && is_continuation(text[end])) --end;
    text.resize(end);
    return text.append(mark);
}

Ledger::NoticeKey Ledger::key_of(const Notice& notice) {
    return {notice.about, notice.uid, notice.type, notice.reason, notice.subject};
}

bool Ledger::take_share(const Notice& notice, Instant now) {
    ObjectKey key{notice.about, notice.uid};
    auto [place, fresh] = shares_.try_emplace(key);
    auto& share = place->second;
    if (fresh) {
        share.counted = now;
        share.told = objects_by_age_.insert(objects_by_age_.end(), key);
        if (shares_.size() > most_) {
            shares_.erase(objects_by_age_.front());
            objects_by_age_.pop_front();
        }
    } else {
        objects_by_age_.splice(objects_by_age_.end(), objects_by_age_, share.told);
        const std::chrono::duration<double, std::milli> passed = now - share.counted;
        share.left = std::min<double>(burst, share.left + passed / one_more_after);
        share.counted = now;
    }
    if (share.left < 1) return false;
    share.left -= 1;
    return true;
}

std::string Ledger::event_name(const Notice& notice, WallTime wall) {
    // client-go's form: the object's name and a number that is not given twice.
    const auto number = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(wall.time_since_epoch()).count());
    const auto suffix = fmt::format(".{:x}", number + made_++);
    auto name = notice.about.name.substr(0, longest_name - suffix.size());
    for (auto& letter : name) {
        // Names of RBAC objects may hold what an Event's name may not.
        const bool allowed = (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || letter == '.';
        if (!allowed) letter = '-';
    }
    while (!name.empty() && (name.back() == '.' || name.back() == '-')) name.pop_back();
    return (name.empty() ? std::string("object") : name) + suffix;
}

Draft Ledger::draft(Draft::Write write, const Entry& entry, Notice notice, WallTime wall) const {
    Draft made;
    made.write = write;
    made.place = notice.about.namespace_name.empty() ? "default" : notice.about.namespace_name;
    made.notice = std::move(notice);
    made.name = entry.event;
    made.count = entry.count;
    made.first = entry.first;
    made.last = wall;
    return made;
}

std::optional<Draft> Ledger::judge(Notice notice, Instant now, WallTime wall) {
    notice.message = cut(std::move(notice.message), 1'024);
    auto key = key_of(notice);
    if (const auto found = entries_.find(key); found != entries_.end()) {
        auto& entry = found->second;
        ++entry.count;
        notices_by_age_.splice(notices_by_age_.end(), notices_by_age_, entry.told);
        if (entry.state == Entry::State::writing || now - entry.sent < again_after) return std::nullopt;
        if (!take_share(notice, now)) return std::nullopt;
        entry.state = Entry::State::writing;
        return draft(Draft::Write::raise, entry, std::move(notice), wall);
    }
    if (!take_share(notice, now)) return std::nullopt;
    Entry entry;
    entry.event = event_name(notice, wall);
    entry.first = wall;
    entry.told = notices_by_age_.insert(notices_by_age_.end(), key);
    const auto& made = entries_.emplace(std::move(key), std::move(entry)).first->second;
    auto result = draft(Draft::Write::create, made, std::move(notice), wall);
    if (entries_.size() > most_) {
        entries_.erase(notices_by_age_.front());
        notices_by_age_.pop_front();
    }
    return result;
}

void Ledger::written(const Draft& draft, Instant now) {
    const auto found = entries_.find(key_of(draft.notice));
    if (found == entries_.end() || found->second.event != draft.name) return;
    found->second.state = Entry::State::written;
    found->second.sent = now;
}

std::optional<Draft> Ledger::gone(const Draft& draft, WallTime wall) {
    const auto found = entries_.find(key_of(draft.notice));
    if (found == entries_.end() || found->second.event != draft.name) return std::nullopt;
    found->second.event = event_name(draft.notice, wall);
    return this->draft(Draft::Write::create, found->second, draft.notice, wall);
}

void Ledger::failed(const Draft& draft) {
    const auto found = entries_.find(key_of(draft.notice));
    if (found == entries_.end() || found->second.event != draft.name) return;
    notices_by_age_.erase(found->second.told);
    entries_.erase(found);
}

}  // namespace moontide::status
