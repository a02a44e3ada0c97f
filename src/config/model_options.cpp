#include "mer/config/model_options.hpp"

#include "mer/core/error.hpp"
#include "mer/core/text.hpp"

namespace mer {

void ModelOptions::visit(OptionsVisitor& v) {
  v.choice("name", name,
           {
               "improved_cnn",
               "cnn",
               "light_cnn",
               "crnn",
               "lld_bilstm",
               "drnn",
               "musicnn",
               "vgg_tagger",
               // classical systems
               "svm",
               "knn",
               "decision_tree",
               "random_forest",
               "mlp",
               "va_regression",
           },
           "which system");
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
  v.field("conv_dropout", conv_dropout, between(0, 0.95), "after the last pooling");
  v.field("crnn_lstm_units", crnn_lstm_units, between(1, 2048), "a direction, CRNN branch");
  v.field("crnn_lstm_layers", crnn_lstm_layers, between(1, 4), "bidirectional layers, CRNN branch");
  v.field("lld_input_dropout", lld_input_dropout, between(0, 0.95),
          "on the descriptors, drnn's too");
  v.field("lld_lstm_units", lld_lstm_units, between(1, 2048), "a direction, LLD branch");
  v.field("lld_lstm_layers", lld_lstm_layers, between(1, 4), "bidirectional layers, LLD branch");
  v.field("song_vector_size", song_vector_size, between(1, 4096),
          "length of the vector that inputs.song_vector is projected to");
  v.field("song_vector_dropout", song_vector_dropout, between(0, 0.95), "on inputs.song_vector");
  v.choice("pooling", pooling,
           {{"last", Pooling::kLast},
            {"mean", Pooling::kMean},
            {"mean_std", Pooling::kMeanStd},
            {"attention", Pooling::kAttention}},
           "how each Bi-LSTM's outputs become one vector");
  v.field("cnn_channels", cnn_channels, between(1, 128), "maps of cnn's first block");
  v.field("cnn_blocks", cnn_blocks, between(1, 6),
          "blocks of cnn and light_cnn, each with twice the maps at half the size");
  v.field("cnn_block_convs", cnn_block_convs, between(1, 4),
          "convolutions of each of cnn's blocks");
  v.field("light_channels", light_channels, between(1, 128), "maps of light_cnn's first block");
  v.field("drnn_lstm_units", drnn_lstm_units, between(1, 2048), "a direction, drnn");
  v.field("drnn_lstm_layers", drnn_lstm_layers, between(1, 4), "bidirectional layers, drnn");
  v.field("embedding_size", embedding_size, between(1, 4096), "length of the embedding");
  v.field("embedding_relu", embedding_relu, "rectify the embedding");
  v.field("head_dropout", head_dropout, between(0, 0.95), "before and after the embedding");
}

void ModelOptions::validate() const {
  for (const auto& [key, size] : {std::pair<const char*, int>{"c1_time_kernel", c1_time_kernel},
                                  {"c1_frequency_kernel", c1_frequency_kernel},
                                  {"kernel", kernel}}) {
    if (size % 2 == 0) {
      throw UsageError("'" + std::string(key) + "' is " + std::to_string(size) +
                       ", allowed: odd numbers, so that the map keeps its size");
    }
  }
}

}  // namespace mer
