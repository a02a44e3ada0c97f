#pragma once

#include <string>
#include <string_view>

namespace mer {

/// Bytes as letters (RFC 4648, with padding).
std::string encode_base64(std::string_view bytes);
/// @throws std::invalid_argument for what encode_base64() does not write
std::string decode_base64(std::string_view text);

}  // namespace mer
