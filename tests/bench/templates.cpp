// Templates a second beside Go's text/template, on the same texts and values; Go's words are compared where Go is
// there.
#include "source_directory.hpp"
#include "template/template.hpp"

#include <array>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <stdexcept>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace {

using namespace moontide;
using Json = nlohmann::json;

template <typename Act>
double rate(Act&& act) {
    using Time = std::chrono::steady_clock;
    constexpr std::chrono::milliseconds long_enough{500};
    constexpr int between_looks = 20;
    std::size_t count = 0;
    const auto began = Time::now();
    while (Time::now() - began < long_enough) {
        for (int i = 0; i < between_looks; ++i) act();
        count += between_looks;
    }
    return static_cast<double>(count) / std::chrono::duration<double>(Time::now() - began).count();
}

/// What the Go program says; null where there is no Go.
Json of_go(const std::string& folder) {
    const auto command = "go -C '" + folder + "' run . '" + folder + "/cases.json' 2>/dev/null";
    // NOLINTNEXTLINE(cert-env33-c): a shell finds Go as the user does.
    std::FILE* pipe = ::popen(command.c_str(), "r");
    if (pipe == nullptr) return nullptr;
    std::string text;
    std::array<char, 4096> piece{};
    while (const auto size = std::fread(piece.data(), 1, piece.size(), pipe)) text.append(piece.data(), size);
    if (::pclose(pipe) != 0) return nullptr;
    return Json::parse(text);
}

templates::Template parsed(const Json& one) {
    auto made = templates::Template::parse(one.at("name"), one.at("template"));
    if (!made) throw std::runtime_error(made.error().message);
    return std::move(*made);
}

std::string rendered(const templates::Template& one, const Json& values) {
    templates::Budget budget;
    auto text = one.render(values, templates::MissingKey::no_value, budget);
    if (!text) throw std::runtime_error(text.error().message);
    return std::move(*text);
}

/// False where the outputs differ.
bool compare(const Json& one, const Json& go) {
    Json values = one.at("values");
    for (std::size_t i = 0; i < one.value("items", std::size_t{0}); ++i) {
        values["items"].push_back(fmt::format("item-{}", i));
    }
    const auto ready = parsed(one);
    const auto output = rendered(ready, values);
    const auto parses = rate([&] { parsed(one); });
    const auto renders = rate([&] { rendered(ready, values); });
    const auto line = [&](const char* what, double ours, const char* of_go_name) {
        const auto theirs = go.is_null() ? 0 : go.at(of_go_name).get<double>();
        fmt::print("{:<26}{:<8}{:>12.0f}{:>12.0f}{:>8.2f}\n", one.at("name").get<std::string>(), what, ours, theirs,
                   theirs > 0 ? ours / theirs : 0);
    };
    line("parse", parses, "parse");
    line("render", renders, "render");
    return go.is_null() || go.at("output") == output;
}

}  // namespace

int main() {
    try {
        const auto folder = test::source_directory() + "/tests/bench/templates";
        std::ifstream in(folder + "/cases.json");
        const auto cases = Json::parse(in);
        const auto go = of_go(folder);
        if (go.is_null()) fmt::print("there is no Go: its columns are empty\n");
        fmt::print("{:<26}{:<8}{:>12}{:>12}{:>8}\n", "a second", "", "Moontide", "Go", "ratio");
        bool same = true;
        for (std::size_t i = 0; i < cases.size(); ++i) {
            same = compare(cases[i], go.is_null() ? Json() : go.at(i)) && same;
        }
        if (same) return 0;
        fmt::print(stderr, "bench: Go prints something else\n");
    } catch (const std::exception& error) {
        fmt::print(stderr, "bench: {}\n", error.what());
    }
    return 1;
}
