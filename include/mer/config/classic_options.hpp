#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mer/config/model_options.hpp"
#include "mer/core/options.hpp"

namespace mer {

/// What classical systems see of a song or a segment, whichever ModelOptions names. Where an option
/// of theirs is a list, the value is chosen among its numbers by cross-validation on the training
/// songs alone (inner_folds); one number is taken as it is.
struct ClassicOptions {
  /// Blocks of numbers that stand side by side in a row, in this order:
  ///   statistics   of the kept frames' descriptors and bands (FrameStatistics)
  ///   descriptors  musical descriptors of the kept frames (MusicalDescriptors)
  ///   embeddings   mean and deviation of frozen networks' embeddings (SongEmbeddings)
  std::vector<std::string> song_vector = {"statistics"};
  enum class Over { kSong, kSegment } song_vector_over = Over::kSong;
  /// Each training song also gives a row of a part of each of these lengths, at a random place, so
  /// that the system knows short songs; of a shorter song none.
  std::vector<double> cut_lengths_s = {};
  std::vector<double> percentiles = {5, 25, 50, 75, 95};
  int inner_folds = 5;  ///< at most; fewer where a class has fewer groups

  bool sees(std::string_view block) const;

  void visit(OptionsVisitor& v);
  // One order, one spelling, as of the columns.
  void validate() const;
};

/// The section `classic` of a config: these options and, in a section of the system's name, its
/// own.
struct ClassicSection {
  ClassicOptions& options;
  ModelOptions& system;

  void visit(OptionsVisitor& v);
  void validate() const { options.validate(); }
};

}  // namespace mer
