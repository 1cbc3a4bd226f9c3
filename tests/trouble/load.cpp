#include "load.hpp"

#include <exception>

namespace moontide::trouble {

namespace {

constexpr Milliseconds BETWEEN_ACTS{10};

}  // namespace

Load::Load(Scene& scene, std::uint64_t seed) : scene_(scene), random_(seed) {
    thread_ = std::jthread([this](const std::stop_token& stop) {
        test::Api api(scene_.cluster.access());
        while (!stop.stop_requested()) {
            try {
                act(api);
                ++done_;
            } catch (const std::exception&) {
                // The server is away, or the object is: the next act.
            }
            std::unique_lock lock(mutex_);
            woken_.wait_for(lock, stop, BETWEEN_ACTS, [] { return false; });
        }
    });
}

Load::~Load() {
    stop();
}

void Load::stop() {
    thread_.request_stop();
    if (thread_.joinable()) thread_.join();
}

void Load::act(test::Api& api) {
    // Not the first, whose namespace has what is somebody else's.
    const auto& space = scene_.spaces[1 + below(scene_.spaces.size() - 1)];
    const auto source = test::ref_of(scene_.sources[below(scene_.sources.size())]);
    switch (below(10)) {
        case 0:
            api.merge(source, {{"data", {{"n", std::to_string(random_())}}}});
            break;
        case 1:
        case 2:
            api.remove_if_there(test::config_map(space, source.name));
            break;
        case 3:
        case 4:
        case 5:
            api.merge(test::config_map(space, source.name), {{"data", {{"by-hand", std::to_string(random_())}}}});
            break;
        case 6:
            api.merge(test::namespace_ref(space), {{"metadata", {{"annotations", {{test::TARGET_MARK, nullptr}}}}}});
            break;
        default:
            api.merge(test::namespace_ref(space), {{"metadata", {{"annotations", {{test::TARGET_MARK, "true"}}}}}});
            break;
    }
}

}  // namespace moontide::trouble
