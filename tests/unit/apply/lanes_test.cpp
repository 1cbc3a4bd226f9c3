#include "apply/lanes.hpp"

#include "orders.hpp"

#include <string>

#include <catch2/catch.hpp>

using namespace moontide;
using namespace moontide::apply;

namespace {

Order numbered(plan::UnitId unit, std::uint64_t ticket, bool urgent = false) {
    auto out = order(plan::Create{target}, nullptr, unit);
    out.ticket = ticket;
    out.urgent = urgent;
    return out;
}

std::string tickets(Lanes& lanes) {
    std::string text;
    while (const auto taken = lanes.take()) text += (text.empty() ? "" : " ") + std::to_string(taken->ticket);
    return text;
}

}  // namespace

TEST_CASE("units take turns, and each keeps its order") {
    Lanes lanes;
    for (const auto& [unit, ticket] : {std::pair{1, 11}, {1, 12}, {1, 13}, {2, 21}, {3, 31}, {2, 22}}) {
        lanes.add(numbered(static_cast<plan::UnitId>(unit), static_cast<std::uint64_t>(ticket)));
    }
    CHECK(lanes.size() == 6);
    CHECK(tickets(lanes) == "11 21 31 12 22 13");
    CHECK(lanes.size() == 0);
    lanes.add(numbered(1, 14));
    CHECK(tickets(lanes) == "14");
}

TEST_CASE("urgent orders go before all lanes, in their order") {
    Lanes lanes;
    lanes.add(numbered(1, 11));
    lanes.add(numbered(2, 21, true));
    lanes.add(numbered(1, 12, true));
    CHECK(tickets(lanes) == "21 12 11");
}

TEST_CASE("an order that could not be sent is the next of its lane") {
    Lanes lanes;
    lanes.add(numbered(1, 11));
    lanes.add(numbered(1, 12));
    lanes.add(numbered(2, 21));
    auto taken = lanes.take();
    REQUIRE(taken);
    lanes.put_back(std::move(*taken));
    CHECK(lanes.size() == 3);
    CHECK(tickets(lanes) == "21 11 12");

    lanes.add(numbered(1, 11, true));
    lanes.add(numbered(1, 12, true));
    taken = lanes.take();
    lanes.put_back(std::move(*taken));
    CHECK(tickets(lanes) == "11 12");

    // A lane that was empty in the meantime stands first.
    lanes.add(numbered(1, 11));
    taken = lanes.take();
    lanes.add(numbered(2, 21));
    lanes.put_back(std::move(*taken));
    CHECK(tickets(lanes) == "11 21");
}
