#include "base/log.hpp"

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>
#include <sys/mman.h>
#include <unistd.h>

using namespace moontide;

namespace {

/// What `write` puts on stderr.
std::string written(const std::function<void()>& write) {
    const int file = ::memfd_create("stderr", 0);
    const int before = ::dup(STDERR_FILENO);
    ::dup2(file, STDERR_FILENO);
    write();
    ::dup2(before, STDERR_FILENO);
    ::close(before);
    std::string text(static_cast<std::size_t>(::lseek(file, 0, SEEK_END)), '\0');
    REQUIRE(::pread(file, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()));
    ::close(file);
    return text;
}

std::string json_message(const std::string& sentence, const std::string& value) {
    log::configure(log::Format::json, log::Level::info);
    const auto line = written([&] { log::info(sentence, {{"field", value}}); });
    log::configure(log::Format::text, log::Level::info);
    return line.substr(line.find("\"msg\""));
}

}  // namespace

TEST_CASE("a JSON line holds any text and stays one line of UTF-8") {
    using Case = std::pair<std::string, std::string>;
    const std::vector<Case> cases = {
        {"plain", "plain"},
        {"a \"quote\" and \\", R"(a \"quote\" and \\)"},
        {"two\nlines\tand\r", R"(two\nlines\tand\u000d)"},
        {std::string("\0\x1b[31m\x7f", 7), R"(\u0000\u001b[31m\u007f)"},
        {"gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x8c\x99", "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x8c\x99"},
        {"\xff", R"(\ufffd)"},
        {"\xc3", R"(\ufffd)"},
        {"\xc0\xaf", R"(\ufffd\ufffd)"},
        {"\xed\xa0\x80", R"(\ufffd\ufffd\ufffd)"},
        {"\xf4\x90\x80\x80", R"(\ufffd\ufffd\ufffd\ufffd)"},
        {"{} {0}", "{} {0}"},
    };
    for (const auto& [text, escaped] : cases) {
        CHECK(json_message(text, text) == "\"msg\":\"" + escaped + "\",\"field\":\"" + escaped + "\"}\n");
    }
}

TEST_CASE("a text line quotes what would be read as more than one value") {
    log::configure(log::Format::text, log::Level::info);
    const auto line = written([] {
        log::info("it \"said\" \x1b[31m\nno",
                  {{"a", "flux-system/shared"}, {"b", "two words"}, {"c", "\x1b[0m"}, {"d", ""}});
    });
    CHECK(line.substr(line.find("it ")) ==
          "it \"said\" \\u001b[31m\\nno a=flux-system/shared b=\"two words\" "
          "c=\"\\u001b[0m\" d=\"\"\n");
}

TEST_CASE("lines below the level are not written") {
    log::configure(log::Format::text, log::Level::warn);
    CHECK(written([] { log::info("no"); }).empty());
    CHECK(written([] { log::warn("yes"); }).find("yes") != std::string::npos);
    log::configure(log::Format::text, log::Level::info);
}
