#include "terminal.hpp"

#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <mutex>

namespace mer::app {
namespace {

constexpr double kLinePause_s = 30.0;
volatile std::sig_atomic_t g_interrupted = 0;
volatile std::sig_atomic_t g_pipe_closed = 0;
std::atomic<bool> g_line_is_drawn = false;  ///< a progress line stands where the cursor is

void clear_drawn_line() {
  if (!g_line_is_drawn.exchange(false)) return;
  std::fputs("\r\033[K", stderr);
  std::fflush(stderr);
}

/// Messages on stderr, which take the place of a progress line.
class StderrSink : public spdlog::sinks::base_sink<std::mutex> {
 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t text;
    formatter_->format(message, text);
    clear_drawn_line();
    std::fwrite(text.data(), 1, text.size(), stderr);
    std::fflush(stderr);
  }
  void flush_() override { std::fflush(stderr); }
};

void on_signal(int signal) {
  if (g_interrupted != 0 && signal != SIGHUP) {  // which comes from the kernel and from the shell
    std::signal(signal, SIG_DFL);
    std::raise(signal);
  }
  g_interrupted = 1;
}

void on_closed_pipe(int) {
  g_pipe_closed = 1;
  g_interrupted = 1;
}

}  // namespace

void log_to_stderr() {
  spdlog::set_default_logger(
      std::make_shared<spdlog::logger>("mer", std::make_shared<StderrSink>()));
  spdlog::set_pattern("%v");
}

void be_quiet() { spdlog::set_level(spdlog::level::warn); }

void add_verbosity_options(CLI::App& command) {
  CLI::Option* quiet = command.add_flag_callback("-q,--quiet", be_quiet, "Print errors only");
  command
      .add_flag_callback(
          "-v,--verbose", [] { spdlog::set_level(spdlog::level::debug); }, "Print more")
      ->excludes(quiet);
}

bool is_quiet() { return !spdlog::should_log(spdlog::level::info); }

void log_info(const std::string& line) {
  if (!pipe_is_closed()) spdlog::info(line);
}

void log_verbose(const std::string& line) { spdlog::debug(line); }

void log_warning(const std::string& line) {
  if (!pipe_is_closed()) spdlog::warn("WARNING: " + line);
}

void log_error(const std::string& message, const std::string& hint) {
  if (pipe_is_closed()) return;
  spdlog::error("error: " + message + (hint.empty() ? "" : "\n  hint: " + hint));
}

std::vector<std::string> curve_lines(const CsvTable& metrics) {
  constexpr std::size_t kBars = 40;
  std::vector<std::string> lines;
  if (metrics.size() < 2) return lines;
  for (const char* name : {"train_loss", "val_loss", "train_accuracy", "val_accuracy",
                           "val_macro_f1", "val_concordance", "val_roc_auc"}) {
    if (!metrics.has(name)) continue;
    std::vector<double> values;
    for (std::size_t row = 0; row < metrics.size(); ++row) {
      const double value = metrics.number_or_nan(row, name);
      if (!std::isnan(value)) values.push_back(value);
    }
    if (values.size() < 2) continue;
    lines.push_back(pad_right(name, 16) + fixed(values.front(), 3) + " " +
                    sparkline(values, kBars) + " " + fixed(values.back(), 3));
  }
  return lines;
}

int terminal_columns() {
  constexpr int kDefaultColumns = 80;
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return kDefaultColumns;
  return size.ws_col;
}

ProgressLine::ProgressLine(std::string label)
    : label_(std::move(label)),
      enabled_(spdlog::should_log(spdlog::level::info)),
      on_terminal_(::isatty(STDERR_FILENO) != 0) {}

ProgressLine::~ProgressLine() { ProgressLine::clear(); }

Progress ProgressLine::callback() {
  return [this](std::size_t done, std::size_t total, const std::string& note) {
    std::string text = std::to_string(done) + "/" + std::to_string(total);
    const std::string rate = meter_.text(done, total);
    if (!rate.empty()) text += "  " + rate;
    if (!note.empty() && on_terminal_) text += "  " + note;
    show(text);
  };
}

void ProgressLine::show(const std::string& text) {
  if (!enabled_) return;
  if (on_terminal_) {
    const auto columns = static_cast<std::size_t>(terminal_columns());
    std::string line = label_ + "  " + text;
    if (line.size() >= columns) line.resize(columns - 1);
    std::fprintf(stderr, "\r\033[K%s", line.c_str());
    std::fflush(stderr);
    g_line_is_drawn = true;
    return;
  }
  const double now_s = meter_.seconds();
  if (now_s - last_line_s_ < kLinePause_s) return;
  last_line_s_ = now_s;
  std::fprintf(stderr, "%s  %s\n", label_.c_str(), text.c_str());
}

void ProgressLine::clear() { clear_drawn_line(); }

void catch_interrupts() {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    if (std::signal(signal, on_signal) == SIG_IGN && signal == SIGHUP) {
      std::signal(signal, SIG_IGN);
    }
  }
  std::signal(SIGPIPE, on_closed_pipe);
}

bool interrupted() { return g_interrupted != 0; }

bool pipe_is_closed() { return g_pipe_closed != 0; }

}  // namespace mer::app
