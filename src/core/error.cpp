#include "mer/core/error.hpp"

#include <utility>

namespace mer {

Error::Error(const std::string& message, std::string hint)
    : std::runtime_error(message), hint_(std::move(hint)) {}

}  // namespace mer
