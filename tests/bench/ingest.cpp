// What one event costs on the ingest thread, ignored and kept, and what an object costs that is kept.
#include "cache/feed.hpp"
#include "cache/store.hpp"
#include "watch/line.hpp"
#include "watch/machine.hpp"

#include <chrono>
#include <cstdio>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <malloc.h>

using namespace moontide;

namespace {

constexpr std::string_view managed_fields =
    R"("managedFields":[{"manager":"kubectl-client-side-apply","operation":"Update","apiVersion":"v1",)"
    R"("time":"2026-01-31T12:00:00Z","fieldsType":"FieldsV1","fieldsV1":{"f:data":{".":{},"f:a":{},"f:b":{},"f:c":{}},)"
    R"("f:metadata":{"f:annotations":{".":{},"f:kubectl.kubernetes.io/last-applied-configuration":{}},"f:labels":{".":{},)"
    R"("f:app.kubernetes.io/managed-by":{},"f:moontide.dev/instance":{},"f:team":{}}}}}],)";

std::string configmap(std::size_t i, kube::ResourceVersion version) {
    return fmt::format(
        R"({{"kind":"ConfigMap","apiVersion":"v1","metadata":{{"name":"app-config","namespace":"team-{:05}",)"
        R"("uid":"7b1b3f0e-91a0-4e57-9d0c-{:012}","resourceVersion":"{}","creationTimestamp":"2026-01-31T12:00:00Z",)"
        R"("labels":{{"app.kubernetes.io/managed-by":"moontide","moontide.dev/instance":"moontide","team":"team-{}"}},)"
        R"({}"annotations":{{"example.com/note":"{:a<80}"}}}},"data":{{"a":"{:b<120}","b":"{:c<120}","c":"{:d<110}"}}}})",
        i, i, version, i % 50, managed_fields, "", "", "", "");
}

std::string lines(std::size_t objects, kube::ResourceVersion first) {
    std::string text;
    for (std::size_t i = 0; i < objects; ++i) {
        text += R"({"type":"MODIFIED","object":)" + configmap(i, first + i) + "}\n";
    }
    return text;
}

/// The way of a chunk through Follower, without the threads.
double microseconds_per_event(cache::Feed& feed, watch::Machine& machine, const std::string& text, std::size_t events) {
    watch::LineSplitter splitter(16U << 20);
    watch::LineReader line_reader;
    kube::Reader reader;
    const auto began = std::chrono::steady_clock::now();
    for (std::size_t at = 0; at < text.size(); at += 16'384) {
        const auto fed = splitter.feed(std::string_view(text).substr(at, 16'384), [&](std::string_view line) {
            const auto read = line_reader.read(line);
            const auto& event = std::get<watch::EventLine>(*read);
            const auto metadata = reader.metadata(event.object_json);
            machine.on(watch::EventSeen{metadata->resource_version});
            feed.changed_with(event.type, *metadata, event.object_json);
            return true;
        });
        if (!fed) return 0;
    }
    const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - began;
    return took.count() / static_cast<double>(events);
}

}  // namespace

int main() {
    constexpr std::size_t count = 50'000;
    watch::Machine machine({}, {}, 1);

    cache::Store nothing;
    cache::Feed ignoring(
        nothing, {"v1", "ConfigMap"}, [](const kube::Metadata& metadata) { return metadata.name.empty(); }, nullptr,
        nullptr);
    const auto first = lines(count, 1);
    const auto second = lines(count, count + 1);
    fmt::print("line                  {} B\n", first.size() / count);
    fmt::print("ignored event         {:.2f} us\n", microseconds_per_event(ignoring, machine, first, count));

    cache::Store store;
    cache::Feed keeping(store, {"v1", "ConfigMap"}, [](const kube::Metadata&) { return true; }, nullptr, nullptr);
    const auto held_before = mallinfo2();
    fmt::print("kept event, new       {:.2f} us\n", microseconds_per_event(keeping, machine, first, count));
    const auto held_after = mallinfo2();
    const auto held = (held_after.uordblks + held_after.hblkhd) - (held_before.uordblks + held_before.hblkhd);
    fmt::print("kept event, changed   {:.2f} us\n", microseconds_per_event(keeping, machine, second, count));
    fmt::print("held for an object    {} B for {} B of JSON: {:.2f}\n", held / count, store.bytes() / count,
               static_cast<double>(held) / static_cast<double>(store.bytes()));
    return store.size() == count ? 0 : 1;
}
