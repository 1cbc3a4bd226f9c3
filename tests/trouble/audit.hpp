// What happened at a real API server, from its audit log and the tests' own watches, as a History for the checker.
#pragma once

#include "mirror.hpp"
#include "sandbox/history.hpp"

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace moontide::trouble {

using sandbox::Json;

/// A request as the audit log has it, once it was answered; of a watch, once it had begun.
struct Heard {
    std::chrono::microseconds asked{0};  ///< since 1970
    std::chrono::microseconds answered{0};
    std::string client;  ///< its user agent
    std::string verb;
    std::string resource;
    std::string namespace_name;
    std::string name;
    std::string path;
    int status = 0;
    Json request;   ///< of a write
    Json response;  ///< of a write
};

/// Begins with what is there and ends with history(). What a killed API server had not logged is missing there, and its
/// effects are nobody's. One thread.
class Audit {
public:
    Audit(std::filesystem::path log, test::Mirror& mirror);

    /// A remark of this moment, for the history.
    void note(std::string what, Json fields = Json::object());

    /// So far, of those that match, in the order of their answers.
    std::vector<Heard> heard(const std::function<bool(const Heard&)>& matches) const;
    /// Of the engine.
    std::size_t count(const std::vector<std::string>& verbs, int status = 0) const;

    /// Once the log has the answer that made this version.
    std::shared_ptr<sandbox::History> history(const std::string& up_to_version) const;

private:
    struct Noted {
        std::chrono::microseconds at{0};
        std::string what;
        Json fields;
    };

    std::string text() const;
    std::vector<Heard> read() const;

    std::filesystem::path log_;
    test::Mirror& mirror_;
    std::uintmax_t begin_ = 0;  ///< of the log
    std::size_t mark_ = 0;      ///< of the mirror
    std::vector<Json> there_;   ///< at the begin
    std::vector<Noted> notes_;
};

bool is_engine(const Heard& heard);

}  // namespace moontide::trouble
