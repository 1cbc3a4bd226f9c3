#include "template/template.hpp"

#include "template/failure.hpp"
#include "template/parser.hpp"

#include <utility>

namespace moontide::templates {

Result<Template> Template::parse(std::string name, std::string text) {
    try {
        Trees trees = templates::parse(name, text);
        return Template(std::move(name), std::move(text), std::move(trees));
    } catch (const Failure& failure) {
        return fail(failure.what());
    }
}

Result<std::string> Template::render(const nlohmann::json& values, MissingKey missing_key, Budget& budget) const {
    try {
        return execute({name_, text_, trees_, values, missing_key}, budget);
    } catch (const Failure& failure) {
        return fail(failure.what());
    }
}

}  // namespace moontide::templates
