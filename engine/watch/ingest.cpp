#include "watch/ingest.hpp"

#include "base/guarded.hpp"
#include "watch/follower.hpp"
#include "watch/mailbox.hpp"
#include "watch/wire.hpp"

#include <atomic>
#include <map>
#include <thread>
#include <unordered_map>
#include <utility>

#include <pthread.h>

namespace moontide::watch {

class Ingest::Implementation {
public:
    Implementation(Loop& io, kube::Client& client, IngestOptions options, const Clock& clock)
        : wire_(io, client,
                [this, mailbox = mailbox_](WatchId id, Turn turn, Arrival arrival) {
                    // Only the mailbox is sure to be there still; what it is given after the end never runs.
                    mailbox->post([this, id, turn, arrival = std::move(arrival)]() mutable {
                        arrived(id, turn, std::move(arrival));
                    });
                }),
          tools_{wire_, clock, options, {}, {}, [this](WatchId id, Milliseconds delay, std::function<void()> function) {
                     after(id, delay, std::move(function));
                 }} {
        thread_ = std::jthread([this](const std::stop_token& stop) {
            pthread_setname_np(pthread_self(), "ingest");
            mailbox_->run(stop);
        });
    }

    WatchId add(Scope scope, Consumer& consumer) {
        const WatchId id = ++last_id_;
        health_.with([&](auto& all) {
            auto& health = all[id];
            health.id = id;
            health.scope = scope;
            health.state = "listing";
            health.last_heard = tools_.clock.now();
        });
        mailbox_->post([this, id, scope = std::move(scope), &consumer]() mutable {
            auto& follower = *followers_.emplace(id, std::make_unique<Follower>(id, std::move(scope), consumer, tools_))
                                  .first->second;
            follower.start();
            publish(id, follower);
        });
        return id;
    }

    void remove(WatchId id, std::function<void()> removed) {
        mailbox_->post([this, id, removed = std::move(removed)] {
            const auto found = followers_.find(id);
            if (found != followers_.end()) {
                found->second->stop();
                followers_.erase(found);
            }
            health_.with([&](auto& all) { all.erase(id); });
            if (removed) removed();
        });
    }

    Mailbox& mailbox() { return *mailbox_; }

    void stop() {
        thread_.request_stop();
        if (thread_.joinable()) thread_.join();
    }

    std::vector<Health> health() const {
        return health_.with([](const auto& all) {
            std::vector<Health> list;
            for (const auto& [id, health] : all) list.push_back(health);
            return list;
        });
    }

private:
    void arrived(WatchId id, Turn turn, Arrival arrival) {
        const auto found = followers_.find(id);
        if (found == followers_.end()) return;
        found->second->arrived(turn, std::move(arrival));
        publish(id, *found->second);
    }

    void after(WatchId id, Milliseconds delay, std::function<void()> function) {
        mailbox_->after(delay, [this, id, function = std::move(function)] {
            const auto found = followers_.find(id);
            if (found == followers_.end()) return;
            function();
            publish(id, *found->second);
        });
    }

    void publish(WatchId id, const Follower& follower) {
        health_.with([&](auto& all) {
            const auto found = all.find(id);
            if (found != all.end()) follower.describe(found->second);
        });
    }

    const std::shared_ptr<Mailbox> mailbox_ = std::make_shared<Mailbox>();
    std::atomic<WatchId> last_id_{0};
    Guarded<std::map<WatchId, Health>> health_;

    // The ingest thread's:
    Wire wire_;
    Tools tools_;
    std::unordered_map<WatchId, std::unique_ptr<Follower>> followers_;

    std::jthread thread_;  // the last member: joined before the others go
};

Ingest::Ingest(Loop& io, kube::Client& client, IngestOptions options, const Clock& clock)
    : self_(std::make_unique<Implementation>(io, client, options, clock)) {}
Ingest::~Ingest() = default;

WatchId Ingest::add(Scope scope, Consumer& consumer) {
    return self_->add(std::move(scope), consumer);
}
void Ingest::remove(WatchId id, std::function<void()> removed) {
    self_->remove(id, std::move(removed));
}
void Ingest::post(std::function<void()> function) {
    self_->mailbox().post(std::move(function));
}
void Ingest::after(Milliseconds delay, std::function<void()> function) {
    self_->mailbox().after(delay, std::move(function));
}
void Ingest::stop() {
    self_->stop();
}
std::vector<Health> Ingest::health() const {
    return self_->health();
}

}  // namespace moontide::watch
