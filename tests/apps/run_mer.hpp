#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "../support/temporary_folder.hpp"

namespace mer::test {

using Words = std::vector<std::string>;

/// What a finished process left.
struct Outcome {
  int exit_code = -1;  ///< 128 + n when signal n killed it
  std::string out;
  std::string err;
};

/// Where a process works and what it reads.
struct Place {
  std::filesystem::path folder = std::filesystem::temp_directory_path();
  std::string standard_input = {};
  std::map<std::string, std::string> environment = {};  ///< on top of the test's own
  std::string standard_output = {};  ///< a file to write to instead of Outcome::out, e.g. /dev/full
};

/// A running process whose stdout and stderr go to files. It is killed after two minutes.
class Process {
 public:
  Process(const Words& command, const Place& place);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void send(int signal) const;
  std::string err_so_far() const;
  Outcome wait();

 private:
  TemporaryFolder files_;
  pid_t pid_ = -1;
};

Outcome run(const Words& command, const Place& place = {});

/// Runs `mer` with these arguments.
Outcome run_mer(Words arguments, const Place& place = {});

/// The arguments' command line, for messages.
std::string text_of(const Words& words);

std::vector<std::string> lines_of(const std::string& text);
std::string read(const std::filesystem::path& file);
/// Relative paths of the files below a folder with their contents.
std::map<std::string, std::string> files_below(const std::filesystem::path& folder);

/// A 32-bit float WAV file, written by hand so that it can hold anything.
/// @param samples  interleaved
std::string wav(const std::vector<float>& samples, int rate_hz, int num_channels = 1);
/// A tone with a few harmonics that swells and fades; the same on every channel.
std::vector<float> tone(double frequency_hz, double seconds, int rate_hz, int num_channels = 1);

}  // namespace mer::test
