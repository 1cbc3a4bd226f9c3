#include "kube/credentials.hpp"

#include "base/log.hpp"
#include "kube/credentials_base64.hpp"

#include <algorithm>
#include <fstream>
#include <random>
#include <sstream>
#include <utility>

namespace moontide::kube {

namespace {

Instant now() {
    return system_clock().now();
}

/// A header cannot carry line ends, and files end with one.
std::string trimmed(std::string text) {
    const auto is_space = [](char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; };
    while (!text.empty() && is_space(text.back())) text.pop_back();
    const auto begin = std::ranges::find_if_not(text, is_space);
    return {begin, text.end()};
}

}  // namespace

Credentials::Credentials(Loop& loop, Access access, CredentialsOptions options)
    : loop_(loop),
      access_(std::move(access)),
      options_(options),
      plugin_backoff_(Milliseconds(1'000), Milliseconds(60'000), std::random_device{}()) {
    std::string authorization;
    if (!access_.username.empty()) {
        authorization = "Basic " + to_base64(access_.username + ":" + access_.password);
    } else if (!access_.token.empty()) {
        authorization = "Bearer " + trimmed(access_.token);
    }
    uses_plugin_ = access_.exec && access_.token_file.empty() && authorization.empty();
    proof_ = std::make_shared<Proof>(Proof{std::move(authorization), access_.client_certificate, access_.client_key});
}

Credentials::~Credentials() = default;

void Credentials::get(Ready ready) {
    if (!access_.token_file.empty()) {
        if (!token_read_ || now() - *token_read_ >= options_.token_file_age) read_token_file();
        if (token_error_ && proof_->authorization.empty()) return ready(std::unexpected(*token_error_));
        return ready(proof_);
    }
    if (!uses_plugin_ || plugin_proof_is_fresh()) return ready(proof_);
    if (!plugin_ && plugin_error_ && now() < plugin_next_) return ready(std::unexpected(*plugin_error_));
    waiting_.push_back(std::move(ready));
    if (!plugin_) run_plugin();
}

bool Credentials::refused(const ProofPtr& proof) {
    if (proof != proof_ || plugin_) return true;  // renewed since, or about to be
    if (!access_.token_file.empty()) {
        token_read_.reset();
        return true;
    }
    if (!plugin_proof_ || now() - *plugin_ended_ < options_.plugin_rest) return false;
    renew_at_ = WallTime::min();
    return true;
}

void Credentials::read_token_file() {
    token_read_ = now();
    std::ifstream file(access_.token_file, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    const auto token = file ? trimmed(std::move(text).str()) : std::string();
    if (token.empty()) {
        if (!token_error_) log::warn("the token file cannot be read or is empty", {{"file", access_.token_file}});
        token_error_ = Error{access_.token_file + ": the token cannot be read or is empty", Retry::later};
        return;
    }
    token_error_.reset();
    auto authorization = "Bearer " + token;
    if (authorization == proof_->authorization) return;
    proof_ = std::make_shared<Proof>(Proof{std::move(authorization), access_.client_certificate, access_.client_key});
}

bool Credentials::plugin_proof_is_fresh() const {
    return plugin_proof_ && (!renew_at_ || system_clock().wall() < *renew_at_);
}

void Credentials::run_plugin() {
    auto command = exec_command(access_);
    command.timeout = options_.plugin_timeout;
    plugin_ =
        std::make_unique<Process>(loop_, command, [this](Result<Output> output) { plugin_ended(std::move(output)); });
}

void Credentials::plugin_ended(Result<Output> output) {
    const auto ended = std::move(plugin_);  // it calls us, so it stays until we are done
    plugin_ended_ = now();
    auto credential = [&]() -> Result<ExecCredential> {
        const auto printed = TRY(std::move(output));
        return read_exec_credential(*access_.exec, printed);
    }();
    if (credential) {
        plugin_error_.reset();
        plugin_failures_ = 0;
        plugin_proof_ = true;
        Proof proof{credential->token.empty() ? std::string() : "Bearer " + trimmed(credential->token),
                    access_.client_certificate, access_.client_key};
        if (!credential->certificate_pem.empty()) {
            proof.client_certificate = {std::move(credential->certificate_pem), {}};
            proof.client_key = {std::move(credential->key_pem), {}};
        }
        proof_ = std::make_shared<Proof>(std::move(proof));
        renew_at_.reset();
        if (credential->expires) {
            // A tenth of its life early, so that no request arrives with one that has just expired.
            const auto life = *credential->expires - system_clock().wall();
            renew_at_ = *credential->expires -
                        std::clamp<WallTime::duration>(life / 10, WallTime::duration::zero(), std::chrono::minutes(1));
        }
    } else {
        plugin_error_ = std::move(credential).error();
        plugin_error_->retry = Retry::later;
        if (const auto& hint = access_.exec->install_hint;
            !hint.empty() && plugin_error_->message.contains("cannot run")) {
            plugin_error_->message += "; " + hint;
        }
        plugin_next_ = now() + plugin_backoff_.delay(++plugin_failures_);
        log::warn("no credentials from the plugin", {{"context", access_.context}, {"reason", plugin_error_->message}});
    }
    // One of them may end us.
    const Result<ProofPtr> result = plugin_error_ ? Result<ProofPtr>(std::unexpected(*plugin_error_)) : proof_;
    for (const auto& ready : std::exchange(waiting_, {})) ready(result);
}

}  // namespace moontide::kube
