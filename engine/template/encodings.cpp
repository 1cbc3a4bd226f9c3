// Helm's and sprig's encodings and digests.
#include "template/failure.hpp"
#include "template/functions.hpp"
#include "template/json_text.hpp"
#include "template/unicode.hpp"
#include "template/yaml_reader.hpp"
#include "template/yaml_writer.hpp"

#include <array>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <openssl/evp.h>

namespace moontide::templates {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string corrupt(std::size_t at) {
    return fmt::format("illegal base64 data at input byte {}", at);
}

/// base64.StdEncoding.DecodeString: sprig gives an error's words as the text.
std::string decoded(std::string_view text) {
    std::string bytes;
    const auto skip_breaks = [&](std::size_t at) {
        while (at < text.size() && (text[at] == '\n' || text[at] == '\r')) ++at;
        return at;
    };
    std::size_t at = 0;
    for (;;) {
        std::array<unsigned, 4> quantum{};
        std::size_t filled = 0;
        bool padded = false;
        while (filled < 4) {
            at = skip_breaks(at);
            if (at == text.size()) {
                if (filled == 0) return bytes;
                return corrupt(at - filled);
            }
            const char character = text[at++];
            const auto value = alphabet.find(character);
            if (value != std::string_view::npos) {
                quantum[filled++] = static_cast<unsigned>(value);
                continue;
            }
            if (character != '=' || filled < 2) return corrupt(at - 1);
            if (filled == 2) {
                at = skip_breaks(at);
                if (at == text.size()) return corrupt(text.size());
                if (text[at] != '=') return corrupt(at - 1);
                ++at;
            }
            at = skip_breaks(at);
            if (at < text.size()) return corrupt(at);
            padded = true;
            break;
        }
        const unsigned word = quantum[0] << 18 | quantum[1] << 12 | quantum[2] << 6 | quantum[3];
        const std::array<unsigned, 3> made{word >> 16 & 0xFF, word >> 8 & 0xFF, word & 0xFF};
        for (std::size_t byte = 0; byte + 1 < filled; ++byte)
            bytes += static_cast<char>(static_cast<unsigned char>(made[byte]));
        if (padded) return bytes;
    }
}

/// Go's reader refuses control characters, which Go's JSON leaves as they are; Helm then prints nothing.
bool readable(const Json& value) {
    if (value.is_string()) {
        const std::string& text = value.get_ref<const std::string&>();
        for (std::size_t at = 0; at < text.size();) {
            const Rune found = rune_at(text, at);
            if ((found.rune >= 0x7F && found.rune < 0xA0 && found.rune != 0x85) || found.rune == 0xFFFE ||
                found.rune == 0xFFFF) {
                return false;
            }
            at += found.size;
        }
        return true;
    }
    if (value.is_object()) {
        for (const auto& [key, element] : value.items()) {
            if (!readable(Json(key)) || !readable(element)) return false;
        }
    } else if (value.is_array()) {
        for (const Json& element : value) {
            if (!readable(element)) return false;
        }
    }
    return true;
}

}  // namespace

Value b64enc_function(Meter& meter, Arguments arguments) {
    const std::string& bytes = arguments[0].text();
    std::string text((bytes.size() + 2) / 3 * 4, '\0');
    meter.check_length(text.size());
    // EVP writes a zero byte behind the end, where std::string has one.
    EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), reinterpret_cast<const unsigned char*>(bytes.data()),
                    static_cast<int>(bytes.size()));
    return meter.text(std::move(text));
}

Value b64dec_function(Meter& meter, Arguments arguments) {
    return meter.text(decoded(arguments[0].text()));
}

Value sha256sum_function(Meter& meter, Arguments arguments) {
    const std::string& bytes = arguments[0].text();
    meter.bytes(bytes.size() * 4);
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1)
        throw CallFailure("SHA-256 is not to be had");
    std::string text;
    for (unsigned at = 0; at < size; ++at) text += fmt::format("{:02x}", digest[at]);
    return meter.text(std::move(text));
}

Value to_json_function(Meter& meter, Arguments arguments) {
    return meter.text(json_text(meter.copy(arguments[0])));
}

Value to_yaml_function(Meter& meter, Arguments arguments) {
    const Json value = meter.copy(arguments[0]);
    if (!readable(value)) return Value::of(std::string());
    std::string text = yaml_text(value);
    if (text.ends_with('\n')) text.pop_back();
    return meter.text(std::move(text));
}

Value from_yaml_function(Meter& meter, Arguments arguments) {
    meter.bytes(arguments[0].size() * 16);
    auto value = read_yaml(arguments[0].text());
    // Helm tells of what it cannot read in the map.
    if (value && value->is_null()) value = Json::object();
    if (value && !value->is_object()) value = fail("error unmarshaling JSON: the text is no map");
    return Value::of(value ? std::move(*value) : Json::object({{"Error", value.error().message}}), Type::map);
}

}  // namespace moontide::templates
