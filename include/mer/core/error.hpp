#pragma once

#include <stdexcept>
#include <string>

namespace mer {

/// Something a user can understand and act on: one line of fact, one line of advice.
///
/// `what()` says where, what, which value and what is allowed, in lower case without a full stop;
/// `hint()` says what to type next and may be empty. Thrown as it is, it means "failed" (exit 1):
/// disk full, diverged training.
class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& message, std::string hint = {});
  const std::string& hint() const noexcept { return hint_; }

 private:
  std::string hint_;
};

/// What the program's exit codes mean, also of one that is a child of another.
enum ExitCode { kDone = 0, kFailed = 1, kUsage = 2, kSomeInputsFailed = 3, kInterrupted = 130 };

/// The command line, a config, a manifest or a model is wrong or can't be found (exit 2).
class UsageError : public Error {
 public:
  using Error::Error;
};

/// One input file is at fault (exit 3): a batch records it and goes on.
class InputError : public Error {
 public:
  using Error::Error;
};

/// No file can be written any more where this one was to be (exit 1): it ends a batch.
class OutOfSpace : public Error {
 public:
  using Error::Error;
};

/// The user asked to stop; the state has been saved (exit 130).
class Interrupted : public Error {
 public:
  using Error::Error;
};

}  // namespace mer
