#include "bench.hpp"

#include <algorithm>
#include <chrono>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace moontide;
using namespace moontide::apply;
using namespace std::chrono_literals;

namespace {

using kube::http2::ExchangePtr;

/// A server whose answers a test scripts.
struct Faulty : kube::Loopback {
    std::vector<std::string> seen;  // "POST n1", in the order of coming
    std::function<void(ExchangePtr)> script;
    ApplierBench bench;

    explicit Faulty(std::function<void(ExchangePtr)> with, ApplierOptions options = ApplierBench::quick())
        : Loopback([this](ExchangePtr exchange) {
              seen.push_back(exchange->request().method + " " + name_of(*exchange));
              script(std::move(exchange));
          }),
          script(std::move(with)),
          bench(loop, access(), options) {}

    kube::Access access() const {
        auto access = kube::Identities::shared().access();
        access.server = "https://127.0.0.1:" + std::to_string(server->port());
        return access;
    }
    static std::string name_of(const kube::http2::Exchange& exchange) {
        const auto body = nlohmann::json::parse(exchange.request().body, nullptr, false);
        if (body.is_object() && body.contains("metadata")) return body["metadata"]["name"].get<std::string>();
        const auto path = exchange.request().path.substr(0, exchange.request().path.find('?'));
        return path.substr(path.rfind('/') + 1);
    }
    /// 201 with the object as it was sent.
    static void make(const ExchangePtr& exchange) {
        auto object = nlohmann::json::parse(exchange->request().body);
        object["metadata"]["uid"] = some_uid.text();
        object["metadata"]["resourceVersion"] = "7";
        exchange->respond(201, {{"content-type", "application/json"}}, object.dump());
    }
    void create(plan::NameId count) {
        std::vector<Order> orders;
        for (plan::NameId name = 1; name <= count; ++name) orders.push_back(order(apply::create(name)));
        bench.submit(std::move(orders));
    }
    bool all_written(std::size_t count) const {
        return bench.outcomes.size() == count && std::ranges::all_of(bench.outcomes, [](const auto& outcome) {
                   return std::holds_alternative<Written>(outcome.fate);
               });
    }
};

}  // namespace

TEST_CASE("an order whose answer never came is sent again, and told once") {
    int left = 3;
    Faulty faulty([&](const ExchangePtr& exchange) {
        if (left-- > 0) return exchange->reset();
        Faulty::make(exchange);
    });
    faulty.create(1);
    faulty.bench.until([&] { return !faulty.bench.outcomes.empty(); });
    CHECK(faulty.all_written(1));
    CHECK(faulty.seen == std::vector<std::string>(4, "POST n1"));
    CHECK(faulty.bench.applier->waiting() == 0);
}

TEST_CASE("an order that gets no answer for long is told of once, and sent again all the same") {
    int left = 5;
    std::vector<ExchangePtr> silent;
    Faulty faulty(
        [&](const ExchangePtr& exchange) {
            if (left-- > 0) return silent.push_back(exchange);
            Faulty::make(exchange);
        },
        [] {
            auto options = ApplierBench::quick();
            options.timeout = Milliseconds(40);
            return options;
        }());
    faulty.create(1);
    faulty.bench.until([&] { return !faulty.bench.outcomes.empty(); });
    CHECK(faulty.all_written(1));
    REQUIRE(faulty.bench.unanswered.size() == 1);
    CHECK(faulty.bench.unanswered.front().starts_with("n1 3: "));
}

TEST_CASE("a connection that is lost loses no order") {
    bool cut = true;
    Faulty faulty([&](const ExchangePtr& exchange) {
        if (cut) return;  // answers nothing
        Faulty::make(exchange);
    });
    faulty.create(12);
    faulty.bench.until([&] { return faulty.seen.size() >= 8; });
    cut = false;
    faulty.restart(faulty.server->port());
    faulty.bench.until([&] { return faulty.bench.outcomes.size() >= 12; });
    CHECK(faulty.all_written(12));
}

TEST_CASE("what was done although its answer was lost is found by the order that is sent again") {
    std::string made;
    Faulty faulty([&](const ExchangePtr& exchange) {
        if (exchange->request().method == "GET") return exchange->respond(200, {}, made);
        if (!made.empty())
            return exchange->respond(409, {}, R"({"kind":"Status","code":409,"reason":"AlreadyExists"})");
        auto object = nlohmann::json::parse(exchange->request().body);
        object["metadata"]["uid"] = some_uid.text();
        object["metadata"]["resourceVersion"] = "7";
        made = object.dump();
        exchange->reset();
    });
    faulty.create(1);
    faulty.bench.until([&] { return !faulty.bench.outcomes.empty(); });
    const auto& found = std::get<Found>(faulty.bench.outcomes.front().fate);
    REQUIRE(found.live);
    CHECK(found.live->hash == wish()->hash);
    CHECK(faulty.seen == std::vector<std::string>{"POST n1", "POST n1", "GET n1"});
}

TEST_CASE("orders that fail together count as one failure of the server") {
    int left = 24;
    Faulty faulty([&](const ExchangePtr& exchange) {
        if (left-- > 0) return exchange->reset();
        Faulty::make(exchange);
    });
    const auto began = std::chrono::steady_clock::now();
    faulty.create(8);
    faulty.bench.until([&] { return faulty.bench.outcomes.size() == 8; });
    CHECK(faulty.all_written(8));
    // A few rounds of 4, 8, 16... ms; were each of the 24 counted, the backoff would be at its 8 s by now.
    CHECK(std::chrono::steady_clock::now() - began < 3s);
}

TEST_CASE("orders of somebody whom the server does not know wait together, and are done once it does") {
    std::size_t refused = 0;
    Faulty faulty([&](const ExchangePtr& exchange) {
        if (refused < 12) {
            ++refused;
            return exchange->respond(401, {}, R"({"kind":"Status","code":401,"reason":"Unauthorized"})");
        }
        Faulty::make(exchange);
    });
    faulty.create(40);
    faulty.bench.until([&] { return faulty.bench.outcomes.size() == 40; });
    CHECK(faulty.all_written(40));
    // Those that were under way, and fewer each time; the rest was not tried on it.
    CHECK(faulty.seen.size() == 40 + refused);
}

TEST_CASE("nothing is sent before the time that the server asks for") {
    struct Row {
        std::string what;
        std::vector<std::string> retry_after;  // of the first answers
        Milliseconds at_least;
        Milliseconds at_most;
    };
    const std::vector<Row> rows = {
        {"one second", {"1"}, 1'000ms, 4'000ms},
        {"the longer of two", {"1", "2"}, 2'000ms, 5'000ms},
        {"the longer of two that came first", {"2", "1"}, 2'000ms, 5'000ms},
        {"at once is a little later", {"0"}, 1ms, 900ms},
        {"no number", {"soon"}, 1ms, 900ms},
    };
    for (const auto& row : rows) {
        for (const int status : {429, 503}) {
            if (status == 503 && row.at_least > 1'500ms) continue;
            INFO(row.what << " " << status);
            std::size_t refused = 0;
            std::optional<Instant> first_again;
            Faulty faulty([&](const ExchangePtr& exchange) {
                if (refused < row.retry_after.size()) {
                    return exchange->respond(status, {{"retry-after", row.retry_after[refused++]}}, "");
                }
                if (!first_again) first_again = std::chrono::steady_clock::now();
                Faulty::make(exchange);
            });
            // Both refused orders are under way before either is refused.
            const auto count = static_cast<plan::NameId>(row.retry_after.size());
            const auto began = std::chrono::steady_clock::now();
            faulty.create(count);
            faulty.bench.until([&] { return faulty.bench.outcomes.size() == count; });
            CHECK(faulty.all_written(count));
            REQUIRE(first_again);
            CHECK(*first_again - began >= row.at_least);
            CHECK(*first_again - began < row.at_most);
        }
    }
}

TEST_CASE("an object that the server cannot even show is denied and holds up no other") {
    Faulty faulty([&](const ExchangePtr& exchange) {
        if (Faulty::name_of(*exchange) != "n1") return Faulty::make(exchange);
        if (exchange->request().method == "GET") return exchange->respond(500, {}, "cannot be decrypted");
        exchange->respond(409, {}, R"({"kind":"Status","code":409,"reason":"AlreadyExists"})");
    });
    faulty.create(3);
    faulty.bench.until([&] { return faulty.bench.outcomes.size() == 3; });
    for (const auto& outcome : faulty.bench.outcomes) {
        const bool first = plan::target(outcome.order.step).name == 1;
        CHECK(std::holds_alternative<Denied>(outcome.fate) == first);
    }
    CHECK(std::ranges::count(faulty.seen, "GET n1") == 1);
}

TEST_CASE("no more orders are under way than allowed") {
    std::vector<ExchangePtr> open;
    Faulty faulty([&](ExchangePtr exchange) { open.push_back(std::move(exchange)); },
                  [] {
                      auto options = ApplierBench::quick();
                      options.most_in_flight = 2;
                      return options;
                  }());
    faulty.create(5);
    std::size_t done = 0;
    while (done < 5) {
        faulty.bench.until([&] { return !open.empty(); });
        CHECK(faulty.bench.applier->in_flight() <= 2);
        CHECK(open.size() <= 2);
        Faulty::make(open.back());
        open.pop_back();
        ++done;
        faulty.bench.until([&] { return faulty.bench.outcomes.size() == done; });
    }
    CHECK(faulty.all_written(5));
}

TEST_CASE("closing awaits what is under way and sends nothing more") {
    std::vector<ExchangePtr> open;
    Faulty faulty([&](ExchangePtr exchange) { open.push_back(std::move(exchange)); });
    faulty.create(10);
    faulty.bench.until([&] { return open.size() == 8; });
    bool drained = false;
    faulty.bench.applier->close([&] { drained = true; });
    for (std::size_t i = 0; i + 1 < open.size(); ++i) Faulty::make(open[i]);
    faulty.bench.until([&] { return faulty.bench.outcomes.size() == 7; });
    CHECK_FALSE(drained);
    // The last one fails; it is not sent again.
    open.back()->reset();
    faulty.bench.until([&] { return drained; });
    CHECK(faulty.seen.size() == 8);
    CHECK(faulty.bench.applier->in_flight() == 0);
    CHECK(faulty.bench.applier->waiting() == 3);

    Faulty idle([](const ExchangePtr& exchange) { Faulty::make(exchange); });
    bool at_once = false;
    idle.bench.applier->close([&] { at_once = true; });
    CHECK(at_once);
}
