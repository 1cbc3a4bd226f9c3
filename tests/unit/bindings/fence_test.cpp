// What a policy's file cannot do, and that trying ends soon: each attack is a text that must fail.
#include "bindings/fence.hpp"

#include "bindings/convert.hpp"
#include "bindings/state.hpp"

#include <ctime>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

using namespace moontide;
using namespace moontide::bindings;

namespace {

/// Runs a file within the fence; what it returns as JSON text, or the error.
Result<std::string> run(const std::string& text) {
    State state;
    const auto raised = raise_fence(state);
    if (!raised) return std::unexpected(raised.error());
    std::string json;
    const auto outcome = state.run([&](lua_State* lua) {
        run_file(lua, "t.lua", text);
        freeze_file_level(lua, lua_gettop(lua));
        if (lua_isfunction(lua, -1)) lua_call(lua, 0, 1);
        json = to_json(lua, -1, "result").dump();
    });
    if (!outcome) return std::unexpected(outcome.error());
    return json;
}

struct Attack {
    const char* name;
    const char* text;
    const char* message;  ///< a part of the error
};

const Attack attacks[] = {
    {"an endless loop", "while true do end", "t.lua:1: stopped after 10000000 instructions"},
    {"an endless loop in a function", "return function() local n = 0 while true do n = n + 1 end end", "stopped after"},
    {"endless recursion", "local function f() return 1 + f() end f()", "stack overflow"},
    {"endless tail calls", "local function f() return f() end f()", "stopped after"},
    {"a loop over pcall", "local function f() while true do pcall(f) end end f()", "'pcall' is not known"},
    {"xpcall", "xpcall(print, print)", "'xpcall' is not known"},
    {"coroutines", "coroutine.wrap(function() end)()", "'coroutine' is not known"},
    {"loadstring", "loadstring('return 1')()", "'loadstring' is not known"},
    {"load", "load(function() end)", "'load' is not known"},
    {"dofile", "dofile('/etc/passwd')", "'dofile' is not known"},
    {"string.dump", "return string.dump(function() end)", "attempt to call field 'dump'"},
    {"string.dump as a method", "local s = 'x' return s.dump(function() end)", "attempt to call field 'dump'"},
    {"newproxy", "newproxy(true)", "'newproxy' is not known"},
    {"collectgarbage", "collectgarbage('stop')", "'collectgarbage' is not known"},
    {"getfenv", "getfenv(0)", "'getfenv' is not known"},
    {"setfenv", "setfenv(1, {})", "'setfenv' is not known"},
    {"rawset", "rawset({}, 1, 1)", "'rawset' is not known"},
    {"rawget", "rawget({}, 1)", "'rawget' is not known"},
    {"getmetatable", "getmetatable('').__index.upper = nil", "'getmetatable' is not known"},
    {"setmetatable", "setmetatable({}, {})", "'setmetatable' is not known"},
    {"io", "io.open('/etc/passwd')", "'io' is not known"},
    {"os", "return os.time()", "'os' is not known"},
    {"debug", "debug.sethook()", "'debug' is not known"},
    {"ffi", "require('ffi')", "require of 'ffi'"},
    {"package", "package.loadlib('x', 'y')", "'package' is not known"},
    {"jit", "jit.on()", "'jit' is not known"},
    {"_G", "_G.x = 1", "'_G' is not known"},
    {"random", "return math.random()", "attempt to call field 'random'"},
    {"a global", "leak = 1", "t.lua:1: assignment to the global 'leak'"},
    {"a changed library", "string.upper = nil", "frozen"},
    {"a changed helper", "moontide.json.encode = nil", "frozen"},
    {"bytecode", "\x1bLJ\x02", "attempt to load chunk with wrong mode"},
    {"a pattern that backtracks", "return string.find(string.rep('a', 100), '.-.-.-.-.-b')", "stopped after"},
    {"nested repetitions", "return string.match(string.rep('a', 3000), '(a*)*a*a*a*a*b')", "stopped after"},
    {"a deep pattern", "return string.match(string.rep('(', 3000), string.rep('(', 300))", "too many captures"},
    {"a recursive gsub", "local function f(s) return (s:gsub('.', f)) end f('a')", "cannot use 'sort' or 'gsub'"},
    {"a recursive sort", "local function f() table.sort({2, 1}, f) end f()", "cannot use 'sort' or 'gsub'"},
    {"a long gsub", "local s = string.rep('a', 4e6) while true do s:gsub('a', 'bb') end", "stopped"},
    {"a plain find over and over",
     "local s, n = string.rep('a', 8e6), string.rep('a', 4e6) .. 'b' while true do s:find(n, 1, true) end", "stopped"},
    {"rep", "return string.rep('x', 1e9)", "longer than 16 MiB"},
    {"rep of nothing for ever", "return #string.rep('', 1e300)", nullptr},
    {"rep within rep", "local t = {} for i = 1, 100 do t[i] = string.rep('x' .. i, 4e6) end", "stopped"},
    {"concatenation", "local s = 'x' while true do s = s .. s end", "stopped: it needs more than"},
    {"concatenation of the largest",
     "local s = string.rep('x', 8e6) local n = 0 while true do local t = s .. n n = n + 1 end", "stopped"},
    {"comparison of the largest",
     "local a = string.rep('x', 8e6) local b, c = a .. '1', a .. '2' while true do local d = b < c end", "stopped"},
    {"a growing table", "local t = {} for i = 1, 1e9 do t[i] = i end", "stopped"},
    {"tables in tables", "local t = {} while true do t = { t, t } end", "stopped"},
    {"a long sort", "local t = {} for i = 1, 3e5 do t[i] = (i * 7919) % 300007 end table.sort(t)", "stopped"},
    {"sorts of a large table for ever", "local t = {} for i = 1, 1e5 do t[i] = i end while true do table.sort(t) end",
     "stopped"},
    {"insertion at the front", "local t = {} for i = 1, 1e6 do table.insert(t, 1, i) end", "stopped"},
    {"next over a large table", "local t = {} for i = 1, 1e5 do t['k' .. i] = i end for k in next, t do end",
     "stopped"},
    {"unpack", "return select('#', unpack({}, 1, 1e7))", "at most 200 values"},
    {"unpack backwards", "return select('#', unpack({}, -2147483648, 2147483647))", "at most 200 values"},
    {"format of a wide number", "return string.format('%99999d', 1)", "at most two digits"},
    {"format of an address", "return string.format('%p', {})", "no '%p'"},
    {"a deep value", "local t = {} for i = 1, 100 do t = { t } end return t", "deeper than 64"},
    {"a value that holds itself", "local t = {} t.t = t return t", "deeper than 64"},
    {"a large value", "local t = {} for i = 1, 2e5 do t[i] = 1 end return t", "more than 100000 values"},
    {"a value with holes", "return { 1, nil, 3, [7] = 1 }", "a list with holes"},
    {"a mixed table", "return { 1, a = 2 }", "positions and names"},
    {"not a number", "return { a = { 0 / 0 } }", "result.a[1]:"},
    {"infinity", "return 1 / 0", "no number that JSON has"},
    {"a text that is no UTF-8", "return '\\255'", "not UTF-8"},
    {"a function as a value", "return { a = function() end }", "result.a: a function"},
    {"deep source text", nullptr, "too many"},
    {"a deep JSON text", "return moontide.json.decode(string.rep('[', 1e5))", "deeper than 64"},
    {"a text that is no JSON", "local t = moontide.json.decode('{\"pass\":hidden}')",
     "t.lua:1: json.decode: the text is no JSON, at byte 9"},
    {"an alias bomb",
     "local t = 'a0: &a0 [x,x,x,x,x,x,x,x,x,x]\\n' for i = 1, 12 do t = t .. 'a' .. i .. ': &a' .. i .. ' [' "
     "for j = 1, 10 do t = t .. '*a' .. (i - 1) .. ', ' end t = t .. ']\\n' end return moontide.yaml.decode(t)",
     "more than 100000 values"},
    {"a YAML that holds itself", "return moontide.yaml.decode('&a [*a]')", "alias within its own anchor"},
    {"a YAML that is not UTF-8", "return moontide.yaml.decode('\\159\\197 a')", "not UTF-8"},
    {"a deep YAML", "return moontide.yaml.decode(string.rep('[', 1e4))", "deeper than 64"},
    {"a regex that explodes", "return moontide.match(string.rep('a', 1e5), '((a{1,100}){1,100}){1,100}b')", "regex"},
    {"regexes for ever", "while true do moontide.match(string.rep('a', 1e5), '(a*)*b') end", "stopped"},
    {"an endless template", "local t = moontide.template('{{range 1000000000}}{{end}}')",
     "t.lua:1: template: template:1:8: executing"},
    {"templates for ever", "while true do moontide.template('{{range 100000}}{{end}}') end", "stopped after"},
    {"a template that calls itself",
     "return moontide.template('{{define \"a\"}}{{template \"a\"}}{{end}}{{template \"a\"}}')",
     "exceeded maximum depth"},
    {"a long template",
     "return moontide.template('{{printf \"%1000000d\" 1 | print | printf \"%s%s\" \"aaaaaaaaaaaaaaaaaaaaaa\" | "
     "indent 100000}}')",
     "longer than 1048576 bytes"},
    {"a deep template", "return moontide.template(string.rep('{{if 1}}', 1e4))", "nested deeper than"},
    {"a template's error without the value", "return moontide.template('{{range .}}{{end}}', 'hidden')",
     "range can't iterate over a value of type string"},
    {"an error that is no text", "error({})", "an error that is no text"},
};

}  // namespace

TEST_CASE("attacks end soon and with an error that says why") {
    for (const Attack& attack : attacks) {
        INFO(attack.name);
        std::string text = attack.text ? attack.text : "return " + std::string(300, '{') + std::string(300, '}');
        // Processor time: other processes' load is no fault of the fence.
        const std::clock_t began = std::clock();
        const auto result = run(text);
        CHECK(static_cast<double>(std::clock() - began) / CLOCKS_PER_SEC < 2.0);
        if (attack.message == nullptr) {
            CHECK(result);
            continue;
        }
        REQUIRE_FALSE(result);
        CHECK_THAT(result.error().message, Catch::Contains(attack.message));
        CHECK_THAT(result.error().message, !Catch::Contains("hidden"));
    }
}

TEST_CASE("an error of a template names the policy's line, the template's, and the node") {
    const auto unparsed = run("local x = 1\nlocal t = moontide.template('a\\n{{nope}}', {}, { name = 'web.conf' })");
    REQUIRE_FALSE(unparsed);
    CHECK(unparsed.error().message == "t.lua:2: template: web.conf:2: function \"nope\" not defined");
    const auto failed = run("local t = moontide.template('{{.a.b}}', { a = 1 }, { name = 'web.conf' })");
    REQUIRE_FALSE(failed);
    CHECK(failed.error().message ==
          "t.lua:1: template: web.conf:1:4: executing \"web.conf\" at <.a.b>: "
          "can't evaluate field b in type interface {}");
}

TEST_CASE("a state that was stopped says so") {
    State state;
    REQUIRE(raise_fence(state));
    CHECK_FALSE(state.run([](lua_State* lua) { run_file(lua, "t.lua", "while true do end"); }));
    CHECK(state.stopped());
}

TEST_CASE("equal evaluations are stopped at the same instruction") {
    const auto first = run("local t = {} while true do t[#t + 1] = #t if #t > 1000 then t = {} end end");
    const auto second = run("local t = {} while true do t[#t + 1] = #t if #t > 1000 then t = {} end end");
    REQUIRE_FALSE(first);
    REQUIRE_FALSE(second);
    CHECK(first.error().message == second.error().message);
}

TEST_CASE("an iterator that the file made does not go on in a function") {
    const auto result = run("local next_word = ('a b'):gmatch('%a') return function() return next_word() end");
    // The same run is the same evaluation, so it works here; the next one is refused.
    CHECK(result == "\"a\"");

    State state;
    REQUIRE(raise_fence(state));
    for (const char* text : {"local f = ('a b'):gmatch('%a') return f", "local f = pairs({1}) return f"}) {
        REQUIRE(state.run([&](lua_State* lua) {
            run_file(lua, "t.lua", text);
            lua_setfield(lua, LUA_REGISTRYINDEX, "kept");
        }));
        const auto later = state.run([](lua_State* lua) {
            lua_getfield(lua, LUA_REGISTRYINDEX, "kept");
            lua_call(lua, 0, 1);
        });
        REQUIRE_FALSE(later);
        CHECK_THAT(later.error().message, Catch::Contains("an earlier evaluation was kept"));
    }
}

TEST_CASE("tables of the file are frozen for its functions, however they are reached") {
    const struct {
        const char* text;
        const char* message;
    } cases[] = {
        {"local t = { a = 1 } return function() t.a = 2 end", "frozen"},
        {"local t = { a = 1 } return function() t.b = 2 end", "frozen"},
        {"local t = { a = { b = 1 } } return function() t.a.b = 2 end", "frozen"},
        {"local t = { a = 1 } local function get() return t end return function() get().a = 2 end", "frozen"},
        {"local t = { 1 } return function() table.insert(t, 2) end", "read-only"},
        {"local t = { 2, 1 } return function() table.sort(t) end", "read-only"},
        {"local t = { f = function() end } local u = { t } return function() u[1].f = 1 end", "frozen"},
        {"local function make() local n = { 0 } return function() n[1] = n[1] + 1 return n[1] end end "
         "local count = make() return function() return count() end",
         "frozen"},
    };
    for (const auto& one : cases) {
        INFO(one.text);
        const auto result = run(one.text);
        REQUIRE_FALSE(result);
        CHECK_THAT(result.error().message, Catch::Contains(one.message));
    }
    CHECK(run("local t = { 'b', 'a', x = { y = 1 } } return function() local all = {} "
              "for i, v in ipairs(t) do all[#all + 1] = v end for k in pairs(t) do all[#all + 1] = tostring(k) end "
              "all[#all + 1] = #t all[#all + 1] = t.x.y all[#all + 1] = type(t) "
              "all[#all + 1] = table.concat(t, '+') all[#all + 1] = unpack(t) return all end") ==
          R"(["b","a","1","2","x",2,1,"table","b+a","b"])");
}

TEST_CASE("what is left of Lua works as the manual says") {
    const struct {
        const char* text;
        const char* json;
    } cases[] = {
        {"return ('hello world'):find('o w')", "5"},
        {"return { ('hello'):find('l+') }", "[3,4]"},
        {"return { ('key = value'):match('^(%w+)%s*=%s*(%w+)$') }", R"(["key","value"])"},
        {"return (('abc'):gsub('%w', '%0%0'))", R"("aabbcc")"},
        {"return { ('abc'):gsub('', '-') }", R"(["-a-b-c-",4])"},
        {"return (('hello world'):gsub('o', { o = '0' }, 1))", R"("hell0 world")"},
        {"return (('$name is'):gsub('%$(%w+)', function(n) return n:upper() end))", R"("NAME is")"},
        {"return ('THE (quick) fox'):find('%((%a+)%)')", "5"},
        {"return ('f(a(b)c)d'):match('%b()')", "\"(a(b)c)\""},
        {"return ('THE (quick) fox'):gsub('%f[%a]%a+', 'x')", R"("x (x) x")"},
        {"return ('x]y'):match('[]]')", R"("]")"},
        {"return ('a-z'):match('[a%-z]+')", R"("a-z")"},
        {"return ('abcabc'):match('(abc)%1')", R"("abc")"},
        {"return { ('abc'):match('()b()') }", "[2,3]"},
        {"return { ('abc'):find('', 10) }", "{}"},
        {"return ('abc'):find('b', -1) == nil", "true"},
        {"local all = {} for k, v in ('a=1, b=2'):gmatch('(%w)=(%w)') do all[k] = v end return all",
         R"({"a":"1","b":"2"})"},
        {"return ('ab'):rep(3, ',')", R"("ab,ab,ab")"},
        {"return string.format('%5.1f|%-4s|%04d|%x|%q|%s', 3.14159, 'ab', 7, 255, 'a\"b', true)",
         R"("  3.1|ab  |0007|ff|\"a\\\"b\"|true")"},
        {"return tostring({}) .. tostring(print == nil)", nullptr},
        {"return { tostring({}), tostring(tostring), tostring(nil), tostring(1), tostring(1.5) }",
         R"(["table","function","nil","1","1.5"])"},
        {"local t = { 3, 1, 2 } table.sort(t, function(a, b) return a > b end) return t", "[3,2,1]"},
        {"local t = { 'b', 'a' } table.sort(t) table.insert(t, 1, 'x') return { table.remove(t), #t, t[1] }",
         R"(["b",2,"x"])"},
        {"local all = {} for k in pairs({ b = 1, a = 2, 10, [3] = 1 }) do all[#all + 1] = tostring(k) end return all",
         R"(["1","3","a","b"])"},
        {"local t = { a = 1, b = 2 } for k in pairs(t) do t[k] = nil end return t", "{}"},
        {"return moontide.list()", "[]"},
        {"return { list = moontide.list { 'a' }, map = {} }", R"({"list":["a"],"map":{}})"},
        {"return moontide.key('a/b') .. moontide.name('A_b')", R"("a_ba-b")"},
        {"return { moontide.match('v1.22', '^v(\\\\d+)\\\\.(\\\\d+)$') }", R"(["1","22"])"},
        {"return { moontide.any('dev-.*, prod', 'dev-1'), moontide.any('dev', 'dev-1'), moontide.any({ 'x', 'y' }, "
         "'y') }",
         "[true,false,true]"},
        {"return { moontide.glob('a*', 'abc'), moontide.glob('a?', 'abc') }", "[true,false]"},
        {"return moontide.json.encode({ b = 1, a = { 1, 'x' }, c = moontide.list() })",
         R"("{\"a\":[1,\"x\"],\"b\":1,\"c\":[]}")"},
        {"local t = moontide.json.decode('{\"a\":[],\"n\":9007199254740993,\"z\":null}') t.b = 1 "
         "return moontide.json.encode(t)",
         R"("{\"a\":[],\"b\":1,\"n\":9007199254740993}")"},
        {"return moontide.yaml.encode({ a = { 'x', 'true', 1 }, b = 'l1\\nl2\\n', c = {} })",
         "\"a:\\n  - x\\n  - \\\"true\\\"\\n  - 1\\nb: |\\n  l1\\n  l2\\nc: {}\\n\""},
        {"return moontide.yaml.decode('a: &x [1, yes, \"1\", 1.5, ~]\\nb: *x')", nullptr},
        {"return moontide.yaml.decode('a: &x [1, yes, \"1\", 1.5]\\nb: *x')",
         R"({"a":[1,"yes","1",1.5],"b":[1,"yes","1",1.5]})"},
        {"return moontide.base64.decode(moontide.base64.encode('moon'))", R"("moon")"},
        {"return moontide.sha256('abc')", R"("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")"},
        {"return moontide.template('{{range $k, $v := .map}}{{$k}}={{$v}} {{end}}{{len .list}}', "
         "{ map = { b = 2, a = 'x' }, list = { 1, 2 } })",
         R"("a=x b=2 2")"},
        {"return moontide.template('{{.a}}') .. moontide.template('{{.}}', 'text')", R"("<no value>text")"},
        {"return moontide.template('{{.a}}', {}, { missing = 'error' })", nullptr},
        {"return moontide.template('{{.a', {})", nullptr},
        {"return moontide.template('', {}, { nmae = 'x' })", nullptr},
        {"return { moontide.template_error('{{if .a}}', { name = 'motd' }), moontide.template_error('{{.a.b}}') == nil "
         "}",
         R"(["template: motd:1: unexpected EOF",true])"},
        {"return moontide.template_error({})", nullptr},
        {"return require('moontide.json').encode(1)", R"("1")"},
        {"return { math.floor(1.5), tonumber('0x10'), select('#', 1, 2) }", "[1,16,2]"},
    };
    for (const auto& one : cases) {
        INFO(one.text);
        const auto result = run(one.text);
        if (one.json == nullptr) {
            CHECK_FALSE(result);
            continue;
        }
        if (!result) FAIL(result.error().message);
        CHECK(*result == one.json);
    }
}
