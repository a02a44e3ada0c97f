#pragma once

#include <string>

#include "mer/config/input_parts.hpp"
#include "mer/core/error.hpp"
#include "mer/core/options.hpp"

namespace mer {

/// Every size of a network. Free of LibTorch, so that a config can be read without it.
struct ModelOptions {
  std::string name = "improved_cnn";

  // CRNN branch: C1 (time ∥ frequency kernels) → P1 → C2 → P2 [→ C3 → P3] → Bi-LSTM
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

  // LLD branch
  double lld_input_dropout = 0.0;
  int lld_lstm_units = 128;  ///< each direction
  int lld_lstm_layers = 2;

  // song_vector branch, where inputs.song_vector is not empty
  int song_vector_size = 64;  ///< of the vector that it is projected to
  double song_vector_dropout = 0.0;

  /// How a Bi-LSTM's outputs over time become a vector: last hidden states of both directions,
  /// mean, mean and deviation, or learned attention weights; padding never counts.
  enum class Pooling { kLast, kMean, kMeanStd, kAttention } pooling = Pooling::kLast;

  // cnn and light_cnn: blocks of convolutions on the spectrogram, each with twice the maps of the
  // one before and half its size
  int cnn_channels = 16;  ///< of cnn's first block
  int cnn_blocks = 5;
  int cnn_block_convs = 1;  ///< cnn's convolutions of a block
  int light_channels = 8;   ///< of light_cnn's first block

  // drnn: Bi-LSTMs over the MFCC
  int drnn_lstm_units = 128;  ///< each direction
  int drnn_lstm_layers = 3;

  // Head
  int embedding_size = 128;  ///< what center losses act on; musicnn (200), vgg_tagger (256): fixed
  bool embedding_relu = false;
  double head_dropout = 0.0;  ///< before and after the embedding

  void visit(OptionsVisitor& v);
  void validate() const;
};

/// What of a segment the network that options.name says looks at.
/// @throws UsageError for a name that the registry lacks
InputParts inputs_of(const ModelOptions& options);

}  // namespace mer
