#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <system_error>
#include <utility>

#include "mer/core/error.hpp"
#include "sample_source.hpp"

namespace mer {
namespace {

class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor() { reset(); }
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    reset();
    fd_ = std::exchange(other.fd_, -1);
    return *this;
  }
  int get() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }
  void reset() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

 private:
  int fd_ = -1;
};

struct Pipe {
  FileDescriptor read_end;
  FileDescriptor write_end;

  Pipe() {
    std::array<int, 2> ends{};
    // Closed on exec: a child of another thread must not keep our writing end open.
    if (pipe2(ends.data(), O_CLOEXEC) != 0) {
      throw Error(std::string("cannot make a pipe to ffmpeg: ") + std::strerror(errno));
    }
    read_end = FileDescriptor(ends[0]);
    write_end = FileDescriptor(ends[1]);
  }
};

/// Keeps the last line that is not empty of a text that comes in pieces, in constant memory.
class LastLine {
 public:
  void add(std::string_view piece) {
    for (const char c : piece) {
      if (c == '\n' || c == '\r') {
        if (!current_.empty()) last_ = std::exchange(current_, {});
      } else if (current_.size() < kMaxLength) {
        current_ += c;
      }
    }
  }
  std::string text() const { return current_.empty() ? last_ : current_; }

 private:
  static constexpr std::size_t kMaxLength = 400;
  std::string current_;
  std::string last_;
};

/// A running ffmpeg whose standard output is read; ended and reaped at the latest by the
/// destructor.
class FfmpegProcess {
 public:
  explicit FfmpegProcess(const std::vector<std::string>& arguments) { start(arguments); }
  ~FfmpegProcess() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    reap();
  }
  FfmpegProcess(const FfmpegProcess&) = delete;
  FfmpegProcess& operator=(const FfmpegProcess&) = delete;

  bool installed() const { return installed_; }
  std::string last_line() const { return stderr_line_.text(); }
  /// After read() came to the end: whether ffmpeg itself was content.
  bool succeeded() const { return succeeded_; }

  /// Reads until `bytes` is full or the output ends; returns how many bytes there were.
  std::size_t read(std::span<std::byte> bytes) {
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

 private:
  void start(const std::vector<std::string>& arguments);
  void wait_for_data();
  void read_stderr();
  std::size_t read_stdout(std::span<std::byte> bytes);
  void reap();

  pid_t pid_ = -1;
  bool installed_ = true;
  bool succeeded_ = false;
  bool stdout_ready_ = false;
  FileDescriptor stdout_;
  FileDescriptor stderr_;
  LastLine stderr_line_;
};

void FfmpegProcess::start(const std::vector<std::string>& arguments) {
  std::vector<std::string> words = {"ffmpeg", "-nostdin", "-hide_banner", "-v", "error"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  Pipe out;
  Pipe err;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, out.write_end.get(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, err.write_end.get(), STDERR_FILENO);

  // A process group of its own, so that Ctrl-C reaches us and not the middle of a song; it dies of
  // SIGPIPE when we are gone. Signal settings of the calling thread are not for it.
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

  const int error = posix_spawnp(&pid_, "ffmpeg", &actions, &attributes, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) {
    pid_ = -1;
    installed_ = false;
    if (error != ENOENT && error != EACCES && error != ENOTDIR) {
      throw Error(std::string("cannot start ffmpeg: ") + std::strerror(error));
    }
    return;
  }
  stdout_ = std::move(out.read_end);
  stderr_ = std::move(err.read_end);
}

void FfmpegProcess::wait_for_data() {
  std::array<pollfd, 2> waits = {{{stdout_.get(), POLLIN, 0}, {stderr_.get(), POLLIN, 0}}};
  if (poll(waits.data(), waits.size(), -1) < 0 && errno != EINTR) {
    throw Error(std::string("cannot wait for ffmpeg: ") + std::strerror(errno));
  }
  stdout_ready_ = waits[0].revents != 0;
  if (waits[1].revents != 0) read_stderr();
}

void FfmpegProcess::read_stderr() {
  std::array<char, 4096> text{};
  const ssize_t count = ::read(stderr_.get(), text.data(), text.size());
  if (count > 0) stderr_line_.add({text.data(), static_cast<std::size_t>(count)});
  if (count == 0 || (count < 0 && errno != EINTR)) stderr_.reset();
}

std::size_t FfmpegProcess::read_stdout(std::span<std::byte> bytes) {
  stdout_ready_ = false;
  const ssize_t count = ::read(stdout_.get(), bytes.data(), bytes.size());
  if (count == 0 || (count < 0 && errno != EINTR)) stdout_.reset();
  return count > 0 ? static_cast<std::size_t>(count) : 0;
}

void FfmpegProcess::reap() {
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

std::uint32_t big_endian(std::span<const std::byte> bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8 | std::to_integer<std::uint32_t>(bytes[i]);
  return value;
}

/// ffmpeg writes Sun AU of 32-bit floats: its header of six words tells rate and channels, so that
/// channels are averaged here as for every other file, not by ffmpeg's own matrix.
class FfmpegSource final : public SampleSource {
 public:
  explicit FfmpegSource(const std::filesystem::path& path)
      : name_(path.string()), process_(arguments(path)) {
    if (process_.installed()) read_header();
  }

  bool installed() const { return process_.installed(); }

  std::size_t read(std::span<float> interleaved) override {
    const std::size_t frame_bytes = sizeof(float) * static_cast<std::size_t>(info_.num_channels);
    const std::size_t got = process_.read(std::as_writable_bytes(interleaved)) / frame_bytes;
    for (float& value : interleaved.first(got * static_cast<std::size_t>(info_.num_channels))) {
      const auto bits = std::bit_cast<std::uint32_t>(value);
      if constexpr (std::endian::native == std::endian::little) {
        value = std::bit_cast<float>(__builtin_bswap32(bits));
      }
    }
    position_ += static_cast<std::int64_t>(got);
    if (got == 0) at_end();
    return got;
  }

 private:
  static std::vector<std::string> arguments(const std::filesystem::path& path) {
    // "file:" keeps names that begin with '-' or look like a URL from being anything but files.
    return {"-protocol_whitelist",
            "file,pipe",
            "-i",
            "file:" + path.string(),
            "-map",
            "0:a:0",
            "-map_metadata",
            "-1",
            "-c:a",
            "pcm_f32be",
            "-f",
            "au",
            "pipe:1"};
  }

  void read_header() {
    std::array<std::byte, 24> header{};
    constexpr std::uint32_t kMagic = 0x2E736E64;  // ".snd"
    constexpr std::uint32_t kFloat32 = 6;
    constexpr std::uint32_t kMaxHeaderBytes = 1 << 20;
    if (process_.read(header) < header.size()) refuse();
    const std::span<const std::byte> words(header);
    const std::uint32_t header_bytes = big_endian(words.subspan(4));
    const std::uint32_t channels = big_endian(words.subspan(20));
    if (big_endian(words) != kMagic || big_endian(words.subspan(12)) != kFloat32 ||
        header_bytes < header.size() || header_bytes > kMaxHeaderBytes || channels < 1 ||
        channels > 1024) {
      throw InputError(name_ + ": ffmpeg's answer is not understood",
                       "convert the file to FLAC first");
    }
    std::vector<std::byte> rest(header_bytes - header.size());
    if (process_.read(rest) < rest.size()) refuse();
    info_.sample_rate_hz =
        static_cast<int>(std::min<std::uint32_t>(big_endian(words.subspan(16)), 1U << 30));
    info_.num_channels = static_cast<int>(channels);
    const std::string codec = guess_codec(name_);
    info_.format = codec.empty() ? "by ffmpeg" : codec;
    info_.by_ffmpeg = true;
    warnings_.push_back("decoded by ffmpeg");
  }

  [[noreturn]] void refuse() const {
    std::string reason = process_.last_line();
    const std::string prefix = "file:" + name_ + ": ";
    if (reason.compare(0, prefix.size(), prefix) == 0) reason.erase(0, prefix.size());
    throw InputError(name_ + ": neither libsndfile nor ffmpeg reads it: " +
                         (reason.empty() ? "no audio in it" : reason),
                     "is it an audio file? Ask: ffmpeg -i " + shell_quoted(name_));
  }

  void at_end() {
    if (end_seen_) return;
    end_seen_ = true;
    if (!process_.succeeded()) {
      throw InputError(name_ + ": ffmpeg stopped at " +
                           time_of_frame(position_, info_.sample_rate_hz) + ": " +
                           process_.last_line(),
                       "the file is damaged; get it again from its source");
    }
    if (!process_.last_line().empty()) warnings_.push_back("ffmpeg says: " + process_.last_line());
  }

  std::string name_;
  FfmpegProcess process_;
  std::int64_t position_ = 0;
  bool end_seen_ = false;
};

}  // namespace

std::unique_ptr<SampleSource> open_by_ffmpeg(const std::filesystem::path& path) {
  auto source = std::make_unique<FfmpegSource>(path);
  if (!source->installed()) return nullptr;
  return source;
}

std::string run_ffmpeg(const std::vector<std::string>& arguments, bool& installed) {
  FfmpegProcess process(arguments);
  installed = process.installed();
  if (!installed) return "ffmpeg is not installed";
  std::array<std::byte, 4096> output{};
  while (process.read(output) > 0) {
  }
  if (process.succeeded()) return "";
  return process.last_line().empty() ? "ffmpeg failed" : process.last_line();
}

}  // namespace mer
