#include "import/midi_renderer.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "mer/audio/audio_reader.hpp"
#include "mer/core/child_process.hpp"
#include "mer/core/error.hpp"
#include "mer/core/hash.hpp"
#include "mer/core/parallel.hpp"
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

std::uint32_t big_endian(std::string_view bytes) {
  std::uint32_t value = 0;
  for (const char byte : bytes) value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}

/// Whether all the tracks that a MIDI file's header announces are there to their ends. fluidsynth
/// plays what there is of a file that breaks off, and is content.
bool is_whole(std::string_view midi) {
  constexpr std::size_t kChunkHeaderBytes = 8;  // name and length
  constexpr std::size_t kTracksAt = 10;
  if (midi.size() < 14) return false;
  std::uint32_t tracks_left = big_endian(midi.substr(kTracksAt, 2));
  for (bool is_header = true; is_header || tracks_left > 0; is_header = false) {
    if (midi.size() < kChunkHeaderBytes) return false;
    if (midi.starts_with("MTrk")) --tracks_left;
    const std::size_t length = big_endian(midi.substr(4, 4));
    if (midi.size() - kChunkHeaderBytes < length) return false;
    midi.remove_prefix(kChunkHeaderBytes + length);
  }
  return true;
}

/// fluidsynth exits with 0 when there was nothing to play, too, and leaves a file without samples.
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

void MidiRenderOptions::visit(OptionsVisitor& v) {
  v.field("audio", audio, "folder for the rendered audio, empty = MANIFEST-audio");
  v.field("soundfont", soundfont, "what plays the MIDIs");
  v.field("jobs", jobs, at_least(0), "clips at once, 0 = one per core");
}

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
  if (!is_whole(midi)) {
    throw InputError(id + ": the MIDI file breaks off", "get it again from its source");
  }
  const std::string suffix = "." + std::to_string(::getpid()) + ".tmp";
  const TemporaryFile input(folder_ / ("." + id + ".mid" + suffix));
  const TemporaryFile output(folder_ / ("." + id + ".flac" + suffix));
  write_text_file(input.path(), midi);
  // Loading only the samples that are played saves 130 MB and a quarter of the time with a large
  // soundfont; what comes out is the same.
  const ProgramResult result =
      run_program({"fluidsynth", "-ni", "-q", "-o", "synth.dynamic-sample-loading=1", "-r",
                   kSampleRate, "-g", kGain, "-T", "flac", "-F", output.path().string(),
                   soundfont_.string(), input.path().string()});
  if (!result.succeeded || !holds_sound(output.path())) {
    throw InputError(id + ": fluidsynth does not render it: " +
                         (result.last_line.empty() ? "no music in it" : result.last_line),
                     "get the MIDI file again from its source");
  }
  output.publish_as(file_of(id));
}

std::vector<ImportReport::Failure> render_all(const MidiRenderer& renderer,
                                              const std::vector<MidiClip>& clips, int num_threads,
                                              const ImportJob& job) {
  if (clips.empty()) return {};
  renderer.prepare();
  std::mutex mutex;
  std::vector<std::optional<ImportReport::Failure>> outcomes(clips.size());
  std::size_t done = 0;
  const auto work = [&](std::size_t i) {
    try {
      renderer.render(clips[i].id, clips[i].midi);
    } catch (const InputError& error) {
      outcomes[i] = ImportReport::Failure{error.what(), error.hint()};
    }
    const std::scoped_lock lock(mutex);
    ++done;
    if (job.progress) job.progress(done, clips.size(), clips[i].id);
  };
  parallel_for_each(clips.size(), num_threads, work, job.stop);
  if (job.stop && job.stop()) {
    throw Interrupted("interrupted: the " + std::to_string(done) + " clips rendered so far stay",
                      "the same command goes on");
  }
  std::vector<ImportReport::Failure> failures;
  for (const auto& outcome : outcomes) {
    if (outcome) failures.push_back(*outcome);
  }
  return failures;
}

}  // namespace mer::importing
