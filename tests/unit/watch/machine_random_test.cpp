// Inputs that do not belong, and random ones.
#include "driven.hpp"

#include <algorithm>
#include <random>

#include <catch2/catch.hpp>

using namespace moontide;
using namespace moontide::watch;

// Whatever does not belong

TEST_CASE("an input of a request that was given up changes nothing") {
    const std::vector<Input> all{Started{},
                                 PageRead{9, ""},
                                 PageDelivered{},
                                 ListFailed{broken},
                                 StreamOpened{},
                                 StreamRefused{broken},
                                 StreamEnded{"", Milliseconds(1)},
                                 EventSeen{9},
                                 BookmarkSeen{{9, true}},
                                 ErrorSeen{compacted},
                                 GarbageSeen{"x"},
                                 SilenceNoticed{},
                                 TimerFired{}};
    const auto ignores = [&](auto prepare, const std::vector<std::size_t>& taken) {
        for (std::size_t i = 0; i < all.size(); ++i) {
            if (std::find(taken.begin(), taken.end(), i) != taken.end()) continue;
            Driven d{IngestOptions{}};
            prepare(d);
            const auto name = std::string(d.machine.state_name());
            CAPTURE(name, i);
            CHECK(d.on(all[i]).empty());
            CHECK(d.machine.state_name() == name);
        }
    };
    ignores([](Driven&) {}, {0});
    ignores([](Driven& d) { d.on(Started{}), d.on(StreamRefused{{400, ""}}); }, {1, 3});
    ignores([](Driven& d) { d.on(Started{}), d.on(StreamRefused{{400, ""}}), d.on(PageRead{5, ""}); }, {2, 3});
    ignores([](Driven& d) { d.on(Started{}); }, {4, 5, 6, 9, 10, 11});
    ignores([](Driven& d) { d.on(Started{}), d.on(StreamOpened{}); }, {5, 6, 7, 8, 9, 10, 11});
    ignores([](Driven& d) { d.on(Started{}), d.on(StreamOpened{}), d.on(BookmarkSeen{{5, true}}); },
            {5, 6, 7, 8, 9, 10, 11});
    ignores([](Driven& d) { d.on(Started{}), d.on(StreamRefused{broken}); }, {12});
}

TEST_CASE("whatever comes, lists begin and end in pairs and one request is under way") {
    std::mt19937 random(5);
    for (int run = 0; run < 400; ++run) {
        Driven d(run % 2 == 0 ? IngestOptions{} : paged(), configmaps(), static_cast<std::uint64_t>(run));
        bool list_open = false;
        bool stream = false;
        bool list_asked = false;
        bool waiting = false;
        kube::ResourceVersion version = 0;
        Input input = Started{};
        for (int step = 0; step < 200; ++step) {
            // Only what can come: nothing of a stream where there is none.
            if (std::holds_alternative<TimerFired>(input)) waiting = false;
            if (std::holds_alternative<PageRead>(input) || std::holds_alternative<ListFailed>(input))
                list_asked = false;
            if (std::holds_alternative<StreamEnded>(input) || std::holds_alternative<StreamRefused>(input))
                stream = false;
            bool deliver_page = false;
            for (const auto& effect : d.machine.on(input)) {
                if (std::holds_alternative<BeginRelist>(effect)) {
                    REQUIRE_FALSE(std::exchange(list_open, true));
                } else if (std::holds_alternative<AbandonRelist>(effect) ||
                           std::holds_alternative<FinishRelist>(effect)) {
                    REQUIRE(std::exchange(list_open, false));
                } else if (std::holds_alternative<DeliverListed>(effect)) {
                    REQUIRE(list_open);
                } else if (std::holds_alternative<DeliverChange>(effect)) {
                    REQUIRE_FALSE(list_open);
                } else if (std::holds_alternative<DeliverPage>(effect)) {
                    REQUIRE(list_open);
                    deliver_page = true;
                } else if (std::holds_alternative<CloseStream>(effect)) {
                    REQUIRE(std::exchange(stream, false));
                } else if (std::holds_alternative<OpenStream>(effect)) {
                    stream = true;
                } else if (std::holds_alternative<SendList>(effect)) {
                    list_asked = true;
                } else if (std::holds_alternative<Wait>(effect)) {
                    waiting = true;
                }
            }
            const int under_way = stream + list_asked + waiting + deliver_page;
            REQUIRE(under_way == 1);
            REQUIRE(d.machine.version() >= version);
            version = d.machine.version();

            const auto status = std::vector{0, 400, 401, 403, 404, 410, 422, 429, 500}[random() % 9];
            const Failure failure{status, "x"};
            if (waiting) {
                input = TimerFired{};
            } else if (deliver_page) {
                input = random() % 8 == 0 ? Input(ListFailed{{0, "x"}}) : Input(PageDelivered{});
            } else if (list_asked) {
                input = random() % 3 == 0 ? Input(ListFailed{failure})
                                          : Input(PageRead{version + random() % 5, random() % 2 == 0 ? "t" : ""});
            } else {
                const auto later = version + random() % 3;
                const std::vector<Input> inputs{
                    StreamOpened{},
                    StreamOpened{},
                    StreamRefused{failure},
                    StreamEnded{random() % 2 == 0 ? "" : "reset", Milliseconds(random() % 9000)},
                    EventSeen{later},
                    EventSeen{later},
                    BookmarkSeen{{later, random() % 2 == 0}},
                    ErrorSeen{failure},
                    GarbageSeen{"x"},
                    SilenceNoticed{}};
                input = inputs[random() % inputs.size()];
            }
        }
    }
}
