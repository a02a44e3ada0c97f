#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "mer/core/error.hpp"
#include "mer/core/text.hpp"

namespace mer {

inline void require_candidates(const char* key, const std::vector<double>& candidates) {
  if (!candidates.empty()) return;
  throw UsageError("'" + std::string(key) + "' is an empty list, allowed: one number or more");
}

inline void require_whole_numbers(const char* key, const std::vector<double>& candidates) {
  for (const double value : candidates) {
    if (value == std::floor(value)) continue;
    throw UsageError("'" + std::string(key) + "' holds " + format_number(value) +
                     ", allowed: whole numbers");
  }
}

}  // namespace mer
