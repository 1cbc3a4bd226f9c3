// Stands between the connections and whoever answers: carries a plan of faults out and records what passes.
#pragma once

#include "base/clock.hpp"
#include "base/loop.hpp"
#include "kube/http2.hpp"
#include "sandbox/faults.hpp"
#include "sandbox/history.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace moontide::sandbox {

class Passage;

/// What a request asks for, by its path alone, so that no table of kinds is needed.
Asked read_asked(const kube::http2::Request& request);

/// A rule has fired: with faults before the effect when the request came, with others when the answer was made, with
/// `pass` once the answer has been sent on.
struct Fired {
    std::size_t rule = 0;
    Asked asked;
};

/// Used by the loop's thread. The same for the sandbox and for a proxy in front of another server.
class FaultPort {
public:
    using Handler = std::function<void(const kube::http2::ExchangePtr&)>;
    /// Cuts all connections and refuses new ones for that long.
    using Refuse = std::function<void(Milliseconds)>;

    FaultPort(Loop& loop, const Clock& clock, Refuse refuse);
    ~FaultPort();
    FaultPort(const FaultPort&) = delete;
    FaultPort& operator=(const FaultPort&) = delete;

    /// `next` answers the exchange that it is given, at once or later.
    void serve(const kube::http2::ExchangePtr& exchange, Handler next);

    /// Where requests and answers are written down from now on; null: nowhere.
    void record(std::shared_ptr<History> history) { history_ = std::move(history); }

    /// From now on, in place of the plan before; counts begin anew.
    void inject(FaultPlan plan, std::function<void(const Fired&)> told = {});
    /// No more faults: what a fault holds is cut off, so that clients begin anew at once.
    void heal();
    /// Requests and answers that freeze-before and freeze-after hold go on.
    void release();

    /// The request that takes effect at this moment, where `next` answers at once; else 0.
    RequestId current() const { return current_; }
    /// The server's newest version, for faults that show an older one.
    void saw_version(std::uint64_t version);

private:
    friend class Passage;
    using PassagePtr = std::shared_ptr<Passage>;

    /// A rule of the plan and how often it matched and fired.
    struct Counted {
        std::uint64_t matches = 0;
        std::uint64_t fired = 0;
    };
    struct Frozen {
        FaultMatch match;
        std::uint64_t version = 0;
        Instant until;
    };

    /// Clients whose connections are cut for a time.
    struct Refusal {
        std::vector<std::string> clients;
        Instant until;
    };

    bool is_refused(const Asked& asked);
    void refuse(const PassagePtr& passage);
    std::optional<std::size_t> choose(const Asked& asked);
    void begin(const PassagePtr& passage);
    void run(const PassagePtr& passage);
    void run_twice(const PassagePtr& passage);
    void hold(const PassagePtr& passage);
    void tell(const Passage& passage);
    /// The version at which the request's view stands still; nothing where it does not.
    std::optional<std::uint64_t> frozen_at(const Asked& asked);
    void freeze_view(const FaultRule& rule);
    void thaw();

    Loop& loop_;
    const Clock& clock_;
    std::shared_ptr<History> history_;
    Refuse refuse_;
    FaultPlan plan_;
    Instant plan_began_;
    std::vector<Counted> counts_;
    std::function<void(const Fired&)> told_;
    std::vector<Frozen> frozen_;
    std::vector<Refusal> refusals_;
    std::vector<PassagePtr> held_;
    std::vector<std::weak_ptr<Passage>> open_;  ///< watches, and what a fault keeps silent
    RequestId current_ = 0;
    std::uint64_t newest_version_ = 0;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace moontide::sandbox
