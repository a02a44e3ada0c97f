#include "mer/report/gnuplot.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <memory>
#include <system_error>

#include "mer/core/error.hpp"
#include "mer/core/text.hpp"

namespace mer {
namespace {

struct Closer {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
/// A file without a name, gone when it is closed.
using Scratch = std::unique_ptr<std::FILE, Closer>;

Scratch make_scratch() {
  Scratch file(std::tmpfile());
  if (!file) {
    throw Error("cannot make a temporary file: " + std::generic_category().message(errno),
                "is the disk full?");
  }
  ::fcntl(::fileno(file.get()), F_SETFD, FD_CLOEXEC);
  return file;
}

std::string content_of(const Scratch& file) {
  std::string text;
  std::rewind(file.get());
  char block[1 << 16];
  while (const std::size_t count = std::fread(block, 1, sizeof(block), file.get())) {
    text.append(block, count);
  }
  return text;
}

/// gnuplot prints the offending line, a caret and then what is wrong: the last line says most.
std::string last_line(const std::string& text) {
  std::string last;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    const std::string line = text.substr(start, end - start);
    if (line.find_first_not_of(" \t\r") != std::string::npos) last = line;
    start = end + 1;
  }
  const std::size_t begin = last.find_first_not_of(" \t");
  return begin == std::string::npos ? "" : last.substr(begin);
}

}  // namespace

std::string run_gnuplot(std::string_view script) {
  const Scratch in = make_scratch();
  const Scratch out = make_scratch();
  const Scratch err = make_scratch();
  if (std::fwrite(script.data(), 1, script.size(), in.get()) != script.size() ||
      std::fflush(in.get()) != 0) {
    throw Error("cannot write a temporary file: " + std::generic_category().message(errno),
                "is the disk full?");
  }
  std::rewind(in.get());

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ::fileno(in.get()), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, ::fileno(out.get()), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, ::fileno(err.get()), STDERR_FILENO);
  // A process group of its own: Ctrl-C is for us, who let a picture become whole.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  char program[] = "gnuplot";
  char no_startup_file[] = "-d";
  char* arguments[] = {program, no_startup_file, nullptr};
  pid_t pid = -1;
  const int failure = posix_spawnp(&pid, program, &actions, &attributes, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (failure != 0) {
    throw Error("gnuplot, which draws the pictures, cannot be started: " +
                    std::generic_category().message(failure),
                "apt-get install gnuplot-nox");
  }
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    const std::string reason = last_line(content_of(err));
    throw Error("gnuplot failed: " + (reason.empty() ? "without a word" : reason),
                "does `gnuplot --version` say 5.4 or later, with pngcairo and svg?");
  }
  return content_of(out);
}

void require_gnuplot() { run_gnuplot("exit\n"); }

std::string gnuplot_quoted(std::string_view text) {
  std::string quoted = "'";
  for (const char c : to_valid_utf8(text)) {
    if (c == '\'') quoted += '\'';
    quoted += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? ' ' : c;
  }
  return quoted + "'";
}

}  // namespace mer
