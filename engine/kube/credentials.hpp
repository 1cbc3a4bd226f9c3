// Who we are to an API server: tokens that are read again, plugins that are run again.
#pragma once

#include "base/clock.hpp"
#include "base/loop.hpp"
#include "base/result.hpp"
#include "kube/exec_credential.hpp"
#include "kube/kubeconfig.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace moontide::kube {

/// What requests and handshakes show. Immutable once given out; a renewal makes another one.
struct Proof {
    std::string authorization;  ///< the header's value; empty where a certificate alone says who we are
    Material client_certificate;
    Material client_key;
};
using ProofPtr = std::shared_ptr<const Proof>;

struct CredentialsOptions {
    Milliseconds token_file_age{60'000};  ///< a token file is read again when what was read is older
    Milliseconds plugin_timeout{60'000};
    Milliseconds plugin_rest{5'000};  ///< a plugin whose credential is refused runs again this much after its last end
};

/// The credentials of one Access. A token file that cannot be read leaves the last token in use; a plugin runs when
/// its credential is about to expire or was refused. All calls on the loop's thread.
class Credentials {
public:
    using Ready = std::function<void(Result<ProofPtr>)>;

    Credentials(Loop& loop, Access access, CredentialsOptions options = {});
    ~Credentials();
    Credentials(const Credentials&) = delete;
    Credentials& operator=(const Credentials&) = delete;

    /// Calls `ready` from within where a proof is at hand, else when the plugin has ended.
    void get(Ready ready);
    /// The server answered 401 to `proof`. True where the next get() may give another one.
    bool refused(const ProofPtr& proof);

private:
    void read_token_file();
    void run_plugin();
    void plugin_ended(Result<Output> output);
    bool plugin_proof_is_fresh() const;

    Loop& loop_;
    Access access_;
    CredentialsOptions options_;
    ProofPtr proof_;

    std::optional<Instant> token_read_;
    std::optional<Error> token_error_;

    bool uses_plugin_ = false;
    std::unique_ptr<Process> plugin_;
    std::vector<Ready> waiting_;  // for plugin_
    bool plugin_proof_ = false;   // proof_ came from the plugin
    std::optional<WallTime> renew_at_;
    std::optional<Instant> plugin_ended_;
    std::optional<Error> plugin_error_;
    Instant plugin_next_{};
    unsigned plugin_failures_ = 0;
    Backoff plugin_backoff_;
};

}  // namespace moontide::kube
