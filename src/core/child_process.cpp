#include "mer/core/child_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>

#include "mer/core/error.hpp"

namespace mer {
namespace {

constexpr std::size_t kMaxLineBytes = 400;
constexpr std::size_t kMaxOutputBytes = 4096;

std::string reason(int error) { return std::generic_category().message(error); }

struct Pipe {
  FileDescriptor read_end;
  FileDescriptor write_end;

  explicit Pipe(const std::string& program) {
    std::array<int, 2> ends{};
    // Closed on exec: a child of another thread must not keep our writing end open.
    if (pipe2(ends.data(), O_CLOEXEC) != 0) {
      throw Error("cannot make a pipe to " + program + ": " + reason(errno));
    }
    read_end = FileDescriptor(ends[0]);
    write_end = FileDescriptor(ends[1]);
  }
};

}  // namespace

void LastLine::add(std::string_view piece) {
  for (const char c : piece) {
    if (c == '\n' || c == '\r') {
      if (!current_.empty()) last_ = std::exchange(current_, {});
    } else if (current_.size() < kMaxLineBytes) {
      current_ += c;
    }
  }
}

ChildProcess::ChildProcess(std::vector<std::string> command) : program_(command.at(0)) {
  start(command);
}

ChildProcess::~ChildProcess() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  reap();
}

std::size_t ChildProcess::read(std::span<std::byte> bytes) {
  std::size_t filled = 0;
  while (filled < bytes.size() && stdout_.is_open()) {
    wait_for_data();
    if (stdout_ready_) filled += read_stdout(bytes.subspan(filled));
  }
  if (!stdout_.is_open() && pid_ > 0) {
    while (stderr_.is_open()) wait_for_data();
    reap();
  }
  return filled;
}

void ChildProcess::start(std::vector<std::string>& command) {
  std::vector<char*> argv;
  argv.reserve(command.size() + 1);
  for (std::string& word : command) argv.push_back(word.data());
  argv.push_back(nullptr);

  Pipe out(program_);
  Pipe err(program_);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, out.write_end.get(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, err.write_end.get(), STDERR_FILENO);

  // Signal settings of the calling thread are not for the child.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t defaults;
  sigemptyset(&defaults);
  posix_spawnattr_setsigmask(&attributes, &defaults);
  sigaddset(&defaults, SIGPIPE);
  sigaddset(&defaults, SIGINT);
  sigaddset(&defaults, SIGTERM);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(
      &attributes,
      static_cast<short>(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP));

  const int error =
      posix_spawnp(&pid_, program_.c_str(), &actions, &attributes, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) {
    pid_ = -1;
    installed_ = false;
    if (error != ENOENT && error != EACCES && error != ENOTDIR) {
      throw Error("cannot start " + program_ + ": " + reason(error));
    }
    return;
  }
  stdout_ = std::move(out.read_end);
  stderr_ = std::move(err.read_end);
}

void ChildProcess::wait_for_data() {
  std::array<pollfd, 2> waits = {{{stdout_.get(), POLLIN, 0}, {stderr_.get(), POLLIN, 0}}};
  if (poll(waits.data(), waits.size(), -1) < 0 && errno != EINTR) {
    throw Error("cannot wait for " + program_ + ": " + reason(errno));
  }
  stdout_ready_ = waits[0].revents != 0;
  if (waits[1].revents != 0) read_stderr();
}

void ChildProcess::read_stderr() {
  std::array<char, 4096> text{};
  const ssize_t count = ::read(stderr_.get(), text.data(), text.size());
  if (count > 0) stderr_line_.add({text.data(), static_cast<std::size_t>(count)});
  if (count == 0 || (count < 0 && errno != EINTR)) stderr_.reset();
}

std::size_t ChildProcess::read_stdout(std::span<std::byte> bytes) {
  stdout_ready_ = false;
  const ssize_t count = ::read(stdout_.get(), bytes.data(), bytes.size());
  if (count == 0 || (count < 0 && errno != EINTR)) stdout_.reset();
  return count > 0 ? static_cast<std::size_t>(count) : 0;
}

void ChildProcess::reap() {
  int status = 0;
  pid_t result = 0;
  do {
    result = waitpid(pid_, &status, 0);
  } while (result < 0 && errno == EINTR);
  // ECHILD: the program ignores SIGCHLD, the exit status is gone; what was said has to do.
  succeeded_ =
      result < 0 ? stderr_line_.text().empty() : WIFEXITED(status) && WEXITSTATUS(status) == 0;
  pid_ = -1;
}

ProgramResult run_program(std::vector<std::string> command) {
  ChildProcess process(std::move(command));
  ProgramResult result;
  result.installed = process.installed();
  std::array<std::byte, 4096> block{};
  while (const std::size_t count = process.read(block)) {
    const std::size_t kept = std::min(count, kMaxOutputBytes - result.output.size());
    result.output.append(reinterpret_cast<const char*>(block.data()), kept);
  }
  result.succeeded = process.succeeded();
  result.last_line = process.last_line();
  return result;
}

}  // namespace mer
