#include "mer/core/child_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
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
constexpr int kBySignal = 128;
constexpr int kNotStarted = 127;

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

/// A file in memory that holds a text; nothing for an empty one.
FileDescriptor input_of(std::string_view text, const std::string& program) {
  FileDescriptor file(text.empty() ? ::open("/dev/null", O_RDONLY | O_CLOEXEC)
                                   : ::memfd_create("input", MFD_CLOEXEC));
  while (!text.empty()) {
    const ssize_t written = ::write(file.get(), text.data(), text.size());
    if (written < 0) throw Error("cannot hold the input of " + program + ": " + reason(errno));
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  ::lseek(file.get(), 0, SEEK_SET);
  return file;
}

FileDescriptor open_log(const std::filesystem::path& log) {
  constexpr int kMode = 0644;
  FileDescriptor file(::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, kMode));
  if (!file.is_open()) throw Error(log.string() + ": cannot be written: " + reason(errno));
  return file;
}

/// What the child needs, made before it is there.
struct Start {
  const char* program;
  std::vector<char*> arguments;
  std::array<int, 3> streams;
  int failure;  ///< where errno goes when it can't be started
  bool ends_with_us;
  pid_t parent;
};

/// In the child: from here on nothing returns, and nothing allocates.
[[noreturn]] void become(const Start& start) {
  ::setpgid(0, 0);
  if (start.ends_with_us) {
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() != start.parent) ::_exit(kNotStarted);  // it died before the line above
  }
  // Signal settings of the calling thread are not for the child.
  for (const int signal : {SIGPIPE, SIGINT, SIGTERM}) ::signal(signal, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (int stream = 0; stream < 3; ++stream) {
    ::dup2(start.streams[static_cast<std::size_t>(stream)], stream);
  }
  ::execvp(start.program, start.arguments.data());
  const int error = errno;
  static_cast<void>(!::write(start.failure, &error, sizeof(error)));
  ::_exit(kNotStarted);
}

}  // namespace

bool LastLine::is_blank(const std::string& line) {
  return line.find_first_not_of(" \t") == std::string::npos;
}

void LastLine::add(std::string_view piece) {
  for (const char c : piece) {
    if (c == '\n' || c == '\r') {
      if (!is_blank(current_)) last_ = current_;
      if (on_line_ && !is_blank(current_)) on_line_(current_);
      current_.clear();
    } else if (current_.size() < kMaxLineBytes) {
      current_ += c;
    }
  }
}

ChildProcess::ChildProcess(std::vector<std::string> command, const ChildOptions& options)
    : name_(command.at(0)), stderr_line_(options.on_stderr_line) {
  Start start{options.program.empty() ? name_.c_str() : options.program.c_str(),
              {},
              {},
              -1,
              options.ends_with_us,
              ::getpid()};
  for (std::string& word : command) start.arguments.push_back(word.data());
  start.arguments.push_back(nullptr);
  const FileDescriptor in = input_of(options.input, name_);
  FileDescriptor out;
  FileDescriptor err;
  if (options.log.empty()) {
    Pipe to_stdout(name_);
    Pipe to_stderr(name_);
    if (options.pipe_bytes > 0) {
      ::fcntl(to_stdout.read_end.get(), F_SETPIPE_SZ, options.pipe_bytes);  // a wish, no more
    }
    stdout_ = std::move(to_stdout.read_end);
    stderr_ = std::move(to_stderr.read_end);
    out = std::move(to_stdout.write_end);
    err = std::move(to_stderr.write_end);
  } else {
    out = open_log(options.log);
  }
  start.streams = {in.get(), out.get(), err.is_open() ? err.get() : out.get()};
  Pipe failure(name_);
  start.failure = failure.write_end.get();

  pid_ = ::fork();
  if (pid_ == 0) become(start);
  int error = errno;
  failure.write_end.reset();
  if (pid_ > 0) {
    ssize_t count = 0;
    do {
      count = ::read(failure.read_end.get(), &error, sizeof(error));
    } while (count < 0 && errno == EINTR);
    if (count != sizeof(error)) return;  // it runs
    reap(0);
    stdout_.reset();
    stderr_.reset();
    installed_ = false;
    if (error == ENOENT || error == EACCES || error == ENOTDIR) return;
  }
  throw Error("cannot start " + name_ + ": " + reason(error));
}

ChildProcess::~ChildProcess() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  reap(0);
}

std::size_t ChildProcess::read(std::span<std::byte> bytes) {
  std::size_t filled = 0;
  while (filled < bytes.size() && stdout_.is_open()) {
    wait_for_data();
    if (stdout_ready_) filled += read_stdout(bytes.subspan(filled));
  }
  if (!stdout_.is_open() && pid_ > 0) {
    while (stderr_.is_open()) wait_for_data();
    reap(0);
  }
  return filled;
}

std::optional<int> ChildProcess::exit_code() {
  if (pid_ > 0 && !reap(WNOHANG)) return std::nullopt;
  return exit_code_;
}

void ChildProcess::ask_to_stop() const {
  if (pid_ > 0) ::kill(pid_, SIGINT);
}

void ChildProcess::wait_for_data() {
  std::array<pollfd, 2> waits = {{{stdout_.get(), POLLIN, 0}, {stderr_.get(), POLLIN, 0}}};
  if (::poll(waits.data(), waits.size(), -1) < 0 && errno != EINTR) {
    throw Error("cannot wait for " + name_ + ": " + reason(errno));
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

bool ChildProcess::reap(int options) {
  int status = 0;
  pid_t result = 0;
  do {
    result = ::waitpid(pid_, &status, options);
  } while (result < 0 && errno == EINTR);
  if (result == 0) return false;
  // ECHILD: the program ignores SIGCHLD, the exit status is gone; what was said has to do.
  exit_code_ = result < 0          ? (stderr_line_.text().empty() ? 0 : 1)
               : WIFEXITED(status) ? WEXITSTATUS(status)
                                   : kBySignal + WTERMSIG(status);
  succeeded_ = exit_code_ == 0;
  pid_ = -1;
  return true;
}

ProgramResult run_program(std::vector<std::string> command, const ChildOptions& options,
                          std::size_t max_output_bytes) {
  ChildProcess process(std::move(command), options);
  ProgramResult result;
  result.installed = process.installed();
  std::array<std::byte, 1 << 16> block{};
  while (const std::size_t count = process.read(block)) {
    const std::size_t kept = std::min(count, max_output_bytes - result.output.size());
    result.output.append(reinterpret_cast<const char*>(block.data()), kept);
  }
  result.succeeded = process.succeeded();
  result.last_line = process.last_line();
  return result;
}

}  // namespace mer
