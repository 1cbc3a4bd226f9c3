// Between the connections and the request path: who may come in, watches that are written as their clients read.
#pragma once

#include "base/loop.hpp"
#include "kube/http2.hpp"
#include "sandbox/api.hpp"

#include <list>
#include <memory>
#include <optional>
#include <string>

namespace moontide::sandbox {

/// Used by the loop's thread.
class Front {
public:
    /// `token` is accepted beside client certificates; empty for none.
    Front(Loop& loop, Api& api, const Clock& clock, std::string token);
    ~Front();

    void serve(const kube::http2::ExchangePtr& exchange);
    void end_watches();
    /// Lets the controllers work and tells the watches; after anything changed the store.
    void advance();

private:
    struct Watcher {
        kube::http2::ExchangePtr exchange;
        std::shared_ptr<Watch> watch;
        bool gone = false;
    };

    /// Nobody where nothing proves who asks.
    std::optional<User> user_of(const kube::http2::Exchange& exchange) const;
    void answer(kube::http2::Exchange& exchange, Response response);
    void begin_watch(const kube::http2::ExchangePtr& exchange, std::shared_ptr<Watch> watch);
    void pump();
    void set_timer();

    Loop& loop_;
    Api& api_;
    const Clock& clock_;
    std::string token_;
    std::list<std::shared_ptr<Watcher>> watchers_;
    bool advancing_ = false;  ///< advance() is posted
    Loop::TimerId timer_ = 0;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace moontide::sandbox
