#include "plan/diff.hpp"

#include <map>
#include <sstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

using namespace moontide;
using namespace moontide::plan;
using policy::Existing;
using policy::Writes;

namespace {

const TargetKey here{1, 2, 3};
const Uid uid{{1}};

Record record(auto change) {
    Record out;
    out.uid = uid;
    out.hash = Hash{{1}};
    out.resource_version = 5;
    out.unit = 1;
    out.keys = 9;
    out.plain = out.made = out.labelled = true;
    change(out);
    return out;
}

Foreign foreign(auto change) {
    Foreign out;
    out.uid = uid;
    out.resource_version = 5;
    change(out);
    return out;
}

/// The wish of every row has this hash and these keys.
Wish wish(Existing existing, Writes writes) {
    Wish out;
    out.unit = 1;
    out.hash = Hash{{1}};
    out.keys = 9;
    out.existing = existing;
    out.writes = writes;
    out.verbatim = writes == Writes::whole;
    return out;
}

const std::map<std::string, Standing>& standings() {
    const auto differs = [](Record& r) { r.hash = Hash{{2}}; };
    static const std::map<std::string, Standing> all = {
        {"absent", Absent{}},
        {"right", record([](Record&) {})},
        {"right-taken", record([](Record& r) { r.made = false; })},
        {"right-immutable", record([](Record& r) { r.immutable = true; })},
        {"differs", record(differs)},
        {"differs-marked", record([&](Record& r) { differs(r), r.plain = false; })},
        {"differs-keys", record([&](Record& r) { differs(r), r.plain = false, r.keys = 8; })},
        {"differs-taken", record([&](Record& r) { differs(r), r.made = false; })},
        {"differs-immutable", record([&](Record& r) { differs(r), r.immutable = true; })},
        {"refusing-immutable", record([&](Record& r) { differs(r), r.immutable = r.refuses = true; })},
        {"differs-taken-immutable", record([&](Record& r) { differs(r), r.immutable = true, r.made = false; })},
        {"unlabelled", record([](Record& r) { r.labelled = r.plain = false; })},
        {"unlabelled-immutable", record([](Record& r) { r.labelled = r.plain = false, r.immutable = true; })},
        {"terminating", record([](Record& r) { r.terminating = true; })},
        {"by-marks", record([&](Record& r) { differs(r), r.by_marks = r.unwatched = true; })},
        {"by-marks-terminating", record([](Record& r) { r.by_marks = r.unwatched = r.terminating = true; })},
        {"unwatched-terminating", record([](Record& r) { r.unwatched = r.terminating = true, r.labelled = false; })},
        {"fields", record([](Record& r) { r.fields = true; })},
        {"fields-differ", record([&](Record& r) { differs(r), r.fields = true; })},
        {"fields-immutable", record([&](Record& r) { differs(r), r.fields = r.immutable = true; })},
        {"fields-edited", record([&](Record& r) { differs(r), r.fields = r.edited = true; })},
        {"joined", record([](Record& r) { r.fields = r.joined = r.managed = true, r.made = false; })},
        {"joined-differs",
         record([&](Record& r) { differs(r), r.fields = r.joined = r.managed = true, r.made = false; })},
        {"joined-unlabelled", record([](Record& r) { r.fields = r.joined = true, r.made = r.labelled = false; })},
        {"joined-lists", record([](Record& r) { r.fields = r.joined = r.managed = r.lists = true, r.made = false; })},
        {"joined-terminating", record([](Record& r) { r.fields = r.joined = r.terminating = true, r.made = false; })},
        {"seen-absent", Absent{true}},
        {"lost", Lost{}},
        {"foreign-claimed", foreign([](Foreign& f) { f.claimed = true; })},
        {"foreign", foreign([](Foreign&) {})},
        {"foreign-immutable", foreign([](Foreign& f) { f.immutable = true; })},
        {"foreign-same", foreign([](Foreign& f) { f.same_fields = true; })},
        {"foreign-same-immutable", foreign([](Foreign& f) { f.same_fields = f.immutable = true; })},
        {"foreign-marked", foreign([](Foreign& f) { f.marked = true; })},
        {"foreign-marked-immutable", foreign([](Foreign& f) { f.marked = f.immutable = true; })},
        {"foreign-terminating", foreign([](Foreign& f) { f.terminating = f.marked = f.same_fields = true; })},
    };
    return all;
}

std::string word(Making making) {
    return making == Making::made ? " made" : making == Making::taken ? " taken" : " joined";
}

/// A decision in words; what it proves must be what was judged.
std::string words(const Decision& decision) {
    if (std::holds_alternative<Keep>(decision)) return "keep";
    if (std::holds_alternative<Wait>(decision)) return "wait";
    if (const auto* refuse = std::get_if<Refuse>(&decision)) return "refuse " + std::string(refuse->reason);
    const auto& step = std::get<Do>(decision).step;
    CHECK(plan::target(step) == here);
    std::string text(name(step));
    const auto proves = [](const auto& judged) { CHECK((judged.uid == uid && judged.resource_version == 5)); };
    if (const auto* create = std::get_if<Create>(&step)) {
        if (create->look_first) text += " look";
    } else if (const auto* replace = std::get_if<Replace>(&step)) {
        proves(*replace);
        text += word(replace->making);
        text += replace->plain ? " put" : replace->same_keys ? " patch" : " merge";
        if (replace->takes_over) text += " takes-over";
    } else if (const auto* apply = std::get_if<Apply>(&step)) {
        text += " " + std::to_string(apply->resource_version) + word(apply->making);
        CHECK(apply->uid == (apply->resource_version == 0 ? Uid() : uid));
        if (apply->force) text += " force";
        if (apply->look_first) text += " look";
        if (apply->takes_over) text += " takes-over";
        if (apply->doubted) text += " doubted";
    } else if (const auto* release = std::get_if<Release>(&step)) {
        proves(*release);
        if (release->lists) text += " lists";
        if (!release->managed) text += " unmanaged";
    } else if (!std::holds_alternative<Look>(step)) {
        proves(std::get<Delete>(step));
    }
    return text;
}

using Names = std::map<std::string, int>;
const Names wants = {{"none", -1},     {"refuse", 0}, {"marked", 1}, {"adopt", 2},
                     {"overwrite", 3}, {"merge", 4},  {"join", 5}};
const Names holders = {{"self", 0}, {"wants", 1}, {"lets_go", 2}};
const Names leftovers = {{"remove", 0}, {"report", 1}};

std::vector<std::string> pick(const std::string& cell, const auto& all) {
    std::vector<std::string> out;
    if (cell == "*" || cell == "any") {
        for (const auto& [name, value] : all) {
            if (cell == "*" || name != "none") out.push_back(name);
        }
        return out;
    }
    std::istringstream in(cell);
    for (std::string one; std::getline(in, one, ',');) {
        REQUIRE(all.contains(one));
        out.push_back(one);
    }
    return out;
}

/// Rows: standing, wanted with which `existing` ("none": not wanted, "any": wanted), holder, leftover, the decision.
/// `*` is all of a column; together the rows must be every case, each once.
void check_table(const std::string& table, Writes writes) {
    std::map<std::string, std::string> seen;
    std::istringstream lines(table);
    for (std::string line; std::getline(lines, line);) {
        std::istringstream in(line);
        std::string standing, want, holder, leftover, decision;
        if (!(in >> standing >> want >> holder >> leftover) || standing == "#") continue;
        std::getline(in >> std::ws, decision);
        for (const auto& s : pick(standing, standings())) {
            for (const auto& w : pick(want, wants)) {
                for (const auto& h : pick(holder, holders)) {
                    for (const auto& l : pick(leftover, leftovers)) {
                        const auto what = s + " " + w + " " + h + " " + l;
                        INFO(what);
                        CHECK(seen.emplace(what, decision).second);
                        const auto wished = wish(static_cast<Existing>(std::max(0, wants.at(w))), writes);
                        const auto decided =
                            diff(here, w == "none" ? nullptr : &wished, standings().at(s),
                                 static_cast<Holder>(holders.at(h)), static_cast<Leftover>(leftovers.at(l)));
                        CHECK(words(decided) == decision);
                    }
                }
            }
        }
    }
    CHECK(seen.size() == standings().size() * wants.size() * holders.size() * leftovers.size());
}

constexpr const char* unwanted_rows = R"(
absent,seen-absent,foreign-claimed                    none  *              *       keep
fields,fields-differ,fields-edited,fields-immutable   none  self           *       delete
fields,fields-differ,fields-edited,fields-immutable   none  wants,lets_go  *       keep
joined,joined-differs                                 none  self           *       release
joined-lists                                          none  self           *       release lists
joined-unlabelled                                     none  self           *       release unmanaged
joined-terminating                                    none  self           *       wait
joined,joined-differs,joined-lists,joined-unlabelled  none  wants,lets_go  *       keep
joined-terminating                                    none  wants,lets_go  *       keep
right,right-immutable,differs,differs-marked          none  self           *       delete
differs-keys,differs-immutable,unlabelled             none  self           *       delete
refusing-immutable                                    none  self           *       delete
refusing-immutable                                    none  wants,lets_go  *       keep
unlabelled-immutable                                  none  self           *       delete
right-taken,differs-taken,differs-taken-immutable     none  self           *       release
terminating,by-marks-terminating                      none  self           *       wait
unwatched-terminating                                 none  self           *       wait
by-marks                                              none  self           remove  delete
by-marks                                              none  self           report  refuse MarkedElsewhere
right,right-taken,right-immutable,differs             none  wants,lets_go  *       keep
differs-marked,differs-keys,differs-taken             none  wants,lets_go  *       keep
differs-immutable,differs-taken-immutable,unlabelled  none  wants,lets_go  *       keep
unlabelled-immutable                                  none  wants,lets_go  *       keep
terminating,by-marks,by-marks-terminating             none  wants,lets_go  *       keep
unwatched-terminating                                 none  wants,lets_go  *       keep
foreign,foreign-immutable,foreign-same                none  *              *       keep
foreign-same-immutable,foreign-marked                 none  *              *       keep
foreign-marked-immutable,foreign-terminating          none  *              *       keep
lost                                                  none  *              *       look
)";

constexpr const char* held_rows = R"(
right,right-taken,right-immutable,differs             any  wants          *  refuse HeldByOther
differs-marked,differs-keys,differs-taken             any  wants          *  refuse HeldByOther
differs-immutable,differs-taken-immutable,unlabelled  any  wants          *  refuse HeldByOther
unlabelled-immutable,refusing-immutable               any  wants          *  refuse HeldByOther
terminating,by-marks,by-marks-terminating             any  wants          *  refuse HeldByOther
unwatched-terminating                                 any  wants          *  refuse HeldByOther
terminating                                           any  self,lets_go   *  wait
fields,fields-differ,fields-edited,fields-immutable   any  wants          *  refuse HeldByOther
joined-terminating                                    any  *              *  wait
joined,joined-lists                                   any  *              *  keep
joined-unlabelled                                     any  *              *  apply 5 joined
fields                                                any  self           *  keep
absent,lost                                           join *              *  apply 0 joined look
seen-absent                                           join *              *  refuse Awaited
foreign,foreign-immutable,foreign-same,foreign-same-immutable  merge,join  *  *  apply 5 joined
foreign-marked,foreign-marked-immutable               merge,join     *    *  apply 5 joined
foreign-claimed                   refuse,marked,merge,join           *    *  refuse AlreadyExists
foreign-claimed                                       adopt          *    *  refuse ContentDiffers
right,right-taken,right-immutable                     any  self           *  keep
foreign-terminating                                   any  *              *  refuse AlreadyExists
foreign,foreign-immutable,foreign-same                refuse,marked  *    *  refuse AlreadyExists
foreign-same-immutable                                refuse,marked  *    *  refuse AlreadyExists
foreign-marked,foreign-marked-immutable               refuse         *    *  refuse AlreadyExists
foreign,foreign-immutable                             adopt          *    *  refuse ContentDiffers
foreign-marked,foreign-marked-immutable               adopt          *    *  refuse ContentDiffers
)";

}  // namespace

TEST_CASE("every case of content that is ours whole") {
    check_table(std::string(unwanted_rows) + held_rows + R"(
absent,seen-absent,lost            refuse,marked,adopt,overwrite,merge  *  *  create
by-marks-terminating,unwatched-terminating  any         self,lets_go  *  create look
right,right-immutable              any                          lets_go  *  replace made put
right-taken                        any                          lets_go  *  replace taken put
differs                            any                     self,lets_go  *  replace made put
differs-marked                     any                     self,lets_go  *  replace made patch
differs-keys                       any                     self,lets_go  *  replace made merge
differs-taken                      any                     self,lets_go  *  replace taken put
differs-immutable                  any                          self  *  delete
differs-immutable                  any                       lets_go  *  replace made put
refusing-immutable                 any                  self,lets_go  *  delete
differs-taken-immutable            any                          self  *  refuse Immutable
differs-taken-immutable            any                       lets_go  *  replace taken put
fields                             any                          lets_go  *  replace made put
fields-differ,fields-edited,fields-immutable  any          self,lets_go  *  replace made put
joined-differs                     any                                *  *  apply 5 joined
unlabelled,unlabelled-immutable    any                     self,lets_go  *  replace made merge
by-marks                           marked                  self,lets_go  *  replace made merge takes-over
by-marks                           refuse,adopt,overwrite,merge,join  self,lets_go  *  create look
foreign-marked                     marked                             *  *  replace made merge takes-over
foreign-marked-immutable           marked                             *  *  delete
foreign-same,foreign-same-immutable  adopt                            *  *  replace taken merge
foreign,foreign-same,foreign-same-immutable,foreign-marked,foreign-claimed  overwrite *  *  replace taken merge
foreign-immutable,foreign-marked-immutable  overwrite                 *  *  refuse Immutable
)",
                Writes::whole);
}

TEST_CASE("every case of fields that are ours: only apply writes them") {
    check_table(std::string(unwanted_rows) + held_rows + R"(
absent,seen-absent,lost            refuse,marked,adopt,overwrite,merge  *  *  apply 0 made
by-marks-terminating,unwatched-terminating  any         self,lets_go  *  apply 0 made look
fields                             refuse,marked,adopt,overwrite     lets_go  *  apply 5 made force
fields                             merge,join                        lets_go  *  apply 5 made
fields-differ                      refuse,marked,adopt,overwrite  self,lets_go  *  apply 5 made force
fields-differ                      merge,join                self,lets_go  *  apply 5 made
fields-edited                      refuse,marked,adopt,overwrite  self,lets_go  *  apply 5 made force doubted
fields-edited                      merge,join                self,lets_go  *  apply 5 made doubted
joined-differs                     any                                *  *  apply 5 joined
right,right-immutable              refuse,marked,adopt,overwrite  lets_go  *  apply 5 made force takes-over
right,right-immutable              merge,join                   lets_go  *  apply 5 made takes-over
right-taken                        refuse,marked,adopt,merge,join  lets_go  *  apply 5 taken takes-over
right-taken                        overwrite                    lets_go  *  apply 5 taken force takes-over
differs,differs-marked,differs-keys  refuse,marked,adopt,overwrite  self,lets_go  *  apply 5 made force takes-over
differs,differs-marked,differs-keys  merge,join              self,lets_go  *  apply 5 made takes-over
fields-immutable                   any                          self  *  delete
fields-immutable                   refuse,marked,adopt,overwrite  lets_go  *  apply 5 made force
fields-immutable                   merge,join                   lets_go  *  apply 5 made
differs-immutable                  refuse,marked,adopt,overwrite  self,lets_go  *  apply 5 made force takes-over
differs-immutable                  merge,join              self,lets_go  *  apply 5 made takes-over
refusing-immutable                 any                  self,lets_go  *  delete
unlabelled,unlabelled-immutable    refuse,marked,adopt,overwrite  self,lets_go  *  apply 5 made force takes-over
unlabelled,unlabelled-immutable    merge,join              self,lets_go  *  apply 5 made takes-over
by-marks                           marked                  self,lets_go  *  apply 5 made force takes-over
by-marks                           refuse,adopt,overwrite,merge,join  self,lets_go  *  apply 0 made look
differs-taken                      refuse,marked,adopt,merge,join  self,lets_go  *  apply 5 taken takes-over
differs-taken                      overwrite               self,lets_go  *  apply 5 taken force takes-over
differs-taken-immutable            refuse,marked,adopt,merge,join  self,lets_go  *  apply 5 taken takes-over
differs-taken-immutable            overwrite               self,lets_go  *  apply 5 taken force takes-over
foreign-marked                     marked                             *  *  apply 5 made force takes-over
foreign-marked-immutable           marked                             *  *  delete
foreign-same,foreign-same-immutable  adopt                            *  *  apply 5 taken takes-over
foreign,foreign-same,foreign-same-immutable,foreign-marked,foreign-claimed  overwrite  *  *  apply 5 taken force takes-over
foreign-immutable,foreign-marked-immutable  overwrite                 *  *  refuse Immutable
)",
                Writes::fields);
}

TEST_CASE("a step says why") {
    const auto why = [](const Standing& have, Holder holder = Holder::self) {
        const auto wished = wish(Existing::marked, Writes::whole);
        return std::string(std::get<Do>(diff(here, &wished, have, holder, Leftover::report)).why);
    };
    CHECK(why(Absent{}) == "missing");
    CHECK(why(standings().at("differs")) == "differs");
    CHECK(why(standings().at("unlabelled")) == "its labels were changed");
    CHECK(why(standings().at("by-marks")) == "taken over");
    CHECK(why(standings().at("right"), Holder::lets_go) == "handed over");
    CHECK(why(standings().at("differs-immutable")) == "immutable, made anew");
}
