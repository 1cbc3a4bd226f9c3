#include "sandbox/applied_check.hpp"

#include "sandbox/go_text.hpp"
#include "sandbox/typed.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace moontide::sandbox {

namespace {

class Checking {
public:
    std::vector<std::string> faults;

    void check(const Json& value, const Shape& shape, const std::string& path) {
        const auto form = shape.form_of(&value);
        if (value.is_null()) return;
        if (form.map) {
            if (!value.is_object()) return fault(path, fmt::format("expected map, got &{{{}}}", in_go(value)));
            for (const auto& [key, inner] : value.items()) {
                const auto inner_path = path + "." + key;
                const auto* known = shape.of_key(key);
                if (!known) return fault(inner_path, "field not declared in schema");
                check(inner, *known, inner_path);
            }
        } else if (form.list) {
            check_list(value, shape, path);
        } else {
            check_scalar(value, shape.scalar(), path);
        }
    }

private:
    void fault(const std::string& path, const std::string& what) {
        faults.push_back(path.empty() ? what : path + ": " + what);
    }

    void check_list(const Json& value, const Shape& shape, const std::string& path) {
        if (!value.is_array()) return fault(path, fmt::format("expected list, got &{{{}}}", in_go(value)));
        std::vector<std::string> seen;
        for (std::size_t index = 0; index < value.size(); ++index) {
            auto inner_path = fmt::format("{}[{}]", path, index);
            if (shape.list() != Shape::List::atomic) {
                const auto step = step_of(value[index], shape);
                if (!step) return fault(path, fmt::format("element {}: {}", index, step.error()));
                const auto readable = readable_step(*step);
                if (std::ranges::find(seen, *step) != seen.end()) {
                    fault(path, "duplicate entries for key " + readable);
                }
                seen.push_back(*step);
                inner_path = path + readable;
            }
            check(value[index], shape.elements(), inner_path);
        }
    }

    void check_scalar(const Json& value, Shape::Scalar scalar, const std::string& path) {
        switch (scalar) {
            case Shape::Scalar::string:
                if (!value.is_string()) fault(path, "expected string, got " + wrapped_in_go(value));
                break;
            case Shape::Scalar::number:
                if (!value.is_number()) fault(path, "expected numeric (int or float), got " + go_type(value));
                break;
            case Shape::Scalar::boolean:
                if (!value.is_boolean()) fault(path, fmt::format("expected boolean, got &{{{}}}", in_go(value)));
                break;
            case Shape::Scalar::any:
            case Shape::Scalar::none:
                if (value.is_structured()) fault(path, fmt::format("expected any scalar, got &{{{}}}", in_go(value)));
                break;
        }
    }
};

}  // namespace

std::vector<std::string> faults_of(const Json& value, const Shape& shape) {
    Checking checking;
    checking.check(value, shape, "");
    return std::move(checking.faults);
}

}  // namespace moontide::sandbox
