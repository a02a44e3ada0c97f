#include "mer/core/system_reason.hpp"

#include <cerrno>
#include <system_error>

namespace mer {

std::string reason_of(int error_number) {
  switch (error_number) {
    case ENOSPC:
    case EDQUOT:
      return "disk full";
    case EACCES:
    case EPERM:
      return "permission denied";
    case EROFS:
      return "the file system is read-only";
    case EISDIR:
      return "it is a folder";
    case ENAMETOOLONG:
      return "its name is too long";
    default:
      return std::generic_category().message(error_number);
  }
}

}  // namespace mer
