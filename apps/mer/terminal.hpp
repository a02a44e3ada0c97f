#pragma once

#include <functional>
#include <memory>
#include <string>

#include "mer/core/progress.hpp"

namespace spdlog {
class logger;
}

namespace CLI {
class App;
}

namespace mer::app {

/// How much is said on stderr.
struct Talk {
  bool quiet = false;    ///< -q: errors only
  bool verbose = false;  ///< -v: debug
};

void add_talk_options(CLI::App& command, Talk& talk);

/// The logger on stderr at the level asked for; made spdlog's default, which would write to stdout.
std::shared_ptr<spdlog::logger> make_logger(const Talk& talk);

/// "error: …" and "  hint: …" on stderr.
void print_error(const std::string& message, const std::string& hint);

/// A line of talk on stderr unless quiet.
void say(const Talk& talk, const std::string& line);

bool stderr_is_terminal();
/// Columns of the terminal on stdout, 100 when it is none.
int terminal_columns();

/// Draws `label  12/90  3.1/s, 0:25 left` on one line of a terminal; elsewhere a line at most every
/// 30 s. The line is removed when the object ends.
class ProgressLine {
 public:
  ProgressLine(std::string label, const Talk& talk);
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  Progress callback();
  void show(const std::string& text);
  void clear();

 private:
  std::string label_;
  bool enabled_;
  bool on_terminal_;
  bool drawn_ = false;
  RateMeter meter_;
  double last_line_s_ = 0.0;
};

/// Ctrl-C and SIGTERM set a flag that long jobs ask for; a second Ctrl-C ends the process at once.
void catch_interrupts();
bool interrupted();

}  // namespace mer::app
