#include "base/log.hpp"

#include <algorithm>
#include <atomic>
#include <memory>

#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace moontide::log {

namespace {

std::atomic<Format> format{Format::text};

spdlog::logger& logger() {
    static const auto shared = [] {
        auto made = std::make_shared<spdlog::logger>("moontide", std::make_shared<spdlog::sinks::stderr_sink_mt>());
        made->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %-5l %v", spdlog::pattern_time_type::utc);
        made->flush_on(spdlog::level::trace);
        return made;
    }();
    return *shared;
}

/// The length of the UTF-8 character that `text` begins with; 0 where it begins with none.
std::size_t character(std::string_view text) {
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
    const unsigned char lead = byte(0);
    const std::size_t size = lead < 0x80   ? 1
                             : lead < 0xc2 ? 0
                             : lead < 0xe0 ? 2
                             : lead < 0xf0 ? 3
                             : lead < 0xf5 ? 4
                                           : 0;
    if (size == 0 || size > text.size()) return 0;
    for (std::size_t i = 1; i < size; ++i) {
        if ((byte(i) & 0xc0) != 0x80) return 0;
    }
    // Too long a form, a surrogate, or beyond U+10FFFF.
    if ((lead == 0xe0 && byte(1) < 0xa0) || (lead == 0xed && byte(1) > 0x9f) || (lead == 0xf0 && byte(1) < 0x90) ||
        (lead == 0xf4 && byte(1) > 0x8f)) {
        return 0;
    }
    return size;
}

/// As within a JSON text: what servers and objects say must neither end the line nor reach a terminal as a command.
void escape(std::string_view text, std::string& out) {
    while (!text.empty()) {
        const auto size = character(text);
        const auto c = static_cast<unsigned char>(text.front());
        if (size == 0) {
            out += "\\ufffd";
        } else if (c == '"' || c == '\\') {
            out += '\\';
            out += text.front();
        } else if (c == '\n') {
            out += "\\n";
        } else if (c == '\t') {
            out += "\\t";
        } else if (c < 0x20 || c == 0x7f) {
            out += fmt::format("\\u{:04x}", c);
        } else {
            out += text.substr(0, size);
        }
        text.remove_prefix(size == 0 ? 1 : size);
    }
}

void quote(std::string_view text, std::string& out) {
    out += '"';
    escape(text, out);
    out += '"';
}

/// Printable without quotes; anything beyond ASCII is looked at by escape().
bool is_plain(std::string_view value) {
    return !value.empty() &&
           std::ranges::all_of(value, [](char c) { return c > ' ' && c < 0x7f && c != '"' && c != '=' && c != '\\'; });
}

/// A sentence reads best as it is, so only what is dangerous in it is escaped.
void say(std::string_view sentence, std::string& out) {
    std::string escaped;
    escape(sentence, escaped);
    for (std::size_t i = 0; i < escaped.size(); ++i) {
        if (escaped[i] == '\\' && i + 1 < escaped.size() && (escaped[i + 1] == '"' || escaped[i + 1] == '\\')) ++i;
        out += escaped[i];
    }
}

void write(spdlog::level::level_enum level, std::string_view sentence, Fields fields) {
    if (!logger().should_log(level)) return;
    std::string line;
    if (format.load(std::memory_order_relaxed) == Format::json) {
        line += "\"msg\":";
        quote(sentence, line);
        for (const auto& [name, value] : fields) {
            line += ',';
            quote(name, line);
            line += ':';
            quote(value, line);
        }
        line += '}';
    } else {
        say(sentence, line);
        for (const auto& [name, value] : fields) {
            line += ' ';
            line += name;
            line += '=';
            if (is_plain(value)) {
                line += value;
            } else {
                quote(value, line);
            }
        }
    }
    logger().log(level, "{}", line);
}

}  // namespace

void configure(Format chosen, Level level) {
    format = chosen;
    auto& shared = logger();
    if (chosen == Format::json) {
        shared.set_pattern(R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v)", spdlog::pattern_time_type::utc);
    } else {
        shared.set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %-5l %v", spdlog::pattern_time_type::utc);
    }
    switch (level) {
        case Level::debug:
            shared.set_level(spdlog::level::debug);
            break;
        case Level::info:
            shared.set_level(spdlog::level::info);
            break;
        case Level::warn:
            shared.set_level(spdlog::level::warn);
            break;
        case Level::error:
            shared.set_level(spdlog::level::err);
            break;
    }
}

void debug(std::string_view sentence, Fields fields) {
    write(spdlog::level::debug, sentence, fields);
}
void info(std::string_view sentence, Fields fields) {
    write(spdlog::level::info, sentence, fields);
}
void warn(std::string_view sentence, Fields fields) {
    write(spdlog::level::warn, sentence, fields);
}
void error(std::string_view sentence, Fields fields) {
    write(spdlog::level::err, sentence, fields);
}

}  // namespace moontide::log
