#pragma once

#include <sys/types.h>

#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mer/core/file_descriptor.hpp"

namespace mer {

/// Keeps the last line with more than spaces of a text that comes in pieces, in constant memory.
class LastLine {
 public:
  explicit LastLine(std::function<void(std::string_view)> on_line = {})
      : on_line_(std::move(on_line)) {}
  void add(std::string_view piece);
  std::string text() const { return is_blank(current_) ? last_ : current_; }

 private:
  static bool is_blank(const std::string& line);

  std::function<void(std::string_view)> on_line_;
  std::string current_;
  std::string last_;
};

/// What a program is started with.
struct ChildOptions {
  std::filesystem::path program;  ///< its file; empty = the command's first word, found by PATH
  std::string_view input;         ///< its standard input
  std::filesystem::path log;      ///< its outputs are appended here; empty = they are read by us
  /// Gets SIGTERM when the thread that starts it ends, however that ends.
  bool ends_with_us = false;
  int pipe_bytes = 0;  ///< how far it may work ahead of what was read; 0 = the system's 64 KiB
  std::function<void(std::string_view)> on_stderr_line =
      {};  ///< gets each line of its standard error
};

/// A running program; ended and reaped at the latest by the destructor.
///
/// It is in a process group of its own, so that Ctrl-C reaches us and not the middle of its work,
/// and it dies of SIGPIPE when we are gone and it writes.
class ChildProcess {
 public:
  /// @param command  the program's name and its arguments
  /// @throws Error when it is there and can't be started, or the log can't be written
  explicit ChildProcess(std::vector<std::string> command, const ChildOptions& options = {});
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  /// False when there is no such program; then nothing runs and read() returns 0.
  bool installed() const { return installed_; }
  /// The last line on its standard error.
  std::string last_line() const { return stderr_line_.text(); }
  /// After read() came to the end: whether the program itself was content.
  bool succeeded() const { return succeeded_; }

  /// Reads its standard output until `bytes` is full or it ends; returns how many bytes there were.
  std::size_t read(std::span<std::byte> bytes);

  /// None while it runs; 128 + n when signal n ended it, 127 when there is no such program. Of a
  /// program with a log.
  std::optional<int> exit_code();
  void ask_to_stop() const;  ///< as Ctrl-C does

 private:
  void wait_for_data();
  void read_stderr();
  std::size_t read_stdout(std::span<std::byte> bytes);
  bool reap(int options);

  std::string name_;
  pid_t pid_ = -1;
  bool installed_ = true;
  bool succeeded_ = false;
  bool stdout_ready_ = false;
  int exit_code_ = 0;
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
/// @param max_output_bytes  that are kept
ProgramResult run_program(std::vector<std::string> command, const ChildOptions& options = {},
                          std::size_t max_output_bytes = 4096);

}  // namespace mer
