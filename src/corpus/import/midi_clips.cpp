#include "import/midi_clips.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>

#include "import/importing.hpp"
#include "import/midi_files.hpp"
#include "mer/core/error.hpp"

namespace mer::importing {

namespace fs = std::filesystem;

namespace {

std::map<std::string, fs::path> recordings(const fs::path& folder) {
  std::map<std::string, fs::path> found;
  std::error_code ignored;
  for (const char* name : {"audio", "audios"}) {
    if (!fs::is_directory(folder / name, ignored)) continue;
    for (const fs::path& file : songs_below(folder / name)) {
      found.emplace(file.stem().string(), file);
    }
  }
  return found;
}

fs::path default_audio_folder(const fs::path& manifest) {
  return manifest.parent_path() / (manifest.stem().string() + "-audio");
}

/// A MIDI file's bytes, read one after the other; zeros behind the end.
class MidiBytes {
 public:
  explicit MidiBytes(std::string_view bytes) : bytes_(bytes) {}

  bool at_end() const { return at_ >= bytes_.size(); }
  std::uint32_t number(std::size_t size) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < size; ++i) value = value << 8 | next();
    return value;
  }
  /// Seven bits a byte, the highest bit set in all but the last.
  std::uint32_t variable() {
    std::uint32_t value = 0;
    for (int i = 0; i < 4; ++i) {
      const std::uint32_t byte = next();
      value = value << 7 | (byte & 0x7F);
      if (byte < 0x80) break;
    }
    return value;
  }
  std::uint8_t peek() const { return at_end() ? 0 : static_cast<std::uint8_t>(bytes_[at_]); }
  void skip(std::size_t size) { at_ += size; }
  MidiBytes take(std::size_t size) {
    const MidiBytes part(at_end() ? std::string_view() : bytes_.substr(at_, size));
    skip(size);
    return part;
  }

 private:
  std::uint32_t next() {
    const std::uint8_t byte = peek();
    ++at_;
    return byte;
  }

  std::string_view bytes_;
  std::size_t at_ = 0;
};

using Tempos = std::map<std::uint64_t, std::uint32_t>;  ///< tick → microseconds a quarter note

/// Reads a track's tempos. @return  its last tick
std::uint64_t read_track(MidiBytes track, Tempos& tempos) {
  std::uint64_t tick = 0;
  std::uint8_t status = 0;
  while (!track.at_end()) {
    tick += track.variable();
    if (track.peek() >= 0x80) status = static_cast<std::uint8_t>(track.number(1));
    if (status == 0xFF) {
      const std::uint32_t type = track.number(1);
      MidiBytes content = track.take(track.variable());
      if (type == 0x51) tempos[tick] = content.number(3);
    } else if (status == 0xF0 || status == 0xF7) {
      track.skip(track.variable());
    } else {  // program change and channel pressure have one data byte, other messages two
      track.skip((status & 0xE0) == 0xC0 ? 1 : 2);
    }
  }
  return tick;
}

/// id → rendered audio. Clips without a MIDI file are not in it; those that fail are reported.
std::map<std::string, fs::path> rendered(const std::vector<ClipName>& clips,
                                         const MidiRenderOptions& options, const ImportJob& job,
                                         const std::string& get_it, ImportReport& report) {
  const fs::path audio_folder =
      options.audio.empty() ? default_audio_folder(job.manifest) : options.audio;
  const MidiRenderer renderer(audio_folder, options.soundfont);
  const std::unique_ptr<MidiFiles> midis = open_midi_files(job.folder, get_it);
  std::map<std::string, fs::path> audio;
  std::vector<MidiClip> missing;
  std::error_code ignored;
  for (const ClipName& clip : clips) {
    if (fs::exists(renderer.file_of(clip.id), ignored)) {
      audio[clip.id] = renderer.file_of(clip.id);
      continue;
    }
    try {
      std::optional<std::string> midi = midis->read(clip.midi);
      if (midi) missing.push_back({clip.id, std::move(*midi)});
    } catch (const InputError& error) {
      report.failures.push_back({error.what(), error.hint()});
    }
  }
  const std::size_t present = audio.size();
  const auto failures = render_all(renderer, missing, options.jobs, job);
  report.failures.insert(report.failures.end(), failures.begin(), failures.end());
  for (const MidiClip& clip : missing) {
    if (fs::exists(renderer.file_of(clip.id), ignored)) {
      audio[clip.id] = renderer.file_of(clip.id);
    }
  }
  report.notes.push_back(std::to_string(audio.size() - present) + " clips rendered, " +
                         std::to_string(present) + " were there already: " + audio_folder.string());
  return audio;
}

}  // namespace

ClipAudio audio_of_clips(const std::vector<ClipName>& clips, const MidiRenderOptions& options,
                         const ImportJob& job, const std::string& get_it, ImportReport& report) {
  std::map<std::string, fs::path> found = recordings(job.folder);
  if (!found.empty()) {
    report.notes.push_back("recordings are taken as they are, no MIDI is rendered");
    return {std::move(found), false};
  }
  return {rendered(clips, options, job, get_it, report), true};
}

double midi_seconds(std::string_view midi) {
  constexpr std::size_t kHeaderBytes = 14;
  if (!midi.starts_with("MThd") || midi.size() < kHeaderBytes) return 0.0;
  MidiBytes file(midi.substr(10));
  std::uint32_t tracks = file.number(2);
  const std::uint32_t ticks_a_quarter = file.number(2);
  Tempos tempos = {{0, 500000}};
  std::uint64_t end = 0;
  for (; tracks > 0 && !file.at_end(); --tracks) {
    file.skip(4);
    end = std::max(end, read_track(file.take(file.number(4)), tempos));
  }
  double seconds = 0.0;
  for (auto tempo = tempos.begin(); tempo != tempos.end() && tempo->first < end; ++tempo) {
    const auto next = std::next(tempo);
    const std::uint64_t until = next == tempos.end() ? end : std::min(end, next->first);
    seconds += static_cast<double>(until - tempo->first) * tempo->second / 1e6;
  }
  return ticks_a_quarter == 0 ? 0.0 : seconds / ticks_a_quarter;
}

}  // namespace mer::importing
