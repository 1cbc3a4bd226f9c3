#include "apply/lanes.hpp"

#include <utility>

namespace moontide::apply {

void Lanes::add(Order order) {
    ++size_;
    if (order.urgent) {
        urgent_.push_back(std::move(order));
        return;
    }
    auto& lane = lanes_[order.unit];
    if (lane.empty()) turns_.push_back(order.unit);
    lane.push_back(std::move(order));
}

void Lanes::put_back(Order order) {
    ++size_;
    if (order.urgent) {
        urgent_.push_front(std::move(order));
        return;
    }
    auto& lane = lanes_[order.unit];
    if (lane.empty()) turns_.push_front(order.unit);
    lane.push_front(std::move(order));
}

std::optional<Order> Lanes::take() {
    if (!urgent_.empty()) {
        --size_;
        Order order = std::move(urgent_.front());
        urgent_.pop_front();
        return order;
    }
    if (turns_.empty()) return std::nullopt;
    --size_;
    const auto unit = turns_.front();
    turns_.pop_front();
    const auto lane = lanes_.find(unit);
    Order order = std::move(lane->second.front());
    lane->second.pop_front();
    if (lane->second.empty()) {
        lanes_.erase(lane);
    } else {
        turns_.push_back(unit);
    }
    return order;
}

}  // namespace moontide::apply
