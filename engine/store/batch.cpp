#include "store/batch.hpp"

#include "base/match.hpp"
#include "store/verdict.hpp"

#include <charconv>
#include <cstdint>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace moontide::store {

namespace {

/// UPDATE what differs, INSERT what is not there: INSERT ... ON CONFLICT would use up an id of 32 bits at every try,
/// and a row that is as it must be is not touched. The owner is a column of what is given, too, since a planner that
/// sees it as a constant may take all rows of the owner for one and compare each with each.
constexpr const char* put_name = "moontide_put";
constexpr const char* put_text = R"(
WITH incoming AS MATERIALIZED (
    SELECT name, namespace, data::jsonb AS data, labels::jsonb AS labels, annotations::jsonb AS annotations,
           $1 AS configmirror_namespace, $2 AS configmirror_name
    FROM unnest($3, $4, $5, $6, $7) AS given (namespace, name, data, labels, annotations)
), known AS MATERIALIZED (
    SELECT stored.name, stored.namespace
    FROM configmaps AS stored JOIN incoming
      ON stored.name = incoming.name AND stored.namespace = incoming.namespace
     AND stored.configmirror_namespace = incoming.configmirror_namespace
     AND stored.configmirror_name = incoming.configmirror_name
), changed AS (
    UPDATE configmaps AS stored
    SET data = incoming.data, labels = incoming.labels, annotations = incoming.annotations, updated_at = now()
    FROM incoming
    WHERE stored.name = incoming.name AND stored.namespace = incoming.namespace
      AND stored.configmirror_namespace = incoming.configmirror_namespace
      AND stored.configmirror_name = incoming.configmirror_name
      AND (stored.data, stored.labels, stored.annotations)
          IS DISTINCT FROM (incoming.data, incoming.labels, incoming.annotations)
    RETURNING 1
), added AS (
    INSERT INTO configmaps
        (name, namespace, data, labels, annotations, configmirror_name, configmirror_namespace, created_at, updated_at)
    SELECT name, namespace, data, labels, annotations, configmirror_name, configmirror_namespace, now(), now()
    FROM incoming
    WHERE NOT EXISTS (SELECT FROM known WHERE known.name = incoming.name AND known.namespace = incoming.namespace)
    RETURNING 1
)
SELECT floor(extract(epoch FROM now()))::bigint
WHERE (SELECT count(*) FROM changed) + (SELECT count(*) FROM added) > 0)";

/// The owner's rows that `keys` names go; `gone` has one for each.
std::string deletion(std::string_view keys, std::string_view answer) {
    constexpr std::string_view given = R"(
given AS MATERIALIZED (
    SELECT namespace, name, $1 AS configmirror_namespace, $2 AS configmirror_name FROM keys
), gone AS (
    DELETE FROM configmaps AS stored USING given
    WHERE stored.name = given.name AND stored.namespace = given.namespace
      AND stored.configmirror_namespace = given.configmirror_namespace
      AND stored.configmirror_name = given.configmirror_name
    RETURNING 1
)
)";
    return std::string(keys).append(given).append(answer);
}

constexpr const char* remove_name = "moontide_remove";
const std::string& remove_text() {
    static const auto text =
        deletion("WITH keys AS (SELECT namespace, name FROM unnest($3, $4) AS keys (namespace, name)),",
                 "SELECT floor(extract(epoch FROM now()))::bigint WHERE (SELECT count(*) FROM gone) > 0");
    return text;
}

constexpr const char* keep_name = "moontide_keep";
/// EXCEPT sorts or hashes; NOT IN and NOT EXISTS may compare each with each.
const std::string& keep_text() {
    static const auto text = deletion(R"(
WITH keys AS MATERIALIZED (
    SELECT namespace, name FROM configmaps WHERE configmirror_namespace = $1 AND configmirror_name = $2
    EXCEPT
    SELECT namespace, name FROM unnest($3, $4) AS wanted (namespace, name)
),)",
                                      R"(
SELECT CASE WHEN (SELECT count(*) FROM gone) > 0 THEN floor(extract(epoch FROM now()))::bigint
            ELSE (SELECT floor(extract(epoch FROM max(updated_at)))::bigint FROM configmaps
                  WHERE configmirror_namespace = $1 AND configmirror_name = $2) END)");
    return text;
}

constexpr const char* clear_name = "moontide_clear";
constexpr const char* clear_text =
    "DELETE FROM configmaps WHERE configmirror_namespace = $1 AND configmirror_name = $2";

std::optional<WallTime> time_in(const Table& table) {
    if (table.empty() || table.front().empty() || !table.front().front()) return {};
    const auto& text = *table.front().front();
    std::int64_t seconds = 0;
    if (std::from_chars(text.data(), text.data() + text.size(), seconds).ec != std::errc{}) return {};
    return WallTime(std::chrono::seconds(seconds));
}

std::optional<std::string_view> nullable(const std::string& text) {
    if (text.empty()) return {};
    return text;
}

std::vector<Parameter> parameters_of(const Owner& owner, std::span<const RowPtr> rows) {
    TextArray namespaces, names, data, labels, annotations;
    for (const auto& row : rows) {
        namespaces.emplace_back(row->key.namespace_name);
        names.emplace_back(row->key.name);
        data.emplace_back(row->data);
        labels.push_back(nullable(row->labels));
        annotations.push_back(nullable(row->annotations));
    }
    return {owner.namespace_name, owner.name,        std::move(namespaces), std::move(names),
            std::move(data),      std::move(labels), std::move(annotations)};
}

std::vector<Parameter> parameters_of(const Owner& owner, std::span<const Key> keys) {
    TextArray namespaces, names;
    for (const auto& key : keys) {
        namespaces.emplace_back(key.namespace_name);
        names.emplace_back(key.name);
    }
    return {owner.namespace_name, owner.name, std::move(namespaces), std::move(names)};
}

Key key_of(const RowPtr& row) {
    return row->key;
}
Key key_of(const Key& key) {
    return key;
}

/// Notes an answer; false where it was refused for a reason that halving may shed light on.
bool note(const Answer& answer, Outcome& outcome) {
    const auto* const refusal = std::get_if<Refusal>(&answer);
    if (refusal == nullptr) {
        if (const auto time = time_in(std::get<Table>(answer))) outcome.written = time;
        return true;
    }
    const auto verdict = verdict_on(refusal->code);
    if (verdict == Verdict::stale) outcome.stale = true;
    if (verdict == Verdict::server || verdict == Verdict::stale) outcome.trouble = refusal->message;
    return !outcome.trouble.empty();
}

void note_alone(const Refusal& refusal, const Key& key, Outcome& outcome) {
    auto& where = verdict_on(refusal.code) == Verdict::row ? outcome.refused : outcome.later;
    where.push_back({key, refusal.message});
}

template <typename Item>
Result<Outcome> in_halves(Connection& connection, const char* statement, const Owner& owner,
                          std::span<const Item> items) {
    Outcome outcome;
    std::vector<std::span<const Item>> parts = {items};
    while (!parts.empty() && outcome.trouble.empty()) {
        const auto part = parts.back();
        parts.pop_back();
        const auto answer = TRY(connection.run(statement, parameters_of(owner, part)));
        if (note(answer, outcome)) continue;
        if (part.size() == 1) {
            note_alone(std::get<Refusal>(answer), key_of(part.front()), outcome);
        } else {
            parts.push_back(part.subspan(part.size() / 2));
            parts.push_back(part.first(part.size() / 2));
        }
    }
    return outcome;
}

/// A statement for an owner as a whole: what is against one of its rows is in the way of all.
Result<Outcome> as_one(Connection& connection, const char* statement, const std::vector<Parameter>& parameters) {
    Outcome outcome;
    const auto answer = TRY(connection.run(statement, parameters));
    if (!note(answer, outcome)) outcome.later.push_back({{}, std::get<Refusal>(answer).message});
    return outcome;
}

}  // namespace

Result<std::optional<Refusal>> prepare_statements(Connection& connection) {
    const struct {
        const char* name;
        const char* text;
        std::vector<bool> arrays;
    } statements[] = {
        {put_name, put_text, {false, false, true, true, true, true, true}},
        {remove_name, remove_text().c_str(), {false, false, true, true}},
        {keep_name, keep_text().c_str(), {false, false, true, true}},
        {clear_name, clear_text, {false, false}},
    };
    for (const auto& [name, text, arrays] : statements) {
        const auto answer = TRY(connection.prepare(name, text, arrays));
        if (const auto* const refusal = std::get_if<Refusal>(&answer)) return *refusal;
    }
    return std::nullopt;
}

Result<Outcome> carry_out(Connection& connection, const Job& job) {
    const auto& owner = job.owner;
    return std::visit(
        Match{[&](const PutRows& put) { return in_halves<RowPtr>(connection, put_name, owner, put.rows); },
              [&](const RemoveRows& removal) { return in_halves<Key>(connection, remove_name, owner, removal.keys); },
              [&](const KeepRows& kept) { return as_one(connection, keep_name, parameters_of(owner, kept.keys)); },
              [&](const RemoveAll&) { return as_one(connection, clear_name, {owner.namespace_name, owner.name}); },
              [&](const AskAgain&) { return Result<Outcome>(Outcome{}); }},
        job.what);
}

}  // namespace moontide::store
