// What is wanted, in what order it is given out, and what an answer leaves.
#include "store/backlog.hpp"

#include <catch2/catch.hpp>

using namespace moontide;
using namespace moontide::store;
using namespace std::chrono_literals;

namespace {

const Owner one{"ops", "one"};
const Owner two{"ops", "two"};
const Instant start{1h};

Row row_named(const std::string& name, std::size_t size = 10) {
    Row row;
    row.key = {"app", name};
    row.data = "{\"k\":\"" + std::string(size, 'x') + "\"}";
    return row;
}

Options three_rows() {
    Options options;
    options.batch_rows = 3;
    return options;
}

/// "one: put a b", as a test reads a job.
std::string text(const std::optional<Job>& job) {
    if (!job) return "nothing";
    auto text = job->owner.name + ":";
    if (const auto* put = std::get_if<PutRows>(&job->what)) {
        text += " put";
        for (const auto& row : put->rows) text += " " + row->key.name;
    } else if (const auto* removal = std::get_if<RemoveRows>(&job->what)) {
        text += " remove";
        for (const auto& key : removal->keys) text += " " + key.name;
    } else if (const auto* kept = std::get_if<KeepRows>(&job->what)) {
        text += " keep";
        for (const auto& key : kept->keys) text += " " + key.name;
    } else {
        text += std::holds_alternative<RemoveAll>(job->what) ? " remove all" : " ask again";
    }
    return text;
}

std::string next(Backlog& backlog, Instant now = start) {
    const auto job = backlog.take(now, true);
    if (job) backlog.done(*job, {}, now);
    return text(job);
}

}  // namespace

TEST_CASE("jobs fit a statement, and owners take turns") {
    const auto options = three_rows();
    Backlog backlog(options);
    backlog.put(one, {row_named("a"), row_named("b"), row_named("c"), row_named("d")}, true);
    backlog.put(two, {row_named("a")}, true);
    CHECK(next(backlog) == "one: put a b c");
    CHECK(next(backlog) == "two: put a");
    CHECK(next(backlog) == "one: put d");
    CHECK(next(backlog) == "nothing");
    CHECK(backlog.empty());

    auto small = three_rows();
    small.batch_bytes = 1'000;
    Backlog by_size(small);
    by_size.put(one, {row_named("a", 600), row_named("b", 600), row_named("c", 5'000)}, true);
    CHECK(next(by_size) == "one: put a");
    CHECK(next(by_size) == "one: put b");
    CHECK(next(by_size) == "one: put c");
}

TEST_CASE("an owner has one job at a time") {
    const auto options = three_rows();
    Backlog backlog(options);
    backlog.put(one, {row_named("a")}, true);
    const auto job = backlog.take(start, true);
    backlog.put(one, {row_named("b")}, true);
    CHECK_FALSE(backlog.take(start, true));
    backlog.back(*job);
    CHECK(next(backlog) == "one: put a b");
}

TEST_CASE("the last wish for a row counts, also one that came while an earlier one was under way") {
    const auto options = three_rows();
    Backlog backlog(options);
    backlog.put(one, {row_named("a"), row_named("b")}, true);
    backlog.remove(one, {{"app", "a"}});
    CHECK(next(backlog) == "one: remove a");

    const auto job = backlog.take(start, true);
    CHECK(text(job) == "one: put b");
    backlog.put(one, {row_named("b", 20)}, true);
    backlog.done(*job, {}, start);
    CHECK(next(backlog) == "one: put b");

    backlog.put(one, {row_named("b")}, true);
    const auto put = backlog.take(start, true);
    backlog.remove(one, {{"app", "b"}});
    backlog.done(*put, {}, start);
    CHECK(next(backlog) == "one: remove b");
    CHECK(next(backlog) == "nothing");
}

TEST_CASE("what is superfluous goes last, and never what was put since") {
    const auto options = three_rows();
    Backlog backlog(options);
    backlog.replace(one, {row_named("a")}, true);
    CHECK(next(backlog) == "one: put a");
    backlog.put(one, {row_named("b")}, true);
    CHECK(next(backlog) == "one: put b");
    CHECK(next(backlog) == "one: keep a b");

    backlog.replace(one, {}, true);
    const auto keep = backlog.take(start, true);
    backlog.replace(one, {row_named("c")}, true);
    backlog.done(*keep, {}, start);
    CHECK(next(backlog) == "one: put c");
    CHECK(next(backlog) == "one: keep c");
    CHECK(next(backlog) == "nothing");
}

TEST_CASE("a second wish that all rows go is answered by itself") {
    const auto options = three_rows();
    Backlog backlog(options);
    backlog.put(one, {row_named("a")}, true);
    backlog.remove_all(one);
    const auto job = backlog.take(start, true);
    backlog.put(one, {row_named("b")}, true);
    backlog.remove_all(one);
    backlog.done(*job, {}, start);
    CHECK(next(backlog) == "one: remove all");
    CHECK(next(backlog) == "nothing");
    CHECK(backlog.state(one) == OwnerState{});
}

TEST_CASE("a refused row waits for its time, unless it is put anew") {
    auto options = three_rows();
    options.refused_again = 5min;
    Backlog backlog(options);
    backlog.put(one, {row_named("a"), row_named("b")}, true);
    const auto job = backlog.take(start, true);
    backlog.done(*job, {{{{"app", "a"}, "no"}, {{"app", "b"}, "no"}}, {}, {}, {}, false}, start);
    CHECK(backlog.state(one).refused == 2);
    CHECK(backlog.state(one).refusals.front() == std::pair{Key{"app", "a"}, std::string("no")});
    CHECK(next(backlog) == "nothing");
    CHECK(backlog.next(start) == start + 5min);
    backlog.put(one, {row_named("b", 20)}, true);
    CHECK(next(backlog) == "one: put b");
    // Each try may use up an id, so they become rare.
    const auto again = backlog.take(start + 5min, true);
    CHECK(text(again) == "one: put a");
    backlog.done(*again, {{{{"app", "a"}, "no"}}, {}, {}, {}, false}, start + 5min);
    CHECK(backlog.next(start + 5min) == start + 15min);
    CHECK(next(backlog, start + 15min) == "one: put a");
    CHECK(backlog.state(one).refused == 0);
}

TEST_CASE("a row that somebody holds is tried again ever more rarely, to a bound") {
    auto options = three_rows();
    options.backoff_first = 1s;
    options.backoff_last = 4s;
    Backlog backlog(options);
    backlog.put(one, {row_named("a"), row_named("b")}, true);
    auto now = start;
    for (const auto wait : {1s, 2s, 4s, 4s}) {
        const auto job = backlog.take(now, true);
        REQUIRE(job);
        backlog.done(*job, {{}, {{{"app", "a"}, "locked"}}, {}, {}, false}, now);
        CHECK(backlog.state(one).message == "locked");
        CHECK(backlog.state(one).waiting == 1);
        CHECK_FALSE(backlog.take(now + wait - 1ms, true));
        now += wait;
    }
    CHECK(next(backlog, now) == "one: put a");
    CHECK(backlog.state(one).message.empty());
}

TEST_CASE("beyond what may wait an owner is asked again, and nothing of it is called superfluous meanwhile") {
    auto options = three_rows();
    options.waiting_bytes = 1'000;
    Backlog backlog(options);
    backlog.replace(one, {row_named("a", 600), row_named("b", 600)}, false);
    backlog.put(two, {row_named("a", 100)}, false);
    CHECK_FALSE(backlog.state(one) == OwnerState{});
    // While the database takes nothing, asking would bring the same again.
    const auto job = backlog.take(start, false);
    CHECK(text(job) == "two: put a");
    CHECK_FALSE(backlog.take(start, false));
    backlog.back(*job);
    CHECK(next(backlog) == "one: ask again");
    CHECK(next(backlog) == "two: put a");
    CHECK(next(backlog) == "nothing");
    backlog.replace(one, {row_named("a", 600), row_named("b", 600)}, true);
    CHECK(next(backlog) == "one: put a b");
    CHECK(next(backlog) == "one: keep a b");
}

TEST_CASE("a released owner is forgotten, also while its job is under way") {
    const auto options = three_rows();
    Backlog backlog(options);
    backlog.put(one, {row_named("a"), row_named("b")}, true);
    const auto job = backlog.take(start, true);
    backlog.release(one);
    backlog.put(one, {row_named("c")}, true);
    CHECK_FALSE(backlog.take(start, true));
    backlog.done(*job, {}, start);
    CHECK(next(backlog) == "one: put c");
    CHECK(next(backlog) == "nothing");
}
