#pragma once

#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "mer/core/named_table.hpp"
#include "mer/runs/output_file.hpp"
#include "mer/runs/prediction.hpp"

namespace mer {

/// What is said of a song over its length, for programs that show it beside the sound.
struct SongAnnotations {
  const FileResult& song;  ///< one that is ok()
  const std::vector<std::string>& classes;
  const std::string& model;
};

/// A format of them: a file a song.
struct AnnotationFormat {
  std::string extension;
  std::string help;
  OutputKind kind;
  std::string (*text)(const SongAnnotations&);
};

/// All that `mer predict --format` writes as a file a song.
///   jams              JAMS 0.3 (Humphrey et al., ISMIR 2014; https://jams.readthedocs.io):
///   tag_open
///                     for the song, its tags and each segment's class, mood_thayer for valence and
///                     arousal
///   audacity          label track (https://manual.audacityteam.org/man/importing_and_exporting_
///                     labels.html): start, end, label, with tabs between them
///   sonic_visualiser  annotation layers (https://www.sonicvisualiser.org/doc/reference/4.5/en/):
///                     regions of the classes, curves of valence and arousal
using AnnotationFormats = NamedTable<AnnotationFormat>;
AnnotationFormats builtin_annotation_formats();

/// A folder of such files. A file is named as its song is; songs of the same name get a hash of
/// their path as well, all of them, so that names do not depend on the songs' order.
class AnnotationFolder {
 public:
  /// Makes the folder and checks that none of the files would replace what is no such file.
  /// @param songs  all that may come
  /// @throws UsageError as require_output() does, and when the folder is a file
  AnnotationFolder(const AnnotationFormat& format, std::filesystem::path folder,
                   std::span<const std::filesystem::path> songs);

  /// Writes a song's file; of one that failed there is none.
  /// @throws InputError when the song can't be read anymore
  void add(const SongAnnotations& annotations) const;

  const std::filesystem::path& file_of(const std::string& song) const { return files_.at(song); }

 private:
  AnnotationFormat format_;
  std::map<std::string, std::filesystem::path> files_;  ///< by the song's path as given
};

}  // namespace mer
