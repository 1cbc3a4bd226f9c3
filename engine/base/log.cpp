#include "base/log.hpp"

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

void quote(std::string_view text, std::string& out) {
    out += '"';
    for (const char c : text) {
        switch (c) {
            case '"': out += "\\\""; break;
            case '\\': out += "\\\\"; break;
            case '\n': out += "\\n"; break;
            case '\t': out += "\\t"; break;
            default:
                if (static_cast<unsigned char>(c) < 0x20) {
                    out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
                } else {
                    out += c;
                }
        }
    }
    out += '"';
}

bool is_plain(std::string_view value) {
    return !value.empty() && value.find_first_of(" \"=\n\t\\") == std::string_view::npos;
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
        line += sentence;
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
        case Level::debug: shared.set_level(spdlog::level::debug); break;
        case Level::info: shared.set_level(spdlog::level::info); break;
        case Level::warn: shared.set_level(spdlog::level::warn); break;
        case Level::error: shared.set_level(spdlog::level::err); break;
    }
}

void debug(std::string_view sentence, Fields fields) { write(spdlog::level::debug, sentence, fields); }
void info(std::string_view sentence, Fields fields) { write(spdlog::level::info, sentence, fields); }
void warn(std::string_view sentence, Fields fields) { write(spdlog::level::warn, sentence, fields); }
void error(std::string_view sentence, Fields fields) { write(spdlog::level::err, sentence, fields); }

}  // namespace moontide::log
