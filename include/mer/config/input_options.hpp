#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mer/core/options.hpp"

namespace mer {

/// From standardized frames to what a network sees.
struct InputOptions {
  /// How MFCC and residual phase come together: beside each other [w·MFCC, (1−w)·RP], summed, or as
  /// two LLD branches whose class probabilities are weighted.
  enum class Combine { kConcat, kSum, kLateFusion } combine = Combine::kConcat;
  double mfcc_weight = 0.5;  ///< w; the residual phase has 1 − w
  /// Groups of descriptors that no system sees: names of FeatureLayout::lld, "pitch" for f0 and
  /// voicing; classical systems can also do without the "spectrogram". Of MFCC and residual phase,
  /// one without the other counts alone, whatever `combine` and the weight say.
  std::vector<std::string> leave_out;
  /// Bring each band to mean 0 and deviation 1 over the training songs. Networks that were trained
  /// on the bands as they are (musicnn, vgg_tagger) want false.
  bool standardize_spectrogram = true;
  int spectrogram_pool_bands = 1;   ///< mean over this many neighboring mel bands
  int spectrogram_pool_frames = 1;  ///< … and this many frames
  int lld_pool_frames = 1;          ///< LLD statistics over this many frames
  enum class Statistics { kMean, kMeanStd } lld_statistics = Statistics::kMean;
  /// Standardize the pooled descriptors once more: a mean over frames varies less than a frame, and
  /// a deviation has another mean than 0. Undoes mfcc_weight, but for combine: sum and late_fusion.
  bool standardize_pooled_lld = false;
  /// A network's third input, a vector that sums up a song or a segment (SongVectorBuilder), each
  /// number standardized; side by side: musical descriptors, frozen networks' embeddings. Empty =
  /// none.
  std::vector<std::string> song_vector;
  enum class Over { kSong, kSegment } song_vector_over = Over::kSegment;

  /// What stands where a segment has no music left: steps that a mask takes out of standardization,
  /// pooling and last states, or the features of digital silence, which count as music, as the
  /// paper's "filled with zeros" says. A segment of nothing else is left out either way.
  enum class Padding { kMasked, kZeros } padding = Padding::kMasked;

  bool song_vector_has(std::string_view block) const;
  void visit(OptionsVisitor& v);
  void validate() const;
};

}  // namespace mer
