// The same cases against the sandbox and, where MOONTIDE_TEST_KUBECONFIG names one, against a real kube-apiserver:
// `tests/cluster/with-cluster build/dev/tests/test_sandbox "[cluster]"`.
#include "case_runner.hpp"

#include <memory>

#include <catch2/catch.hpp>

using namespace moontide::sandbox;

TEST_CASE("the sandbox answers as a kube-apiserver does") {
    tests::run_cases(tests::sandbox_server);
}

TEST_CASE("a kube-apiserver answers as the cases say", "[.][cluster]") {
    const auto server = tests::cluster_server();
    tests::run_cases([&] { return server; });
}
