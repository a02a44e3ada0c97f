#pragma once

#include <string>

namespace mer {

/// What the system's error number says, in a few words: "disk full", "permission denied".
std::string reason_of(int error_number);

}  // namespace mer
