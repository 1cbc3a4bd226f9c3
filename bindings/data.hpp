// The data of a ConfigMap or Secret while it is made: each key with its bytes and its section.
#pragma once

#include "base/result.hpp"
#include "kube/resource.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace moontide::bindings {

bool has_data(const kube::Kind& kind);

/// What is not touched keeps the source's text; bytes are decoded only where they are asked for.
class Data {
public:
    /// Lays the data of an object over. `kind` is the object's.
    Result<void> add(const nlohmann::json& object, const kube::Kind& kind);

    /// A key that is there keeps its section if the bytes allow; a new one goes by whether they are UTF-8.
    void put(const std::string& key, std::string_view bytes);
    /// Only these keys, with these bytes; sections stay as put() says.
    void replace(const std::map<std::string, std::string>& all);

    std::vector<std::string> keys() const;
    /// The name on the copy of each key; those without one go. Two keys that become one are an error.
    Result<void> rename(const std::map<std::string, std::string>& names);

    std::map<std::string, std::string> bytes() const;
    /// Sets `data` and `binaryData` as an object of `kind` has them.
    void write(nlohmann::json& fields, const kube::Kind& kind) const;

private:
    enum class Section { text, binary, secret };
    struct Entry {
        Section section = Section::text;
        std::string value;  ///< text, or base64
    };

    static std::string decoded(const Entry& entry);
    static std::string encoded(const Entry& entry);

    std::map<std::string, Entry> entries_;
};

}  // namespace moontide::bindings
