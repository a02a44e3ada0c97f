#pragma once

#include <sys/types.h>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mer/core/file_descriptor.hpp"

namespace mer {

/// Keeps the last line that is not empty of a text that comes in pieces, in constant memory.
class LastLine {
 public:
  void add(std::string_view piece);
  std::string text() const { return current_.empty() ? last_ : current_; }

 private:
  std::string current_;
  std::string last_;
};

/// A running program without standard input whose standard output is read; ended and reaped at the
/// latest by the destructor.
///
/// It is in a process group of its own, so that Ctrl-C reaches us and not the middle of its work,
/// and it dies of SIGPIPE when we are gone and it writes.
class ChildProcess {
 public:
  /// @param command  the program, looked for in PATH, and its arguments
  /// @throws Error when it is there and can't be started
  explicit ChildProcess(std::vector<std::string> command);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  /// False when there is no such program; then nothing runs and read() returns 0.
  bool installed() const { return installed_; }
  /// The last line on its standard error.
  std::string last_line() const { return stderr_line_.text(); }
  /// After read() came to the end: whether the program itself was content.
  bool succeeded() const { return succeeded_; }

  /// Reads until `bytes` is full or the output ends; returns how many bytes there were.
  std::size_t read(std::span<std::byte> bytes);

 private:
  void start(std::vector<std::string>& command);
  void wait_for_data();
  void read_stderr();
  std::size_t read_stdout(std::span<std::byte> bytes);
  void reap();

  std::string program_;
  pid_t pid_ = -1;
  bool installed_ = true;
  bool succeeded_ = false;
  bool stdout_ready_ = false;
  FileDescriptor stdout_;
  FileDescriptor stderr_;
  LastLine stderr_line_;
};

/// How a program ended that ran for its effect.
struct ProgramResult {
  bool installed = false;
  bool succeeded = false;
  std::string output;     ///< the beginning of its standard output
  std::string last_line;  ///< of its standard error
};

/// Runs a program to its end. @throws Error when it is there and can't be started
ProgramResult run_program(std::vector<std::string> command);

}  // namespace mer
