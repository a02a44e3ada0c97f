#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "mer/corpus/corpus_import.hpp"

namespace mer::importing {

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
/// @throws Error when fluidsynth isn't installed, Interrupted when options.stop said so
std::vector<ImportReport::Failure> render_all(const MidiRenderer& renderer,
                                              const std::vector<MidiClip>& clips,
                                              const MidiRenderOptions& options);

}  // namespace mer::importing
