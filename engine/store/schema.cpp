#include "store/schema.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace moontide::store {

namespace {

/// As the page has it, to the letter.
constexpr const char* table_text = R"(CREATE TABLE configmaps (
    id SERIAL PRIMARY KEY,
    name VARCHAR(253) NOT NULL,
    namespace VARCHAR(253) NOT NULL,
    data JSONB NOT NULL,
    labels JSONB,
    annotations JSONB,
    configmirror_name VARCHAR(253) NOT NULL,
    configmirror_namespace VARCHAR(253) NOT NULL,
    created_at TIMESTAMP NOT NULL DEFAULT NOW(),
    updated_at TIMESTAMP NOT NULL DEFAULT NOW(),
    UNIQUE(name, namespace, configmirror_namespace, configmirror_name)
))";

constexpr const char* record_table_text = R"(CREATE TABLE moontide_schema (
    name VARCHAR(253) PRIMARY KEY,
    version INTEGER NOT NULL,
    migrated_at TIMESTAMP NOT NULL DEFAULT NOW()
))";

/// The version of the table that this program makes. A higher one that is recorded stays: a newer program made it,
/// and what is needed here is looked at column by column.
constexpr const char* record_text = R"(INSERT INTO moontide_schema (name, version)
SELECT 'configmaps', 1 WHERE NOT EXISTS (SELECT FROM moontide_schema WHERE name = 'configmaps'))";

/// Two replicas that start at once migrate one after the other. The number is "moontide" in ASCII.
constexpr const char* lock_text = "SELECT pg_advisory_xact_lock(7885643992739177573)";

constexpr const char* look_text = R"(SELECT
    to_regclass('configmaps') IS NOT NULL,
    to_regclass('moontide_schema') IS NOT NULL,
    coalesce(has_schema_privilege(current_schema(), 'CREATE'), false),
    (SELECT string_agg(attname || ' ' || format_type(atttypid, NULL), E'\n' ORDER BY attnum) FROM pg_attribute
     WHERE attrelid = to_regclass('configmaps') AND attnum > 0 AND NOT attisdropped))";

struct Column {
    const char* name;
    std::string_view type;  // empty: any
    const char* added;      // null: a table without it is none of ours
};

constexpr Column columns[] = {
    {"name", "", nullptr},
    {"namespace", "", nullptr},
    {"configmirror_name", "", nullptr},
    {"configmirror_namespace", "", nullptr},
    {"data", "jsonb", nullptr},
    {"labels", "jsonb", "ALTER TABLE configmaps ADD COLUMN IF NOT EXISTS labels JSONB"},
    {"annotations", "jsonb", "ALTER TABLE configmaps ADD COLUMN IF NOT EXISTS annotations JSONB"},
    {"created_at", "", "ALTER TABLE configmaps ADD COLUMN IF NOT EXISTS created_at TIMESTAMP NOT NULL DEFAULT NOW()"},
    {"updated_at", "", "ALTER TABLE configmaps ADD COLUMN IF NOT EXISTS updated_at TIMESTAMP NOT NULL DEFAULT NOW()"},
};

struct Sight {
    bool there = false;
    bool recorded = false;
    bool may_create = false;
    std::map<std::string, std::string> types;

    std::vector<const Column*> lacking() const {
        std::vector<const Column*> found;
        for (const auto& column : columns) {
            if (!types.contains(column.name)) found.push_back(&column);
        }
        return found;
    }

    /// What no migration can mend.
    std::string complaint() const {
        if (!there) return {};
        for (const auto& column : columns) {
            const auto found = types.find(column.name);
            if (found == types.end()) {
                if (column.added != nullptr) continue;
                return std::string("the table configmaps is another one: it has no column ") + column.name +
                       "; rename it, or name another database or schema (search_path of the role)";
            }
            if (!column.type.empty() && found->second != column.type) {
                return std::string("the table configmaps has the column ") + column.name + " of type " + found->second +
                       ", made by another version; run: ALTER TABLE configmaps ALTER COLUMN " + column.name +
                       " TYPE JSONB USING " + column.name + "::jsonb";
            }
        }
        return {};
    }
};

Sight sight_of(const Table& table) {
    Sight sight;
    const auto& line = table.front();
    sight.there = line[0] == "t";
    sight.recorded = line[1] == "t";
    sight.may_create = line[2] == "t";
    std::string_view rest = line[3] ? std::string_view(*line[3]) : std::string_view();
    while (!rest.empty()) {
        const auto end = std::min(rest.find('\n'), rest.size());
        const auto one = rest.substr(0, end);
        const auto blank = one.find(' ');
        // A column's name may have blanks and line ends; none of ours does.
        if (blank != std::string_view::npos) sight.types.emplace(one.substr(0, blank), one.substr(blank + 1));
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return sight;
}

using Looked = std::variant<Sight, Refusal>;

Result<Looked> look(Connection& connection) {
    auto answer = TRY(connection.ask(look_text));
    if (auto* const refusal = std::get_if<Refusal>(&answer)) return std::move(*refusal);
    return sight_of(std::get<Table>(answer));
}

/// The statements that bring the table from what was seen to what it must be.
std::vector<const char*> steps_from(const Sight& sight) {
    std::vector<const char*> steps;
    if (!sight.there) {
        steps.push_back(table_text);
    } else {
        for (const auto* column : sight.lacking()) steps.push_back(column->added);
    }
    if (!sight.recorded && sight.may_create) {
        steps.push_back(record_table_text);
        steps.push_back(record_text);
    }
    return steps;
}

std::string way_out(const Sight& sight, const std::string& message) {
    if (!sight.there) {
        return "the table configmaps cannot be made (" + message +
               "): grant the role CREATE on the schema, or make the table for it";
    }
    for (const auto* column : sight.lacking()) {
        return "the table configmaps lacks the column " + std::string(column->name) + " (" + message +
               "); run: " + column->added;
    }
    return message;
}

}  // namespace

Result<Readiness> make_ready(Connection& connection) {
    auto looked = TRY(look(connection));
    if (const auto* const refusal = std::get_if<Refusal>(&looked)) return Readiness{false, refusal->message};
    if (auto complaint = std::get<Sight>(looked).complaint(); !complaint.empty()) return Readiness{false, complaint};
    if (steps_from(std::get<Sight>(looked)).empty()) return Readiness{};

    std::string refused;
    const auto step = [&](const char* text) -> Result<bool> {
        const auto answer = TRY(connection.ask(text));
        if (const auto* const refusal = std::get_if<Refusal>(&answer)) refused = refusal->message;
        return refused.empty();
    };
    bool fine = TRY(step("BEGIN")) && TRY(step(lock_text));
    // Whoever held the lock may have done it all.
    looked = TRY(look(connection));
    const auto* const sight = std::get_if<Sight>(&looked);
    if (sight == nullptr) refused = std::get<Refusal>(looked).message;
    auto complaint = sight == nullptr ? refused : sight->complaint();
    fine = fine && complaint.empty();
    if (fine) {
        for (const char* text : steps_from(*sight)) {
            fine = fine && TRY(step(text));
        }
    }
    fine = TRY(step(fine ? "COMMIT" : "ROLLBACK")) && fine;
    if (fine) return Readiness{!sight->there, {}};
    if (complaint.empty()) complaint = sight == nullptr ? refused : way_out(*sight, refused);
    return Readiness{false, complaint};
}

}  // namespace moontide::store
