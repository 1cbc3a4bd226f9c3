// A directory that goes with its test.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <catch2/catch.hpp>
#include <sys/stat.h>

namespace moontide::kube {

class Directory {
public:
    Directory() {
        std::string name = (std::filesystem::temp_directory_path() / "moontide-test.XXXXXX").string();
        REQUIRE(::mkdtemp(name.data()) != nullptr);
        path_ = name;
    }
    Directory(const Directory&) = delete;
    Directory& operator=(const Directory&) = delete;
    ~Directory() { std::filesystem::remove_all(path_); }

    /// Replaced in one step, as a kubelet does it. Gives the file's path.
    std::string write(const std::string& name, const std::string& text, ::mode_t mode = 0600) const {
        const auto path = path_ / name;
        std::filesystem::create_directories(path.parent_path());
        const auto fresh = path.string() + ".new";
        std::ofstream(fresh) << text;
        ::chmod(fresh.c_str(), mode);
        std::filesystem::rename(fresh, path);
        return path.string();
    }
    std::string read(const std::string& name) const {
        std::ifstream file(path_ / name);
        return {std::istreambuf_iterator<char>(file), {}};
    }
    std::string path() const { return path_.string(); }

private:
    std::filesystem::path path_;
};

}  // namespace moontide::kube
