#include "kube/http2_server.hpp"

#include <utility>

namespace moontide::kube::http2 {

void ServerExchange::respond(int status, Headers headers, std::string body) {
    const auto connection = connection_.lock();
    if (!connection || (phase_ != Phase::received && phase_ != Phase::refused)) return;
    if (status != 204 && status != 304) headers.emplace_back("content-length", std::to_string(body.size()));
    out_ = std::move(body);
    phase_ = Phase::ended;
    connection->respond(id_, status, headers, !out_.empty());
}

void ServerExchange::begin(int status, Headers headers) {
    const auto connection = connection_.lock();
    if (!connection || phase_ != Phase::received) return;
    phase_ = Phase::responding;
    connection->respond(id_, status, headers, true);
}

void ServerExchange::write(std::string_view chunk) {
    const auto connection = connection_.lock();
    if (!connection || phase_ != Phase::responding || chunk.empty()) return;
    if (sent_ > std::size_t{64} * 1024 && sent_ > out_.size() / 2) {
        out_.erase(0, sent_);
        sent_ = 0;
    }
    out_ += chunk;
    if (std::exchange(deferred_, false)) connection->resume(id_);
}

void ServerExchange::end() {
    const auto connection = connection_.lock();
    if (!connection || phase_ != Phase::responding) return;
    phase_ = Phase::ended;
    if (std::exchange(deferred_, false)) connection->resume(id_);
}

void ServerExchange::reset() {
    const auto connection = connection_.lock();
    if (!connection || phase_ == Phase::gone) return;
    phase_ = Phase::gone;
    gone_callback_ = nullptr;
    connection->reset(id_);
}

void ServerExchange::cut() {
    if (const auto connection = connection_.lock()) connection->cut();
}

void ServerExchange::mute() {
    if (const auto connection = connection_.lock()) connection->mute();
}

void ServerExchange::on_gone(std::function<void()> gone) {
    if (phase_ == Phase::gone) {
        gone();
    } else {
        gone_callback_ = std::move(gone);
    }
}

std::string ServerExchange::client_common_name() const {
    const auto connection = connection_.lock();
    return connection ? connection->common_name() : std::string();
}

std::vector<std::string> ServerExchange::client_organisations() const {
    const auto connection = connection_.lock();
    return connection ? connection->organisations() : std::vector<std::string>();
}

void ServerExchange::now_gone() {
    const bool complete = phase_ == Phase::ended && sent_ == out_.size();
    phase_ = Phase::gone;
    const auto gone = std::exchange(gone_callback_, nullptr);
    if (gone && !complete) gone();
}

}  // namespace moontide::kube::http2
