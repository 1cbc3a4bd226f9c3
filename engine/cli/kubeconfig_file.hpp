// A kubeconfig written for kubectl: it holds an administrator's key, so only its user may read it.
#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>

namespace moontide::cli {

/// Replaces the file in one step, with mode 0600 from its first byte on.
Result<void> write_kubeconfig(const std::string& file, std::string_view text);

/// In the directory for temporary files, removed at the end.
class TemporaryKubeconfig {
public:
    static Result<TemporaryKubeconfig> write(std::string_view text);
    ~TemporaryKubeconfig();
    TemporaryKubeconfig(TemporaryKubeconfig&& other) noexcept;
    TemporaryKubeconfig& operator=(TemporaryKubeconfig&&) = delete;

    const std::string& file() const { return file_; }

private:
    explicit TemporaryKubeconfig(std::string file) : file_(std::move(file)) {}
    std::string file_;
};

}  // namespace moontide::cli
