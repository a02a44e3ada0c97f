#pragma once

#include "mer/core/options.hpp"

namespace mer {

/// What a network must fit: the sizes of one segment's input, as the data room makes it (0 for what
/// the network doesn't look at), and what its loss wants of its answer. Free of LibTorch.
struct NetworkShape {
  /// Class scores of the last layer: Wx + b, or ‖x‖ · cos θ (all ‖W_j‖ = 1, b = 0).
  enum class ClassScores { kLinear, kAngular };

  int spectrogram_bands = 0;
  int spectrogram_steps = 0;
  int lld_columns = 0;
  int lld_steps = 0;
  int lld_branches = 1;         ///< 2: class probabilities of two LLD branches are weighted
  double lld_weight = 0.5;      ///< of the first branch when there are two
  int song_vector_columns = 0;  ///< of the vector beside the branches; 0 = none
  int num_classes = 0;          ///< 0 = none are answered
  ClassScores class_scores = ClassScores::kLinear;
  int num_values = 0;  ///< 2 = valence and arousal, 0 = none
  int num_tags = 0;    ///< labels of which a song may have several

  void visit(OptionsVisitor& v);
};

}  // namespace mer
