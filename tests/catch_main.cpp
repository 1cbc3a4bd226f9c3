// Catch2's main, compiled once for every test executable.
#define CATCH_CONFIG_MAIN
#include <string>
#include <vector>

#include <catch2/catch.hpp>

namespace {

/// Says at the end once more what failed: by then the lines of the log have carried it far up.
struct FailuresAgain : Catch::TestEventListenerBase {
    using TestEventListenerBase::TestEventListenerBase;

    bool assertionEnded(const Catch::AssertionStats& stats) override {
        const auto& result = stats.assertionResult;
        if (result.isOk()) return false;
        Catch::ReusableStringStream text;
        text << result.getSourceInfo() << ": " << currentTestCaseInfo->name;
        if (result.hasExpression() && result.getResultType() != Catch::ResultWas::ThrewException)
            text << "\n  " << result.getExpressionInMacro() << "\n  " << result.getExpandedExpression();
        for (const auto& told : stats.infoMessages) text << "\n  " << told.message;
        failures_.push_back(text.str());
        return false;
    }

    void testRunEnded(const Catch::TestRunStats& /*stats*/) override {
        for (const auto& failure : failures_) Catch::cout() << "\nfailed: " << failure << '\n';
    }

private:
    std::vector<std::string> failures_;
};
CATCH_REGISTER_LISTENER(FailuresAgain)

}  // namespace
