// What tells one object, one content and one place from another, in few bytes.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace moontide::plan {

/// A unit of work (policy, owner, source or group); ids are never used again.
using UnitId = std::uint32_t;
/// A namespace's or copy's name in a Names.
using NameId = std::uint32_t;
/// A kind of copy, an index into the engine's list of them.
using KindId = std::uint16_t;

/// metadata.uid, a UUID (RFC 9562) in its 16 bytes.
struct Uid {
    std::array<std::uint8_t, 16> bytes{};

    static std::optional<Uid> parse(std::string_view text);
    std::string text() const;
    auto operator<=>(const Uid&) const = default;
};

/// The first 16 bytes of a SHA-256.
struct Hash {
    std::array<std::uint8_t, 16> bytes{};

    static std::optional<Hash> parse(std::string_view hex);
    std::string hex() const;
    auto operator<=>(const Hash&) const = default;
};

/// Where a copy belongs, within one cluster; or the part that one unit has in an object there that is others'.
struct TargetKey {
    NameId namespace_name = 0;
    NameId name = 0;
    KindId kind = 0;
    UnitId part = 0;  ///< 0: the object whole

    TargetKey whole() const { return {namespace_name, name, kind, 0}; }
    TargetKey part_of(UnitId unit) const { return {namespace_name, name, kind, unit}; }

    auto operator<=>(const TargetKey&) const = default;
};

struct TargetKeyHash {
    std::size_t operator()(const TargetKey& key) const {
        std::uint64_t mixed = (std::uint64_t{key.namespace_name} << 32 | key.name) * 0x9e3779b97f4a7c15ULL;
        mixed ^= (mixed >> 29) + key.kind + (std::uint64_t{key.part} << 16);
        return static_cast<std::size_t>(mixed * 0xbf58476d1ce4e5b9ULL >> 7);
    }
};

}  // namespace moontide::plan
