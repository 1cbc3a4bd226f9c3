// What readers see of a Store.
#include "cache/store.hpp"

#include "cache/feed.hpp"
#include "objects.hpp"

#include <atomic>
#include <random>
#include <thread>

#include <catch2/catch.hpp>

using namespace moontide;
using namespace moontide::cache;
using watch::EventType;

namespace {

Feed feed_of(Store& store) {
    return Feed(store, config_map_kind, [](const kube::Metadata&) { return true; }, nullptr, nullptr);
}

std::vector<std::string> places(const std::vector<kube::ObjectPtr>& objects) {
    std::vector<std::string> texts;
    for (const auto& one : objects) texts.push_back(fmt::format("{}/{}", one->namespace_name(), one->name()));
    return texts;
}

}  // namespace

TEST_CASE("objects are found by namespace, by label and by owner") {
    Store store;
    auto feed = feed_of(store);
    feed.relist_begun();
    feed.listed(json("a", "x", 1, labelled("team", "blue")));
    feed.listed(json("a", "y", 2, R"(,"ownerReferences":[{"uid":"p-1"},{"uid":"p-2"}])"));
    feed.listed(json("b", "x", 3, labelled("team", "blue")));
    CHECK(store.size() == 0);
    CHECK_FALSE(store.synced());
    feed.relisted(3);
    CHECK(store.synced());
    CHECK(store.size() == 3);
    CHECK(store.find("a", "y")->resource_version() == 2);
    CHECK(store.find("a", "z") == nullptr);
    CHECK(places(store.in_namespace("a")) == std::vector<std::string>{"a/x", "a/y"});
    CHECK(store.in_namespace("c").empty());
    CHECK(places(store.with_label("team", "blue")) == std::vector<std::string>{"a/x", "b/x"});
    CHECK(places(store.with_label("team", "blue", "b")) == std::vector<std::string>{"b/x"});
    CHECK(store.with_label("team", "blue", "c").empty());
    CHECK(store.with_label("team", "red").empty());
    CHECK(store.with_label("team", "red", "b").empty());
    CHECK(places(store.owned_by("p-2")) == std::vector<std::string>{"a/y"});
    CHECK(store.owned_by("p-3").empty());
    CHECK(store.bytes() == store.find("a", "x")->json().size() * 2 + store.find("a", "y")->json().size());
}

TEST_CASE("the list is sorted and shared until something changes") {
    Store store;
    auto feed = feed_of(store);
    feed.relist_begun();
    for (const auto* name : {"c", "a", "b"}) feed.listed(json("n", name, 1));
    feed.listed(json("a", "z", 1));
    feed.relisted(1);
    const auto list = store.all();
    CHECK(places(*list) == std::vector<std::string>{"a/z", "n/a", "n/b", "n/c"});
    CHECK(store.all() == list);

    feed.changed(EventType::added, json("b", "q", 2));
    feed.changed(EventType::deleted, json("n", "b", 3));
    feed.changed(EventType::modified, json("n", "c", 4));
    CHECK(places(*store.all()) == std::vector<std::string>{"a/z", "b/q", "n/a", "n/c"});
    CHECK(store.all()->back()->resource_version() == 4);
    CHECK(places(*list).size() == 4);
    CHECK(list->back()->resource_version() == 1);
}

TEST_CASE("the list after many changes is the list made anew") {
    Store store;
    auto feed = feed_of(store);
    feed.relist_begun();
    feed.relisted(1);
    std::mt19937 random(7);
    kube::ResourceVersion version = 1;
    for (int round = 0; round < 200; ++round) {
        for (auto changes = random() % (round % 20 == 0 ? 400 : 12); changes > 0; --changes) {
            const auto name = fmt::format("o-{}", random() % 300);
            feed.changed(random() % 3 == 0 ? EventType::deleted : EventType::modified, json("n", name, ++version));
        }
        std::vector<kube::ObjectPtr> expected = store.in_namespace("n");
        std::sort(expected.begin(), expected.end(), [](const auto& a, const auto& b) { return a->name() < b->name(); });
        REQUIRE(*store.all() == expected);
    }
}

TEST_CASE("readers never see a relist half done") {
    Store store;
    auto feed = feed_of(store);
    constexpr std::size_t count = 40;
    const auto list_all = [&](kube::ResourceVersion version) {
        feed.relist_begun();
        for (std::size_t i = 0; i < count; ++i) feed.listed(json("n", fmt::format("o-{}", i), version));
        feed.relisted(version);
    };
    list_all(1);
    std::atomic<bool> done{false};
    std::atomic<int> mixed{0};
    std::vector<std::jthread> readers;
    for (int i = 0; i < 2; ++i) {
        readers.emplace_back([&] {
            while (!done) {
                const auto objects = store.all();
                const auto same = [&](const auto& one) {
                    return one->resource_version() == objects->front()->resource_version();
                };
                if (objects->size() != count || !std::all_of(objects->begin(), objects->end(), same)) ++mixed;
                if (store.in_namespace("n").size() != count || store.size() != count) ++mixed;
                if (store.find("n", "o-7") == nullptr) ++mixed;
            }
        });
    }
    for (kube::ResourceVersion version = 2; version < 60; ++version) list_all(version);
    done = true;
    readers.clear();
    CHECK(mixed == 0);
}

TEST_CASE("readers beside a writer find whole objects") {
    Store store;
    auto feed = feed_of(store);
    feed.relist_begun();
    feed.relisted(1);
    std::atomic<bool> done{false};
    std::atomic<int> wrong{0};
    std::jthread reader([&] {
        while (!done) {
            kube::ResourceVersion last = 0;
            if (const auto one = store.find("n", "o-3"); one && one->name() != "o-3") ++wrong;
            for (const auto& one : store.with_label("team", "blue")) last = std::max(last, one->resource_version());
            const auto list = store.all();
            for (const auto& one : *list) wrong += one->namespace_name() != "n";
        }
    });
    for (kube::ResourceVersion version = 2; version < 1500; ++version) {
        const auto name = fmt::format("o-{}", version % 50);
        const auto type = version % 5 == 0 ? EventType::deleted : EventType::modified;
        feed.changed(type, json("n", name, version, labelled("team", version % 2 == 0 ? "blue" : "red")));
    }
    done = true;
    reader.join();
    CHECK(wrong == 0);
}
