#pragma once

#include "mer/core/options.hpp"

// Options of what networks have in common, each with the layer that it belongs to (nn/layers). A
// network's options are a struct that has those of its parts as bases, and lists them in visit().

namespace mer {

/// How a Bi-LSTM's outputs over time become a vector: last hidden states of both directions, mean,
/// mean and deviation, or learned attention weights; padding never counts.
enum class Pooling { kLast, kMean, kMeanStd, kAttention };
void visit_pooling(OptionsVisitor& v, Pooling& pooling);

/// CRNN branch: C1 (time ∥ frequency kernels) → P1 → C2 → P2 [→ C3 → P3] → Bi-LSTM.
struct ConvBranchOptions {
  enum class Conv { kPlain, kSeparable } conv = Conv::kPlain;
  int c1_channels = 16;  ///< of each of the two parallel convolutions
  int c1_time_kernel = 9;
  int c1_frequency_kernel = 9;
  int c2_channels = 32;
  int c3_channels = 0;        ///< 0 = no third convolution (the paper has two)
  int kernel = 3;             ///< of C2 and C3, square
  int pool_frequency = 1;     ///< of P1, P2 and P3; 1 is the paper's letter
  int pool_time = 2;          ///< of P1, P2 and P3
  double conv_dropout = 0.0;  ///< after the last pooling
  int crnn_lstm_units = 128;  ///< each direction
  int crnn_lstm_layers = 1;

  void visit(OptionsVisitor& v);
  void validate() const;
};

struct LldBranchOptions {
  double lld_input_dropout = 0.0;
  int lld_lstm_units = 128;  ///< each direction
  int lld_lstm_layers = 2;

  void visit(OptionsVisitor& v);
};

/// Of the third input, where inputs.song_vector is not empty.
struct SongVectorBranchOptions {
  int song_vector_size = 64;  ///< of the vector that it is projected to
  double song_vector_dropout = 0.0;

  void visit(OptionsVisitor& v);
};

/// From a segment's vector to its embedding and class scores.
struct HeadOptions {
  int embedding_size = 128;  ///< what center losses act on
  bool embedding_relu = false;
  double head_dropout = 0.0;  ///< before and after the embedding

  void visit(OptionsVisitor& v);
};

/// Class scores on a pre-trained network's own embedding.
struct TaggerHeadOptions {
  double head_dropout = 0.0;  ///< before and after the embedding

  void visit(OptionsVisitor& v);
};

}  // namespace mer
