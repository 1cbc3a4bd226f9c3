// Random histories: whatever events, relists and widenings come in whatever order, a Feed ends with what the server
// has.
#include "cache/feed.hpp"
#include "objects.hpp"

#include <deque>
#include <map>
#include <random>

#include <catch2/catch.hpp>

using namespace moontide;
using namespace moontide::cache;
using watch::EventType;

namespace {

struct Event {
    EventType type;
    std::string name;
    kube::ResourceVersion version;
    int shade;
};

struct Held {
    kube::ResourceVersion version;
    int shade;
    bool operator==(const Held&) const = default;
};

std::string text(const std::string& name, const Held& held) {
    return json("n", name, held.version, labelled("shade", std::to_string(held.shade)));
}

/// A server with a few objects, each with a shade from 0 to 3; the watch lags behind it. A filter takes the shades up
/// to a limit.
class World {
public:
    explicit World(unsigned seed) : random_(seed) { relist_now(); }

    void step() {
        switch (random_() % 12) {
            case 0:
                return widen();
            case 1:
                return begin_relist();
            case 2:
                return end_relist();
            case 3:
                return read_list();
            case 4:
                return backfill();
            case 5:
            case 6:
            case 7:
                return deliver();
            default:
                return write();
        }
    }

    void settle() {
        if (relisting_) end_relist();
        while (!pending_.empty()) deliver();
        while (awaited_ > 0) {
            read_list();
            backfill();
        }
        while (!pending_.empty()) deliver();
    }

    std::map<std::string, Held> expected() const {
        std::map<std::string, Held> taken;
        for (const auto& [name, held] : server_) {
            if (held.shade <= limit_) taken.emplace(name, held);
        }
        return taken;
    }

    std::map<std::string, Held> stored() const {
        std::map<std::string, Held> held;
        kube::Reader reader;
        const auto list = store_.all();
        for (const auto& object : *list) {
            const auto metadata = *reader.metadata(object->json());
            const auto shade = std::stoi(std::string(*kube::find(metadata.labels, "shade")));
            held.emplace(object->name(), Held{object->resource_version(), shade});
        }
        return held;
    }

    const std::map<std::string, Held>& heard() const { return heard_; }
    std::size_t contradictions() const { return contradictions_; }

private:
    Feed::Filter filter() const {
        return [limit = limit_](const kube::Metadata& metadata) {
            return std::stoi(std::string(*kube::find(metadata.labels, "shade"))) <= limit;
        };
    }

    /// What a listener that trusts the feed believes.
    void hear(const Change& change) {
        const auto& one = change.after ? change.after : change.before;
        const auto known = heard_.find(std::string(one->name()));
        if ((known != heard_.end()) != (change.before != nullptr)) ++contradictions_;
        if (!change.after) {
            heard_.erase(std::string(one->name()));
            return;
        }
        if (known != heard_.end() && known->second.version >= change.after->resource_version()) ++contradictions_;
        kube::Reader reader;
        const auto metadata = *reader.metadata(one->json());
        heard_[std::string(one->name())] = {one->resource_version(),
                                            std::stoi(std::string(*kube::find(metadata.labels, "shade")))};
    }

    void write() {
        const auto name = fmt::format("o-{}", random_() % 6);
        const auto found = server_.find(name);
        ++version_;
        if (found != server_.end() && random_() % 3 == 0) {
            pending_.push_back({EventType::deleted, name, version_, found->second.shade});
            server_.erase(found);
            return;
        }
        const int shade = static_cast<int>(random_() % 4);
        pending_.push_back({found == server_.end() ? EventType::added : EventType::modified, name, version_, shade});
        server_[name] = {version_, shade};
    }

    void deliver() {
        if (relisting_ || pending_.empty()) return;
        const auto event = pending_.front();
        pending_.pop_front();
        feed_.changed(event.type, text(event.name, {event.version, event.shade}));
    }

    void relist_now() {
        begin_relist();
        end_relist();
    }

    void begin_relist() {
        if (relisting_) return;
        relisting_ = true;
        snapshot_ = {server_.begin(), server_.end()};
        snapshot_version_ = version_;
        feed_.relist_begun();
        // A part of it now, the rest at the end: a widening may come between.
        for (auto left = snapshot_.size() / 2; left > 0; --left) list_one();
    }

    void list_one() {
        feed_.listed(text(snapshot_.front().first, snapshot_.front().second));
        snapshot_.pop_front();
    }

    void end_relist() {
        if (!relisting_) return;
        relisting_ = false;
        if (random_() % 5 == 0) {
            feed_.relist_abandoned();
            return;
        }
        while (!snapshot_.empty()) list_one();
        feed_.relisted(snapshot_version_);
        std::erase_if(pending_, [&](const Event& event) { return event.version <= snapshot_version_; });
    }

    void widen() {
        if (limit_ == 3) return;
        ++limit_;
        ++awaited_;
        feed_.widen(filter());
    }

    /// A list of everything, at the server's version of now.
    void read_list() {
        if (awaited_ == 0) return;
        list_.clear();
        for (const auto& [name, held] : server_) list_.push_back(text(name, held));
        list_version_ = version_;
        list_limit_ = limit_;
    }

    void backfill() {
        if (awaited_ == 0 || list_limit_ != limit_) return;
        if (feed_.backfill(list_, list_version_)) {
            --awaited_;
        } else if (relisting_) {
            end_relist();
        } else {
            read_list();
        }
    }

    std::mt19937 random_;
    kube::ResourceVersion version_ = 1;
    std::map<std::string, Held> server_;
    std::deque<Event> pending_;
    int limit_ = 0;
    int awaited_ = 0;
    bool relisting_ = false;
    std::deque<std::pair<std::string, Held>> snapshot_;
    kube::ResourceVersion snapshot_version_ = 0;
    std::vector<std::string> list_;
    kube::ResourceVersion list_version_ = 0;
    int list_limit_ = -1;
    std::map<std::string, Held> heard_;
    std::size_t contradictions_ = 0;
    Store store_;
    Feed feed_{store_, config_map_kind, filter(), [this](const Change& change) { hear(change); }, nullptr};
};

}  // namespace

TEST_CASE("after any history a feed holds what the server has, and told every step on the way") {
    for (unsigned seed = 1; seed <= 1500; ++seed) {
        World world(seed);
        for (int i = 0; i < 80; ++i) world.step();
        world.settle();
        CAPTURE(seed);
        REQUIRE(world.stored() == world.expected());
        REQUIRE(world.heard() == world.stored());
        REQUIRE(world.contradictions() == 0);
    }
}
