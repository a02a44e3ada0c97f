#include "run_mer.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <numbers>
#include <stdexcept>

#include "mer/core/text.hpp"

namespace mer::test {
namespace {

constexpr unsigned kTimeLimit_s = 120;

/// In the child: from here on nothing returns.
[[noreturn]] void become(const Words& command, const Place& place, const std::string& in,
                         const std::string& out, const std::string& err) {
  const auto open_as = [](const std::string& file, int flags, int descriptor) {
    constexpr int kMode = 0600;
    const int opened = ::open(file.c_str(), flags, kMode);
    if (opened < 0 || ::dup2(opened, descriptor) < 0) ::_exit(126);
  };
  open_as(in, O_RDONLY, STDIN_FILENO);
  open_as(out, O_WRONLY | O_CREAT | O_TRUNC, STDOUT_FILENO);
  open_as(err, O_WRONLY | O_CREAT | O_TRUNC, STDERR_FILENO);
  if (::chdir(place.folder.c_str()) != 0) ::_exit(126);
  for (const auto& [name, value] : place.environment) ::setenv(name.c_str(), value.c_str(), 1);
  std::vector<std::string> words = command;
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  ::alarm(kTimeLimit_s);  // survives exec
  ::execvp(arguments.front(), arguments.data());
  ::_exit(127);
}

void put(std::string& bytes, std::uint32_t value, int num_bytes) {
  for (int i = 0; i < num_bytes; ++i) bytes += static_cast<char>((value >> (8 * i)) & 0xFFU);
}

}  // namespace

Process::Process(const Words& command, const Place& place) {
  const std::string in = files_.write("in", place.standard_input).string();
  const std::string out =
      place.standard_output.empty() ? (files_ / "out").string() : place.standard_output;
  pid_ = ::fork();
  if (pid_ < 0) throw std::runtime_error("cannot fork");
  if (pid_ == 0) become(command, place, in, out, (files_ / "err").string());
}

Process::~Process() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

void Process::send(int signal) const { ::kill(pid_, signal); }

std::string Process::err_so_far() const { return read(files_ / "err"); }

Outcome Process::wait() {
  int status = 0;
  if (::waitpid(pid_, &status, 0) != pid_) throw std::runtime_error("cannot wait");
  pid_ = -1;
  constexpr int kKilled = 128;
  return {WIFEXITED(status) ? WEXITSTATUS(status) : kKilled + WTERMSIG(status),
          read(files_ / "out"), read(files_ / "err")};
}

Outcome run(const Words& command, const Place& place) { return Process(command, place).wait(); }

Outcome run_mer(Words arguments, const Place& place) {
  arguments.insert(arguments.begin(), MER_PROGRAM);
  return run(arguments, place);
}

std::string text_of(const Words& words) { return join(words, " "); }

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    lines.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  return lines;
}

std::string read(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

std::map<std::string, std::string> files_below(const std::filesystem::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    files[entry.path().lexically_relative(folder).string()] = read(entry.path());
  }
  return files;
}

std::string wav(const std::vector<float>& samples, int rate_hz, int num_channels) {
  constexpr std::uint32_t kIeeeFloat = 3;
  constexpr std::uint32_t kFormatBytes = 16;
  const auto rate = static_cast<std::uint32_t>(rate_hz);
  const auto channels = static_cast<std::uint32_t>(num_channels);
  const auto data_bytes = static_cast<std::uint32_t>(samples.size() * sizeof(float));
  std::string bytes = "RIFF";
  put(bytes, 36 + data_bytes, 4);
  bytes += "WAVEfmt ";
  put(bytes, kFormatBytes, 4);
  put(bytes, kIeeeFloat, 2);
  put(bytes, channels, 2);
  put(bytes, rate, 4);
  put(bytes, rate * channels * 4, 4);
  put(bytes, channels * 4, 2);
  put(bytes, 32, 2);
  bytes += "data";
  put(bytes, data_bytes, 4);
  bytes.append(reinterpret_cast<const char*>(samples.data()), data_bytes);
  return bytes;
}

std::vector<float> tone(double frequency_hz, double seconds, int rate_hz, int num_channels) {
  std::vector<float> samples;
  const auto num_frames = static_cast<std::int64_t>(std::llround(seconds * rate_hz));
  for (std::int64_t frame = 0; frame < num_frames; ++frame) {
    const double time_s = static_cast<double>(frame) / rate_hz;
    const double phase = 2.0 * std::numbers::pi * frequency_hz * time_s;
    const double swell = 0.3 + 0.1 * std::sin(2.0 * std::numbers::pi * time_s);
    const double value = swell * (std::sin(phase) + std::sin(2.0 * phase) / 2.0);
    for (int channel = 0; channel < num_channels; ++channel) {
      samples.push_back(static_cast<float>(value));
    }
  }
  return samples;
}

}  // namespace mer::test
