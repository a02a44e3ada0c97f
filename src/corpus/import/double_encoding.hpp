#pragma once

#include <string>

namespace mer::importing {

/// Undoes UTF-8 that was read as Windows-1252 and encoded again ("CÃ©line" → "Céline"). A text is
/// changed only when all of it can be undone and what comes out is valid UTF-8; "Céline" is not.
std::string repair_double_encoding(const std::string& text);

}  // namespace mer::importing
