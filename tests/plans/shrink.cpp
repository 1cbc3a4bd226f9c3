#include "shrink.hpp"

#include <algorithm>

namespace moontide::plans {

namespace {

class Shrinker {
public:
    Shrinker(Plan plan, const std::function<bool(const Plan&)>& fails, std::size_t most)
        : plan_(std::move(plan)), fails_(fails), left_(most) {}

    Plan shrink() {
        bool smaller = true;
        while (smaller && left_ > 0) {
            smaller = false;
            Plan without = plan_;
            without.quiet_restart = false;
            if (plan_.quiet_restart) smaller |= take(without);
            smaller |= thin([](Plan& plan) -> auto& { return plan.faults.rules; });
            smaller |= thin([](Plan& plan) -> auto& { return plan.actions; });
        }
        return std::move(plan_);
    }

private:
    bool take(const Plan& candidate) {
        if (left_ == 0) return false;
        --left_;
        if (!fails_(candidate)) return false;
        plan_ = candidate;
        return true;
    }

    template <typename List>
    bool thin(List list) {
        bool smaller = false;
        for (auto part = list(plan_).size(); part > 0; part /= 2) {
            for (std::size_t at = 0; at < list(plan_).size();) {
                Plan without = plan_;
                auto& all = list(without);
                const auto first = all.begin() + static_cast<std::ptrdiff_t>(at);
                all.erase(first, first + static_cast<std::ptrdiff_t>(std::min(part, all.size() - at)));
                if (take(without)) {
                    smaller = true;
                } else {
                    at += part;
                }
                if (left_ == 0) return smaller;
            }
        }
        return smaller;
    }

    Plan plan_;
    const std::function<bool(const Plan&)>& fails_;
    std::size_t left_;
};

}  // namespace

Plan shrink(Plan plan, const std::function<bool(const Plan&)>& fails, std::size_t most) {
    return Shrinker(std::move(plan), fails, most).shrink();
}

}  // namespace moontide::plans
