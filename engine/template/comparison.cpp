// text/template's comparisons (funcs.go): values of basic kinds, and of equal kinds only.
#include "template/failure.hpp"
#include "template/functions.hpp"

#include <fmt/format.h>

namespace moontide::templates {
namespace {

enum class Kind { none, boolean, integer, natural, real, text };

Kind kind_of(const Value& value) {
    switch (value.type()) {
        case Type::boolean:
            return Kind::boolean;
        case Type::integer:
        case Type::integer64:
            return Kind::integer;
        case Type::byte:
            return Kind::natural;
        case Type::real:
            return Kind::real;
        case Type::text:
            return Kind::text;
        case Type::nothing:
        case Type::list:
        case Type::texts:
        case Type::map:
        case Type::text_map:
            break;
    }
    return Kind::none;
}

bool both_integers(Kind one, Kind other) {
    return (one == Kind::integer && other == Kind::natural) || (one == Kind::natural && other == Kind::integer);
}

[[noreturn]] void incompatible(const Value& one, const Value& other) {
    throw CallFailure(
        fmt::format("incompatible types for comparison: {} and {}", name_of(one.type()), name_of(other.type())));
}

/// Of values without a basic kind: nil equals nil, and lists and maps compare with nothing else.
/// Go's messages quote the values, which may be a Secret's.
bool equal_without_kind(const Value& one, const Value& other) {
    if (one.nil() || other.nil()) return one.nil() == other.nil();
    if (one.is_list() != other.is_list()) {
        throw CallFailure(fmt::format("non-comparable types {}, {}", name_of(one.type()), name_of(other.type())));
    }
    throw CallFailure(fmt::format("non-comparable type {}", name_of(other.type())));
}

bool equal(Meter& meter, const Value& one, const Value& other) {
    const Kind kind = kind_of(one);
    const Kind other_kind = kind_of(other);
    if (kind != other_kind && !both_integers(kind, other_kind)) {
        if (!one.nil() && !other.nil()) incompatible(one, other);
        return false;
    }
    switch (kind) {
        case Kind::boolean:
            return one.boolean() == other.boolean();
        case Kind::integer:
        case Kind::natural:
            return one.integer() == other.integer();
        case Kind::real:
            return one.real() == other.real();
        case Kind::text:
            meter.bytes(one.size());
            return one.text() == other.text();
        case Kind::none:
            break;
    }
    return equal_without_kind(one, other);
}

bool less(Meter& meter, const Value& one, const Value& other) {
    const Kind kind = kind_of(one);
    const Kind other_kind = kind_of(other);
    constexpr const char* invalid = "invalid type for comparison";
    if (kind == Kind::none || other_kind == Kind::none) throw CallFailure(invalid);
    if (kind != other_kind && !both_integers(kind, other_kind)) incompatible(one, other);
    switch (kind) {
        case Kind::integer:
        case Kind::natural:
            return one.integer() < other.integer();
        case Kind::real:
            return one.real() < other.real();
        case Kind::text:
            meter.bytes(one.size());
            return one.text() < other.text();
        case Kind::none:
        case Kind::boolean:
            break;
    }
    throw CallFailure(invalid);
}

bool less_or_equal(Meter& meter, Arguments arguments) {
    return less(meter, arguments[0], arguments[1]) || equal(meter, arguments[0], arguments[1]);
}

}  // namespace

Value eq_function(Meter& meter, Arguments arguments) {
    if (arguments.size() < 2) throw CallFailure("missing argument for comparison");
    for (const Value& other : arguments.subspan(1)) {
        if (equal(meter, arguments[0], other)) return Value::of(true);
    }
    return Value::of(false);
}

Value ne_function(Meter& meter, Arguments arguments) {
    return Value::of(!equal(meter, arguments[0], arguments[1]));
}

Value lt_function(Meter& meter, Arguments arguments) {
    return Value::of(less(meter, arguments[0], arguments[1]));
}

Value le_function(Meter& meter, Arguments arguments) {
    return Value::of(less_or_equal(meter, arguments));
}

Value gt_function(Meter& meter, Arguments arguments) {
    return Value::of(!less_or_equal(meter, arguments));
}

Value ge_function(Meter& meter, Arguments arguments) {
    return Value::of(!less(meter, arguments[0], arguments[1]));
}

}  // namespace moontide::templates
