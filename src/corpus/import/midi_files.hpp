#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace mer::importing {

/// A corpus' MIDI files: a folder or a zip archive of them.
class MidiFiles {
 public:
  virtual ~MidiFiles() = default;
  /// The content of `name`; nothing when there is no such file.
  /// @throws InputError when it is there and can't be read
  virtual std::optional<std::string> read(const std::string& name) const = 0;
};

/// `midis/`, `midis.zip`, `midi/`, `midi.zip` or `labelled/midi/` in a corpus' folder.
/// @throws UsageError when there is neither, or the archive is none, with this hint
std::unique_ptr<MidiFiles> open_midi_files(const std::filesystem::path& folder,
                                           const std::string& hint);

}  // namespace mer::importing
