#include "bindings/load.hpp"

#include "bindings/assignments.hpp"
#include "bindings/builtin_files.hpp"
#include "bindings/bytes.hpp"
#include "bindings/evaluator.hpp"
#include "bindings/functions.hpp"
#include "bindings/origin.hpp"
#include "bindings/source_lines.hpp"
#include "bindings/told.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>

#include <fmt/format.h>

namespace moontide::bindings {
namespace {

constexpr std::size_t longest_file = 1U << 20;

class LuaPolicy final : public policy::Policy {
public:
    explicit LuaPolicy(std::shared_ptr<const LoadedPolicy> loaded)
        : loaded_(std::move(loaded)), marks_(loaded_->shape) {}

    const policy::Shape& shape() const override { return loaded_->shape.shape; }
    std::unique_ptr<policy::Evaluator> evaluator() const override { return make_evaluator(loaded_); }
    std::optional<policy::Origin> origin(const kube::Metadata& object) const override { return marks_.origin(object); }

private:
    std::shared_ptr<const LoadedPolicy> loaded_;
    MarkReader marks_;
};

}  // namespace

Result<policy::PolicyPtr> load(const PolicyText& text) {
    if (text.text.size() > longest_file) return fail(fmt::format("{}: the file is larger than 1 MiB", text.file));
    if (text.text.starts_with('\x1b')) return fail(fmt::format("{}: is compiled Lua; a policy is text", text.file));
    TRY_VOID(check_assignments(text.file, text.text));
    auto loaded = std::make_shared<LoadedPolicy>();
    loaded->text = text;
    State state;
    loaded->shape = TRY(compile_in(state, text, SourceLines(text.text)));
    TRY_VOID(resolve_constants(*loaded));
    if (loaded->shape.status) loaded->shape.shape.condition_types = quoted_types(text.text);
    // The settings as they are in force: a default that is written out in the configuration changes nothing.
    loaded->shape.shape.digest = sha256(text.text + '\0' + loaded->shape.settings.dump());
    return std::make_shared<LuaPolicy>(std::move(loaded));
}

Result<PolicyText> read_policy_file(const std::string& path) {
    std::error_code error;
    if (std::filesystem::is_directory(path, error)) return fail(fmt::format("{}: is a folder, not a policy", path));
    std::ifstream stream(path, std::ios::binary);
    if (!stream) return fail(fmt::format("{}: cannot be read", path));
    PolicyText text;
    text.text.assign(std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>());
    if (stream.bad()) return fail(fmt::format("{}: cannot be read", path));
    const std::filesystem::path file(path);
    text.file = path;
    const bool in_folder = file.filename() == "policy.lua" && file.has_parent_path();
    text.name = in_folder ? std::filesystem::absolute(file).parent_path().filename().string() : file.stem().string();
    return text;
}

std::vector<PolicyText> builtin_policies() {
    std::vector<PolicyText> policies;
    for (const auto& builtin : builtin_files()) {
        const auto folder = builtin.file.substr(0, builtin.file.rfind('/'));
        PolicyText text;
        text.name = folder.substr(folder.rfind('/') + 1);
        text.file = builtin.file;
        text.text = builtin.text;
        text.builtin = true;
        policies.push_back(std::move(text));
    }
    return policies;
}

}  // namespace moontide::bindings
