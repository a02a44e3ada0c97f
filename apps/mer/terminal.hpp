#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "mer/core/csv_table.hpp"
#include "mer/core/progress.hpp"

namespace CLI {
class App;
}

namespace mer::app {

/// Lets spdlog's default logger, which everything below goes through, write lines to stderr; its
/// own would write to stdout.
void log_to_stderr();

/// -q and -v, which set the level of that logger.
void add_verbosity_options(CLI::App& command);
/// From here on errors only.
void be_quiet();

bool is_quiet();

/// A line on stderr unless quiet.
void log_info(const std::string& line);
/// What makes figures doubtful: also shown with --quiet.
void log_warning(const std::string& line);
/// A line on stderr with -v.
void log_verbose(const std::string& line);
/// "error: …" and "  hint: …" on stderr.
void log_error(const std::string& message, const std::string& hint);

/// A run's losses and validation scores over its iterations, a line each; none of a run with fewer
/// than two rows of metrics.csv.
std::vector<std::string> curve_lines(const CsvTable& metrics);

/// Columns of the terminal on stdout, 100 when it is none.
int terminal_columns();

/// Draws `label  12/90  3.1/s, 0:25 left` on one line of a terminal; elsewhere a line at most every
/// 30 s. The line is removed when the object ends.
class ProgressLine : public ProgressDisplay {
 public:
  explicit ProgressLine(std::string label);
  ~ProgressLine() override;
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  Progress callback() override;
  void show(const std::string& text) override;
  void clear() override;

 private:
  std::string label_;
  bool enabled_;
  bool on_terminal_;
  RateMeter meter_;
  double last_line_s_ = 0.0;
};

/// Ctrl-C, SIGTERM, a terminal that is closed and a pipe that nobody reads any more set a flag that
/// long jobs ask for; a second Ctrl-C ends the process at once. What nohup ignores stays ignored.
void catch_interrupts();
bool interrupted();
/// Whether it was the pipe: there is nobody to tell anything.
bool pipe_is_closed();

/// Tells the terminal what a job has to tell.
class Terminal : public JobListener {
 public:
  void info(const std::string& line) override { log_info(line); }
  void warn(const std::string& line) override { log_warning(line); }
  void error(const std::string& message, const std::string& hint) override {
    log_error(message, hint);
  }
  std::unique_ptr<ProgressDisplay> progress(const std::string& label) override {
    return std::make_unique<ProgressLine>(label);
  }
  bool stopped() override { return interrupted(); }
};

}  // namespace mer::app
