#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "mer/corpus/corpus_import.hpp"

namespace mer::importing {

/// How MIDI files become audio.
struct MidiRenderOptions {
  std::filesystem::path audio;  ///< the folder where the audio goes; empty = beside the manifest
  std::filesystem::path soundfont = "/usr/share/sounds/sf2/FluidR3_GM.sf2";
  int jobs = 0;

  void visit(OptionsVisitor& v);
};

/// Makes FLAC files of MIDI files by the program fluidsynth, into a folder of its own.
///
/// The folder's rendering.json says by what they were made; a file is there whole or not at all.
class MidiRenderer {
 public:
  /// @throws UsageError when the soundfont can't be read, or the folder was rendered otherwise
  MidiRenderer(std::filesystem::path folder, std::filesystem::path soundfont);

  /// Makes the folder ready. @throws Error when fluidsynth isn't installed
  void prepare() const;

  std::filesystem::path file_of(const std::string& id) const { return folder_ / (id + ".flac"); }
  /// Renders a MIDI file's content. Callable from several threads, for different ids.
  /// @throws InputError when it is no MIDI file, breaks off or holds no music
  void render(const std::string& id, const std::string& midi) const;

 private:
  std::filesystem::path folder_;
  std::filesystem::path soundfont_;
  std::string settings_;  ///< the text of rendering.json
};

/// A clip and its MIDI file's content.
struct MidiClip {
  std::string id;
  std::string midi;
};

/// Renders clips, some at once; one that fails is recorded and the rest go on.
/// @return  the failures in the order of the clips
/// @param num_threads  clips at once, 0 = one per core
/// @throws Error when fluidsynth isn't installed, Interrupted when job.stop said so
std::vector<ImportReport::Failure> render_all(const MidiRenderer& renderer,
                                              const std::vector<MidiClip>& clips, int num_threads,
                                              const ImportJob& job);

}  // namespace mer::importing
