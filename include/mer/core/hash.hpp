#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace mer {

/// XXH3 (128 bit) of bytes as 32 lower-case hexadecimal digits.
std::string hash_hex(std::string_view bytes);

/// The same of a file's content, read in blocks.
/// @throws InputError when the file can't be read
std::string hash_file_hex(const std::filesystem::path& path);

}  // namespace mer
