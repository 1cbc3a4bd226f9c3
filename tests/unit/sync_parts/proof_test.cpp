// Whether what vanished is really gone: what the server's answers prove of an owner whose kind a definition made.
#include "sync/proof.hpp"

#include "answered.hpp"
#include "holding.hpp"

using namespace moontide;
using namespace moontide::sync;

namespace {

const nlohmann::json gone = {{"kind", "Status"}, {"reason", "NotFound"}, {"details", {{"name", "web"}}}};
const nlohmann::json no_path = {{"kind", "Status"}, {"reason", "NotFound"}, {"details", nlohmann::json::object()}};

nlohmann::json discovery(const std::string& kind) {
    return {{"resources", {{{"name", "copiers"}, {"kind", kind}, {"verbs", {"create", "get"}}}}}};
}

}  // namespace

TEST_CASE("an owner is gone when the server says so of it and has its kind; what is no word of it proves nothing") {
    const struct {
        const char* what;
        kube::Answer object;
        kube::Answer kind;
        bool proven;
        bool kind_left;
    } rows[] = {
        {"a word of the object", answered(404, gone), answered(200, discovery("Copier")), true, false},
        {"gone with its kind", answered(404, gone), answered(200, discovery("Other")), false, true},
        {"gone with its group", answered(404, gone), refused(404, "not found"), false, true},
        {"the path alone", answered(404, no_path), refused(404, "not found"), false, true},
        {"a path that another server lost", answered(404, no_path), answered(200, discovery("Copier")), false, false},
        {"a 404 that broke off",
         {404, {}, gone.dump().substr(0, 30), Milliseconds(1)},
         answered(200, discovery("Copier")),
         false,
         false},
        {"a kind of which nothing is known", answered(404, gone), refused(503, "later"), false, false},
        {"no answer to the question", refused(500, "later"), answered(200, discovery("Copier")), false, false},
    };
    for (const auto& row : rows) {
        INFO(row.what);
        Holding holding({});
        auto& board = holding.world.board;
        board.units.change(holding.unit, [](Unit& unit) { unit.presence = Presence::vanished; });
        std::size_t asked = 0;
        holding.world.server.answer = [&](const kube::Call& call) {
            ++asked;
            return call.path == "/apis/example.com/v1" ? row.kind : row.object;
        };
        prove_gone(board, holding.world.io, holding.unit);
        const bool asks_for_kind = row.object.status == 404;
        holding.world.run_until([&] { return asked == (asks_for_kind ? 2 : 1); });
        // Where nothing is known it is asked again later.
        holding.world.run_until([&] { return board.inquiries == (row.proven || row.kind_left ? 0 : 1); });
        CHECK((board.units.get(holding.unit)->presence == Presence::proven) == row.proven);
        CHECK(board.policies.front()->kind_has_left == row.kind_left);
        CHECK(board.policies.front()->gate.holds(holding.unit) == row.kind_left);
    }
}
