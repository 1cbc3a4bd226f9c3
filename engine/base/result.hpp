// What a call gives back where it can fail: a value, or an Error that says what failed and whether to try again.
#pragma once

#include <expected>
#include <string>
#include <utility>

namespace moontide {

/// Whether the same call can succeed later without anything being changed.
enum class Retry { never, later };

/// What went wrong, in a message that names the thing, the place (file:line where there is one) and the way out.
struct [[nodiscard]] Error {
    std::string message;
    Retry retry = Retry::never;
};

template <typename T>
using Result = std::expected<T, Error>;

/// For `return fail("config.yaml:3: unknown key 'x'");` in a function that returns a Result.
[[nodiscard]] inline std::unexpected<Error> fail(std::string message, Retry retry = Retry::never) {
    return std::unexpected(Error{std::move(message), retry});
}

/// The same error with the place or the act in front: `fail(within("policies/copy", error))`.
[[nodiscard]] inline std::unexpected<Error> within(const std::string& place, Error error) {
    error.message = place + ": " + error.message;
    return std::unexpected(std::move(error));
}

}  // namespace moontide

/// `auto text = TRY(read(path));` gives the value or returns the error from the enclosing function.
/// A GNU statement expression, so not for use within coroutines.
#define TRY(expression) MOONTIDE_TRY_(expression, MOONTIDE_UNIQUE_(try_result_, __COUNTER__))

/// TRY for a Result<void>.
#define TRY_VOID(expression) MOONTIDE_TRY_VOID_(expression, MOONTIDE_UNIQUE_(try_result_, __COUNTER__))

// A name of its own for each use, so that one TRY may stand within another.
#define MOONTIDE_UNIQUE_(name, number) MOONTIDE_JOINED_(name, number)
#define MOONTIDE_JOINED_(name, number) name##number
#define MOONTIDE_TRY_(expression, result)                               \
    ({                                                                  \
        auto&& result = (expression);                                   \
        if (!result) return std::unexpected(std::move(result).error()); \
        std::move(result).value();                                      \
    })
#define MOONTIDE_TRY_VOID_(expression, result)                          \
    do {                                                                \
        auto&& result = (expression);                                   \
        if (!result) return std::unexpected(std::move(result).error()); \
    } while (false)
