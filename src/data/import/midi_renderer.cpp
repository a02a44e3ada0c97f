#include "midi_renderer.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "mer/audio/audio_reader.hpp"
#include "mer/core/child_process.hpp"
#include "mer/core/error.hpp"
#include "mer/core/hash.hpp"
#include "mer/core/text.hpp"

namespace mer::importing {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSampleRate = "44100";
constexpr const char* kGain = "0.6";
constexpr const char* kSettingsFile = "rendering.json";

/// fluidsynth itself takes its own default, without a word, when the soundfont is not there.
std::string settings_of(const fs::path& soundfont) {
  std::string hash;
  try {
    hash = hash_file_hex(soundfont);
  } catch (const InputError& error) {
    throw UsageError(std::string("the soundfont: ") + error.what(),
                     "apt-get install fluid-soundfont-gm, or name another with --soundfont");
  }
  const nlohmann::ordered_json settings = {{"program", "fluidsynth"},
                                           {"soundfont", soundfont.filename().string()},
                                           {"soundfont_hash", hash},
                                           {"sample_rate_hz", kSampleRate},
                                           {"gain", kGain}};
  return settings.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

/// A file that is gone at the end unless it was published.
class TemporaryFile {
 public:
  explicit TemporaryFile(fs::path path) : path_(std::move(path)) {}
  ~TemporaryFile() {
    std::error_code ignored;
    fs::remove(path_, ignored);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  const fs::path& path() const { return path_; }

  void publish_as(const fs::path& target) const {
    const FileDescriptor file(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.is_open() || ::fsync(file.get()) != 0 ||
        ::rename(path_.c_str(), target.c_str()) != 0) {
      throw Error(target.string() +
                  ": cannot be written: " + std::generic_category().message(errno));
    }
  }

 private:
  fs::path path_;
};

/// fluidsynth exits with 0 for a MIDI file that breaks off, too, and leaves a file without samples.
bool holds_sound(const fs::path& file) {
  AudioOptions options;
  options.duration_s = 1.0;
  try {
    return !read_audio(file, options).empty();
  } catch (const InputError&) {
    return false;
  }
}

}  // namespace

MidiRenderer::MidiRenderer(fs::path folder, fs::path soundfont)
    : folder_(std::move(folder)),
      soundfont_(std::move(soundfont)),
      settings_(settings_of(soundfont_)) {
  std::error_code ignored;
  const fs::path file = folder_ / kSettingsFile;
  if (fs::exists(file, ignored) && read_text_file(file) != settings_) {
    throw UsageError(
        folder_.string() + ": its audio was not rendered with " + soundfont_.string(),
        "see " + file.string() + "; name another folder with --audio, or remove this one");
  }
}

void MidiRenderer::prepare() const {
  if (!run_program({"fluidsynth", "--version"}).installed) {
    throw Error("fluidsynth, which renders the MIDI files, is not installed",
                "apt-get install fluidsynth fluid-soundfont-gm");
  }
  std::error_code failure;
  fs::create_directories(folder_, failure);
  if (failure) {
    throw Error(folder_.string() + ": can't make this folder: " + failure.message(),
                "choose another place with --audio DIR");
  }
  write_text_file(folder_ / kSettingsFile, settings_);
}

void MidiRenderer::render(const std::string& id, const std::string& midi) const {
  if (!midi.starts_with("MThd")) {
    throw InputError(id + ": this is not a MIDI file", "get it again from its source");
  }
  const std::string suffix = "." + std::to_string(::getpid()) + ".tmp";
  const TemporaryFile input(folder_ / ("." + id + ".mid" + suffix));
  const TemporaryFile output(folder_ / ("." + id + ".flac" + suffix));
  write_text_file(input.path(), midi);
  const ProgramResult result =
      run_program({"fluidsynth", "-ni", "-q", "-r", kSampleRate, "-g", kGain, "-T", "flac", "-F",
                   output.path().string(), soundfont_.string(), input.path().string()});
  if (!result.succeeded || !holds_sound(output.path())) {
    throw InputError(id + ": fluidsynth does not render it: " +
                         (result.last_line.empty() ? "no music in it" : result.last_line),
                     "get the MIDI file again from its source");
  }
  output.publish_as(file_of(id));
}

}  // namespace mer::importing
