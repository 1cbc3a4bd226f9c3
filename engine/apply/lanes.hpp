// Orders that wait: a lane for each unit, taken in turn; before all of them the lane of new namespaces.
#pragma once

#include "apply/order.hpp"

#include <cstddef>
#include <deque>
#include <optional>
#include <unordered_map>

namespace moontide::apply {

class Lanes {
public:
    void add(Order order);
    /// To the head of its lane: it was taken and could not be sent.
    void put_back(Order order);
    std::optional<Order> take();
    std::size_t size() const { return size_; }

private:
    std::deque<Order> urgent_;
    std::unordered_map<plan::UnitId, std::deque<Order>> lanes_;  // none is empty
    std::deque<plan::UnitId> turns_;                             // every lane once
    std::size_t size_ = 0;
};

}  // namespace moontide::apply
