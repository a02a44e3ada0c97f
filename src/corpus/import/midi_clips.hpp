#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "import/midi_renderer.hpp"

namespace mer::importing {

/// A song of a corpus that publishes no audio.
struct ClipName {
  std::string id;
  std::string midi;  ///< file name in the corpus' MIDI folder or archive
};

struct ClipAudio {
  std::map<std::string, std::filesystem::path> files;  ///< by id
  bool is_rendered = false;
};

/// Audio of a corpus' clips: recordings named by their ids in `audio/` or `audios/`, where there
/// are any; else the MIDIs rendered by fluidsynth to FLAC, what is there already not again. Clips
/// without recording or MIDI file are not in it; those that fail are reported.
/// @param get_it  the hint when there are no MIDI files
/// @throws Error when fluidsynth isn't installed, UsageError when the soundfont isn't there or the
///         audio folder was rendered with another one
ClipAudio audio_of_clips(const std::vector<ClipName>& clips, const MidiRenderOptions& options,
                         const ImportJob& job, const std::string& get_it, ImportReport& report);

/// Where the music of a MIDI file ends, by its tempo; 0 when it is none.
double midi_seconds(std::string_view midi);

}  // namespace mer::importing
