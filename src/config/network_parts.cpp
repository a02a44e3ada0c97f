#include "mer/config/network_parts.hpp"

#include <string>
#include <utility>

#include "mer/core/error.hpp"

namespace mer {

void visit_pooling(OptionsVisitor& v, Pooling& pooling) {
  v.choice("pooling", pooling,
           {{"last", Pooling::kLast},
            {"mean", Pooling::kMean},
            {"mean_std", Pooling::kMeanStd},
            {"attention", Pooling::kAttention}},
           "how each Bi-LSTM's outputs become one vector");
}

void ConvBranchOptions::visit(OptionsVisitor& v) {
  v.choice("conv", conv, {{"plain", Conv::kPlain}, {"separable", Conv::kSeparable}},
           "full convolutions or depthwise-separable ones");
  v.field("c1_channels", c1_channels, between(1, 512), "channels of each of C1's two convolutions");
  v.field("c1_time_kernel", c1_time_kernel, between(1, 99),
          "C1's kernel along time, odd, in steps");
  v.field("c1_frequency_kernel", c1_frequency_kernel, between(1, 99),
          "C1's kernel along frequency, odd, in bands");
  v.field("c2_channels", c2_channels, between(1, 1024), "channels of C2");
  v.field("c3_channels", c3_channels, between(0, 1024), "channels of C3; 0 = none");
  v.field("kernel", kernel, between(1, 15), "side of C2's and C3's kernels, odd");
  v.field("pool_frequency", pool_frequency, between(1, 16), "pooling factor over bands");
  v.field("pool_time", pool_time, between(1, 16), "pooling factor over time");
  v.field("conv_dropout", conv_dropout, between(0, 0.95), "dropout after the last pooling");
  v.field("crnn_lstm_units", crnn_lstm_units, between(1, 2048),
          "LSTM units of each direction, CRNN branch");
  v.field("crnn_lstm_layers", crnn_lstm_layers, between(1, 4), "bidirectional layers, CRNN branch");
}

void ConvBranchOptions::validate() const {
  for (const auto& [key, size] : {std::pair<const char*, int>{"c1_time_kernel", c1_time_kernel},
                                  {"c1_frequency_kernel", c1_frequency_kernel},
                                  {"kernel", kernel}}) {
    if (size % 2 == 0) {
      throw UsageError("'" + std::string(key) + "' is " + std::to_string(size) +
                       ", allowed: odd numbers, so that the map keeps its size");
    }
  }
}

void LldBranchOptions::visit(OptionsVisitor& v) {
  v.field("lld_input_dropout", lld_input_dropout, between(0, 0.95), "on the descriptors");
  v.field("lld_lstm_units", lld_lstm_units, between(1, 2048),
          "LSTM units of each direction, frame features' branch");
  v.field("lld_lstm_layers", lld_lstm_layers, between(1, 4),
          "bidirectional layers, frame features' branch");
}

void SongVectorBranchOptions::visit(OptionsVisitor& v) {
  v.field("song_vector_size", song_vector_size, between(1, 4096),
          "length of the vector that inputs.song_vector is projected to");
  v.field("song_vector_dropout", song_vector_dropout, between(0, 0.95),
          "dropout on inputs.song_vector");
}

void HeadOptions::visit(OptionsVisitor& v) {
  v.field("embedding_size", embedding_size, between(1, 4096), "length of the embedding");
  v.field("embedding_relu", embedding_relu, "apply ReLU to the embedding");
  v.field("head_dropout", head_dropout, between(0, 0.95), "dropout before and after the embedding");
}

void TaggerHeadOptions::visit(OptionsVisitor& v) {
  v.field("head_dropout", head_dropout, between(0, 0.95), "dropout before and after the embedding");
}

}  // namespace mer
