#include "status/writer.hpp"

#include "fake_client.hpp"

#include <catch2/catch.hpp>

using namespace moontide;
using nlohmann::json;
using status::Stated;
using What = status::Stated::What;

namespace {

const kube::Resource syncers{{"config.example.com/v1alpha1", "ConfigMapSyncer"}, "configmapsyncers", true, true};

status::Statement statement(const std::string& name, int number, const std::string& uid = "u1") {
    return {syncers, "default", name, uid, {{"number", number}}};
}

kube::Answer refusal(int code, const std::string& message) {
    return {code, {}, json{{"kind", "Status"}, {"code", code}, {"message", message}}.dump(), Milliseconds(1)};
}

/// The owner as the server has it.
kube::Answer owner(const json& status, const std::string& uid = "u1") {
    const json object{{"metadata", {{"name", "a"}, {"uid", uid}, {"resourceVersion", "7"}}}, {"status", status}};
    return {200, {}, object.dump(), Milliseconds(1)};
}

struct Written {
    Loop loop;
    status::FakeClient client{loop};
    std::vector<Stated> told;
    std::unique_ptr<status::StatusWriter> writer = make({Milliseconds(30), Milliseconds(1), Milliseconds(4)});

    Written() {
        client.answer = [](const kube::Call& call) {
            return owner(call.body.empty() ? json() : json::parse(call.body)[1]["value"]);
        };
    }

    std::unique_ptr<status::StatusWriter> make(status::StatusWriterOptions options) {
        return std::make_unique<status::StatusWriter>(loop, client, options,
                                                      [this](const Stated& stated) { told.push_back(stated); });
    }

    template <typename Condition>
    void run_until(Condition&& condition) {
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        std::function<void()> look = [&] {
            if (condition() || std::chrono::steady_clock::now() > end) return loop.stop();
            loop.after(Milliseconds(1), look);
        };
        loop.post(look);
        loop.run();
        REQUIRE(condition());
    }

    std::size_t patches() const {
        std::size_t count = 0;
        for (const auto& call : client.calls) count += call.method == "PATCH" ? 1 : 0;
        return count;
    }
};

}  // namespace

TEST_CASE("a status is put in place of the one that is there, of this very owner") {
    Written written;
    written.writer->write(statement("a", 1));
    written.run_until([&] { return written.told.size() == 1; });
    const auto& call = written.client.calls.front();
    CHECK(call.method == "PATCH");
    CHECK(call.path ==
          "/apis/config.example.com/v1alpha1/namespaces/default/configmapsyncers/a/status?fieldManager=moontide");
    CHECK(call.content_type == "application/json-patch+json");
    CHECK(json::parse(call.body) == json::parse(R"([{"op": "test", "path": "/metadata/uid", "value": "u1"},
        {"op": "add", "path": "/status", "value": {"number": 1}}])"));
    CHECK(written.told[0].what == What::written);
    CHECK(written.told[0].live == json{{"number", 1}});
    CHECK(written.told[0].resource_version == 7);
}

TEST_CASE(
    "of many statements at once the first and the last are written, with a pause between; other owners do not wait") {
    Written written;
    written.writer->write(statement("a", 0));
    written.run_until([&] { return written.patches() == 1; });
    const auto first = std::chrono::steady_clock::now();
    for (int number = 1; number <= 20; ++number) written.writer->write(statement("a", number));
    written.writer->write(statement("b", 1));
    CHECK(written.writer->waiting() > 0);
    written.run_until([&] { return written.told.size() == 3; });
    CHECK(std::chrono::steady_clock::now() - first >= Milliseconds(28));
    CHECK(written.told[1].statement.name == "b");
    CHECK(written.told[2].statement.status == json{{"number", 20}});
    CHECK(written.writer->waiting() == 0);
}

TEST_CASE("an answer that never came is no harm: the same is sent again") {
    Written written;
    written.client.answer = [&](const kube::Call&) -> Result<kube::Answer> {
        if (written.patches() < 3) return fail("the connection was reset", Retry::later);
        return owner({{"number", 1}});
    };
    written.writer->write(statement("a", 1));
    written.run_until([&] { return !written.told.empty(); });
    CHECK(written.patches() == 3);
    CHECK(written.told[0].what == What::written);
}

TEST_CASE("a kind without a status subresource is asked once, and its other owners are left out") {
    Written written;
    written.client.answer = [](const kube::Call& call) {
        return call.method == "PATCH" ? refusal(404, "the server could not find the requested resource") : owner({});
    };
    written.writer->write(statement("a", 1));
    written.run_until([&] { return written.told.size() == 1; });
    written.writer->write(statement("b", 1));
    written.run_until([&] { return written.told.size() == 2; });
    CHECK(written.told[0].what == What::unavailable);
    CHECK(written.told[1].what == What::unavailable);
    CHECK(written.patches() == 1);

    // A definition may get one later.
    written.writer = written.make({.every = Milliseconds(1), .ask_again_after = Milliseconds(1)});
    written.writer->write(statement("a", 1));
    written.run_until([&] { return written.told.size() == 3; });
    written.client.answer = [](const kube::Call&) { return owner({}); };
    written.run_until([&] {
        if (written.told.back().what != What::written) written.writer->write(statement("c", 1));
        return written.told.back().what == What::written;
    });
}

TEST_CASE("an owner that is gone, or made anew, is let go") {
    struct Row {
        int patched;
        int got;
        const char* uid;
        What what;
    };
    for (const auto& row : {Row{404, 404, "", What::gone}, Row{422, 404, "", What::gone},
                            Row{422, 200, "another", What::gone}, Row{409, 404, "", What::gone}}) {
        INFO(row.patched << " " << row.got);
        Written written;
        written.client.answer = [&](const kube::Call& call) {
            if (call.method == "PATCH") return refusal(row.patched, "no");
            return row.got == 200 ? owner({}, row.uid) : refusal(row.got, "not found");
        };
        written.writer->write(statement("a", 1));
        written.run_until([&] { return !written.told.empty(); });
        CHECK(written.told[0].what == row.what);
        CHECK(written.patches() == 1);
    }
}

TEST_CASE("a conflict is read and tried again, a refusal ever more rarely, and the last status wins") {
    Written written;
    int code = 409;
    written.client.answer = [&](const kube::Call& call) {
        if (call.method != "PATCH") return owner({});
        return code == 0 ? owner(json::parse(call.body)[1]["value"]) : refusal(code, "status.number: Invalid value");
    };
    written.writer->write(statement("a", 1));
    written.run_until([&] { return written.patches() >= 2; });
    CHECK(written.told.empty());
    code = 422;
    written.run_until([&] { return written.told.size() >= 2; });
    CHECK(written.told[0].what == What::refused);
    CHECK(written.told[0].message == "status.number: Invalid value");
    CHECK(written.writer->waiting() == 0);  // nobody waits for what is refused
    code = 0;
    written.writer->write(statement("a", 2));
    written.run_until([&] { return written.told.back().what == What::written; });
    CHECK(written.told.back().statement.status == json{{"number", 2}});
}

TEST_CASE("a denied write is told and heals") {
    Written written;
    bool denied = true;
    written.client.answer = [&](const kube::Call&) { return denied ? refusal(403, "forbidden") : owner({}); };
    written.writer->write(statement("a", 1));
    written.run_until([&] { return written.told.size() >= 3; });
    CHECK(written.told.back().what == What::refused);
    denied = false;
    written.run_until([&] { return written.told.back().what == What::written; });
}

TEST_CASE("who may not write any more writes nothing, and nobody waits for it") {
    Written written;
    written.writer = written.make({.may_write = [] { return false; }});
    written.writer->write(statement("a", 1));
    written.run_until([&] { return written.writer->waiting() == 0; });
    CHECK(written.client.calls.empty());
}

TEST_CASE("at the end what waits is written at once, and nothing is tried again") {
    Written written;
    written.writer = written.make({.every = Milliseconds(60'000)});
    written.writer->write(statement("a", 1));
    written.run_until([&] { return written.told.size() == 1; });
    written.writer->write(statement("a", 2));
    written.writer->write(statement("b", 1));
    bool drained = false;
    written.loop.post([&] { written.writer->close([&] { drained = true; }); });
    written.run_until([&] { return drained; });
    CHECK(written.patches() == 3);

    Written refused;
    refused.client.answer = [](const kube::Call&) { return refusal(403, "forbidden"); };
    refused.writer->write(statement("a", 1));
    bool over = false;
    refused.loop.post([&] { refused.writer->close([&] { over = true; }); });
    refused.run_until([&] { return over; });
    CHECK(refused.patches() == 1);
}
