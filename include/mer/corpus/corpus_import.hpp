#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "mer/core/progress.hpp"

namespace mer {

/// What an import found.
struct ImportReport {
  std::size_t songs = 0;
  std::size_t groups = 0;  ///< 0 when the corpus names none
  std::vector<std::string> classes;
  std::vector<std::string> notes;     ///< what was done by the way, e.g. songs left out by a rule
  std::vector<std::string> warnings;  ///< e.g. no groups: songs of one artist may cross a split

  /// A file of the corpus that is at fault; the others are in the manifest.
  struct Failure {
    std::string message;
    std::string hint;
  };
  std::vector<Failure> failures;
};

/// One folder a class: DIR/<label>/**/<audio>. Writes the manifest with paths relative to it.
ImportReport import_folder(const std::filesystem::path& folder,
                           const std::filesystem::path& manifest);

/// "4Q audio emotion dataset" (Panda, Malheiro & Paiva 2018): folders Q1…Q4 and the published
/// `panda_dataset_taffc_{annotations,metadata}.csv`; group = artist. Repairs the metadata's doubly
/// encoded names ("CÃ©line").
ImportReport import_4qaed(const std::filesystem::path& folder,
                          const std::filesystem::path& manifest);

/// How MIDI files become audio.
struct MidiRenderOptions {
  std::filesystem::path soundfont = "/usr/share/sounds/sf2/FluidR3_GM.sf2";
  std::filesystem::path audio_folder;  ///< where the audio goes; empty = beside the manifest
  int jobs = 0;                        ///< clips at once, 0 = one per core
  Progress progress;
  std::function<bool()> stop;  ///< asked before each clip
};

/// EMOPIA (Hung et al. 2021), clips of pop piano in four quadrants of perceived emotion; group =
/// the song (its YouTube id); the split is the official one.
///
/// Reads the published folder (`label.csv`, `midis/`, `split/{train,val,test}.csv`) or a table of
/// clips with their MIDIs (`clips.csv`, `midis/` or `midis.zip`). Recordings in `audio/` are taken
/// where there are any; else the MIDIs are rendered by fluidsynth to FLAC, what is there already
/// not again. A clip that can't be rendered is a failure in the report.
/// @throws Error when fluidsynth isn't installed, UsageError when the soundfont isn't there or the
///         audio folder was rendered with another one, Interrupted when `stop` said so
ImportReport import_emopia(const std::filesystem::path& folder,
                           const std::filesystem::path& manifest,
                           const MidiRenderOptions& rendering = {});

/// Emotify (Aljanaki, Wiering & Veltkamp 2016), *induced* emotion: `data.csv`, a line a listener,
/// and `emotifymusic/<genre>/<number>.mp3`.
///
/// A track's share of a GEMS category is the share of its listeners who chose it. A track is in the
/// manifest when the largest of its nine shares is clear (at least 0.25 and at least 0.10 ahead of
/// the next) and of joyful activation (happy), tension (anger), sadness (sad) or calmness
/// (relaxed). All tracks' shares are written to `<manifest's stem>.gems.csv` beside the manifest.
ImportReport import_emotify(const std::filesystem::path& folder,
                            const std::filesystem::path& manifest);

/// How ratings of valence and arousal become classes.
struct QuadrantOptions {
  /// Songs whose valence or arousal is within this share of the scale's range of its middle are
  /// left out: 0.1 means 4.2…5.8 on a scale of 1…9. In [0, 0.5).
  double neutral = 0.1;
};

/// DEAM (Aljanaki, Yang & Soleymani 2017), perceived emotion: song-level averages of 1…9 in
/// `annotations/`, `MEMD_audio/`, artists in `metadata/`. Valence and arousal come in −1…1.
ImportReport import_deam(const std::filesystem::path& folder, const std::filesystem::path& manifest,
                         const QuadrantOptions& options = {});

/// PMEmo (Zhang et al. 2018), *induced* emotion: averages of 0…1 in
/// `annotations/static_annotations.csv`, `chorus/`, artists in `metadata.csv`. Valence and arousal
/// come in −1…1.
ImportReport import_pmemo(const std::filesystem::path& folder,
                          const std::filesystem::path& manifest,
                          const QuadrantOptions& options = {});

}  // namespace mer
