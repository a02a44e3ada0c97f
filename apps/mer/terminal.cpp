#include "terminal.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <csignal>
#include <cstdio>

namespace mer::app {
namespace {

constexpr double kLinePause_s = 30.0;
volatile std::sig_atomic_t g_interrupted = 0;

void on_signal(int signal) {
  if (g_interrupted != 0) {
    std::signal(signal, SIG_DFL);
    std::raise(signal);
  }
  g_interrupted = 1;
}

}  // namespace

void add_talk_options(CLI::App& command, Talk& talk) {
  CLI::Option* quiet = command.add_flag("-q,--quiet", talk.quiet, "Say errors only");
  command.add_flag("-v,--verbose", talk.verbose, "Say more")->excludes(quiet);
}

std::shared_ptr<spdlog::logger> make_logger(const Talk& talk) {
  auto logger =
      std::make_shared<spdlog::logger>("mer", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_pattern("%v");
  logger->set_level(talk.quiet     ? spdlog::level::err
                    : talk.verbose ? spdlog::level::debug
                                   : spdlog::level::info);
  spdlog::set_default_logger(logger);
  return logger;
}

void print_error(const std::string& message, const std::string& hint) {
  std::fprintf(stderr, "error: %s\n", message.c_str());
  if (!hint.empty()) std::fprintf(stderr, "  hint: %s\n", hint.c_str());
}

void say(const Talk& talk, const std::string& line) {
  if (!talk.quiet) std::fprintf(stderr, "%s\n", line.c_str());
}

bool stderr_is_terminal() { return ::isatty(STDERR_FILENO) != 0; }

int terminal_columns() {
  constexpr int kDefaultColumns = 100;
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return kDefaultColumns;
  return size.ws_col;
}

ProgressLine::ProgressLine(std::string label, const Talk& talk)
    : label_(std::move(label)), enabled_(!talk.quiet), on_terminal_(stderr_is_terminal()) {}

ProgressLine::~ProgressLine() { clear(); }

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
    drawn_ = true;
    return;
  }
  const double now_s = meter_.seconds();
  if (now_s - last_line_s_ < kLinePause_s) return;
  last_line_s_ = now_s;
  std::fprintf(stderr, "%s  %s\n", label_.c_str(), text.c_str());
}

void ProgressLine::clear() {
  if (!drawn_) return;
  std::fprintf(stderr, "\r\033[K");
  std::fflush(stderr);
  drawn_ = false;
}

void catch_interrupts() {
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
}

bool interrupted() { return g_interrupted != 0; }

}  // namespace mer::app
