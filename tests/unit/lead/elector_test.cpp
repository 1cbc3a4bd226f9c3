// Electors against a server that knows one Lease and does what a test says.
#include "lead/elector.hpp"

#include "../kube/loopback.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace moontide;
using namespace moontide::lead;
using namespace std::chrono_literals;
using kube::http2::ExchangePtr;
using nlohmann::json;

namespace {

struct Server : kube::Loopback {
    std::optional<json> lease;
    int version = 0;
    std::vector<std::string> asked;  // methods
    /// True: answered, or kept, by the test.
    std::function<bool(const ExchangePtr&)> script = [](const ExchangePtr&) { return false; };

    Server() : Loopback([this](const ExchangePtr& exchange) { serve(exchange); }) {}

    static void status(const ExchangePtr& exchange, int code, const char* reason) {
        exchange->respond(code, {}, json{{"kind", "Status"}, {"code", code}, {"reason", reason}}.dump());
    }
    void put(json object) {
        object["metadata"]["uid"] = "u1";
        object["metadata"]["resourceVersion"] = std::to_string(++version);
        lease = std::move(object);
    }
    void serve(const ExchangePtr& exchange) {
        const auto& request = exchange->request();
        asked.push_back(request.method);
        if (script(exchange)) return;
        CHECK(request.path.starts_with("/apis/coordination.k8s.io/v1/namespaces/here/leases"));
        if (request.method == "GET") {
            if (!lease) return status(exchange, 404, "NotFound");
            return exchange->respond(200, {}, lease->dump());
        }
        auto object = json::parse(request.body);
        if (request.method == "POST") {
            if (lease) return status(exchange, 409, "AlreadyExists");
            put(std::move(object));
            return exchange->respond(201, {}, lease->dump());
        }
        if (!lease) return status(exchange, 404, "NotFound");
        if (object["metadata"]["resourceVersion"] != (*lease)["metadata"]["resourceVersion"])
            return status(exchange, 409, "Conflict");
        put(std::move(object));
        exchange->respond(200, {}, lease->dump());
    }
    std::string holder() const { return lease ? (*lease)["spec"].value("holderIdentity", "") : ""; }
    void seize(const std::string& holder, int seconds) {
        auto object = *lease;
        object["spec"]["holderIdentity"] = holder;
        object["spec"]["leaseDurationSeconds"] = seconds;
        object["spec"]["renewTime"] = rfc3339_micro(system_clock().wall());
        put(std::move(object));
    }
};

struct Replica {
    std::unique_ptr<kube::Client> client;
    std::vector<std::string> told;
    std::unique_ptr<Elector> elector;

    Replica(Server& server, const std::string& identity) {
        auto access = kube::Identities::shared().access();
        access.server = "https://127.0.0.1:" + std::to_string(server.server->port());
        kube::ClientOptions client_options;
        client_options.redial_after = 20ms;
        client = kube::Client::create(server.loop, access, client_options).value();
        ElectorOptions options;
        options.namespace_name = "here";
        options.identity = identity;
        options.timing = {1'000ms, 600ms, 40ms};
        options.seed = std::hash<std::string>()(identity);
        Elector::Hooks hooks;
        hooks.began = [this](const std::string& uid) { told.push_back("began " + uid); };
        hooks.ended = [this] { told.emplace_back("ended"); };
        hooks.followed = [this](const std::string& holder) { told.push_back("followed " + holder); };
        elector = std::make_unique<Elector>(server.loop, *client, options, std::move(hooks));
        elector->start();
    }
    bool leads() const { return elector->leads(); }
};

using Told = std::vector<std::string>;

}  // namespace

TEST_CASE("one of two takes the Lease and keeps it, the other one follows") {
    Server server;
    Replica first(server, "first");
    kube::run_until(server.loop, [&] { return first.leads(); });
    CHECK(first.told == Told{"began u1"});
    const auto spec = (*server.lease)["spec"];
    CHECK(spec["holderIdentity"] == "first");
    CHECK(spec["leaseDurationSeconds"] == 1);
    CHECK(spec["leaseTransitions"] == 0);
    CHECK(spec["acquireTime"] == spec["renewTime"]);
    Replica second(server, "second");
    const auto version = server.version;
    // Longer than the Lease lasts.
    kube::run_until(server.loop, [&] { return server.version > version + 30; });
    CHECK(first.leads());
    CHECK(first.elector->may_write());
    CHECK_FALSE(second.leads());
    CHECK_FALSE(second.elector->may_write());
    CHECK(second.told == Told{"followed first"});
    CHECK((*server.lease)["spec"]["acquireTime"] == spec["acquireTime"]);
    CHECK((*server.lease)["spec"]["renewTime"] > spec["renewTime"]);

    SECTION("given up, it is taken soon") {
        bool released = false;
        first.elector->release([&] { released = true; });
        CHECK_FALSE(first.elector->may_write());
        kube::run_until(server.loop, [&] { return released; });
        CHECK(server.holder().empty());
        kube::run_until(server.loop, [&] { return second.leads(); }, 700ms);
        CHECK((*server.lease)["spec"]["leaseTransitions"] == 1);
        CHECK_FALSE(first.leads());
    }
    SECTION("of one that has gone it ends") {
        first.elector.reset();
        const auto began = std::chrono::steady_clock::now();
        kube::run_until(server.loop, [&] { return second.leads(); });
        CHECK(std::chrono::steady_clock::now() - began > 700ms);
    }
}

TEST_CASE("a Lease is given up also while its renewal is under way") {
    Server server;
    Replica first(server, "first");
    kube::run_until(server.loop, [&] { return first.leads(); });
    ExchangePtr renewal;
    server.script = [&](const ExchangePtr& exchange) {
        if (renewal || exchange->request().method != "PUT") return false;
        renewal = exchange;
        return true;
    };
    kube::run_until(server.loop, [&] { return renewal != nullptr; });
    bool released = false;
    first.elector->release([&] { released = true; });
    CHECK_FALSE(first.elector->may_write());
    server.serve(renewal);
    kube::run_until(server.loop, [&] { return released; });
    CHECK(server.holder().empty());
}

TEST_CASE("a leader that cannot renew stops before its Lease ends") {
    Server server;
    Replica first(server, "first");
    Replica second(server, "second");
    kube::run_until(server.loop, [&] { return first.leads() || second.leads(); });
    auto& leader = first.leads() ? first : second;
    auto& other = first.leads() ? second : first;
    std::vector<ExchangePtr> kept;
    bool troubled = true;
    SECTION("no answer comes, and then one does") {
        server.script = [&](const ExchangePtr& exchange) {
            if (!troubled || exchange->request().method == "GET") return false;
            kept.push_back(exchange);
            return true;
        };
        kube::run_until(server.loop, [&] { return leader.told.back() == "ended"; });
        CHECK_FALSE(leader.elector->may_write());
        CHECK_FALSE(other.leads());
    }
    SECTION("nothing but errors comes") {
        server.script = [&](const ExchangePtr& exchange) {
            if (troubled) Server::status(exchange, 500, "InternalError");
            return troubled;
        };
        kube::run_until(server.loop, [&] { return leader.told.back() == "ended"; });
        CHECK_FALSE(leader.elector->may_write());
        CHECK_FALSE(other.leads());
    }
    SECTION("the connection is lost and comes again") {
        const auto port = server.server->port();
        server.server.reset();
        kube::run_until(server.loop, [&] { return leader.told.back() == "ended"; });
        CHECK_FALSE(leader.elector->may_write());
        server.restart(port);
    }
    troubled = false;
    kube::run_until(server.loop, [&] { return first.leads() || second.leads(); });
    CHECK(first.leads() != second.leads());
}

TEST_CASE("a Lease that another one holds ends our lead at once") {
    Server server;
    Replica replica(server, "first");
    kube::run_until(server.loop, [&] { return replica.leads(); });
    server.seize("thief", 1);
    kube::run_until(server.loop, [&] { return !replica.leads(); }, 500ms);
    CHECK(replica.told.back() == "ended");
    CHECK(server.holder() == "thief");
    kube::run_until(server.loop, [&] { return replica.leads(); });
    CHECK(server.holder() == "first");
    CHECK((*server.lease)["spec"]["leaseTransitions"] == 1);
}

TEST_CASE("somebody else's change of the Lease is no end, and stays") {
    Server server;
    Replica replica(server, "first");
    kube::run_until(server.loop, [&] { return replica.leads(); });
    auto object = *server.lease;
    object["metadata"]["labels"]["team"] = "blue";
    server.put(object);
    const auto version = server.version;
    kube::run_until(server.loop, [&] { return server.version > version + 3; });
    CHECK(replica.told == Told{"began u1"});
    CHECK((*server.lease)["metadata"]["labels"]["team"] == "blue");
}

TEST_CASE("of those that take a free Lease together one gets it") {
    Server server;
    std::vector<std::unique_ptr<Replica>> replicas;
    for (int number = 0; number < 8; ++number)
        replicas.push_back(std::make_unique<Replica>(server, "r" + std::to_string(number)));
    const auto leaders = [&] { return std::ranges::count_if(replicas, [](const auto& one) { return one->leads(); }); };
    kube::run_until(server.loop, [&] { return leaders() > 0; });
    const auto version = server.version;
    kube::run_until(server.loop, [&] {
        CHECK(leaders() <= 1);
        return server.version > version + 10;
    });
    CHECK(leaders() == 1);
}

TEST_CASE("where Leases are denied there is no election, and it is asked no more") {
    Server server;
    std::string allowed;
    server.script = [&](const ExchangePtr& exchange) {
        if (exchange->request().method == allowed) return false;
        Server::status(exchange, 403, "Forbidden");
        return true;
    };
    SECTION("not even to read") {}
    SECTION("to write, but not to read") {
        allowed = "GET";
    }
    Replica replica(server, "first");
    kube::run_until(server.loop, [&] { return replica.leads(); });
    CHECK(replica.told == Told{"began "});
    CHECK(replica.elector->may_write());
    const auto asked = server.asked.size();
    bool later = false;
    server.loop.after(300ms, [&] { later = true; });
    kube::run_until(server.loop, [&] { return later; });
    CHECK(server.asked.size() == asked);
    bool released = false;
    replica.elector->release([&] { released = true; });
    CHECK(released);
}

TEST_CASE("rights that are taken away later end the lead") {
    Server server;
    Replica replica(server, "first");
    kube::run_until(server.loop, [&] { return replica.leads(); });
    server.script = [](const ExchangePtr& exchange) {
        Server::status(exchange, 403, "Forbidden");
        return true;
    };
    kube::run_until(server.loop, [&] { return !replica.leads(); });
    CHECK(replica.told == Told{"began u1", "ended"});
}

TEST_CASE("timings that could let two lead are refused") {
    CHECK(complaint_about({}).empty());
    CHECK_FALSE(complaint_about({10'000ms, 10'000ms, 2'000ms}).empty());
    CHECK_FALSE(complaint_about({15'000ms, 2'400ms, 2'000ms}).empty());
    CHECK_FALSE(complaint_about({900ms, 600ms, 40ms}).empty());
    CHECK_FALSE(complaint_about({15'000ms, 10'000ms, 0ms}).empty());
    CHECK(host_identity() != host_identity());
}
