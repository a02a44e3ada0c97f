#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "mer/core/base64.hpp"
#include "mer/core/text.hpp"

namespace mer {

/// A path as text under a key and, where it is not UTF-8, its bytes in base64 under `<key>_bytes`.
inline void put_path(nlohmann::ordered_json& json, const std::string& key,
                     const std::string& path) {
  json[key] = to_valid_utf8(path);
  if (!is_utf8(path)) json[key + "_bytes"] = encode_base64(path);
}

/// What put_path() put there.
/// @throws nlohmann::json::exception, std::invalid_argument when it is not there or damaged
inline std::string path_in(const nlohmann::ordered_json& json, const std::string& key) {
  const auto bytes = json.find(key + "_bytes");
  return bytes == json.end() || bytes->is_null() ? json.at(key).get<std::string>()
                                                 : decode_base64(bytes->get<std::string>());
}

}  // namespace mer
