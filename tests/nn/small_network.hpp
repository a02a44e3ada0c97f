#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "../support/options_of.hpp"
#include "mer/nn/network.hpp"

namespace mer::test {

/// A network of a few hundred parameters.
/// @param more  options besides, of whichever network
inline ModelOptions small_options(const std::string& name = "improved_cnn",
                                  const std::string& more = "") {
  return of_kind<ModelOptions>(
      name,
      "{c1_channels: 2, c1_time_kernel: 5, c1_frequency_kernel: 3, c2_channels: 4, "
      "pool_frequency: 2, crnn_lstm_units: 3, lld_lstm_units: 3, lld_lstm_layers: 1, "
      "cnn_channels: 4, light_channels: 4, cnn_blocks: 2, drnn_lstm_units: 3, "
      "drnn_lstm_layers: 2, song_vector_size: 5, embedding_size: 6" +
          (more.empty() ? "" : ", " + more) + "}");
}

/// Odd sizes, so that every pooling has a short window at its end.
inline NetworkShape small_shape() {
  NetworkShape shape;
  shape.spectrogram_bands = 7;
  shape.spectrogram_steps = 13;
  shape.lld_columns = 5;
  shape.lld_steps = 9;
  shape.num_classes = 3;
  return shape;
}

/// Random segments without padding; the same for the same seed.
inline NetworkInput random_input(const NetworkShape& shape, std::int64_t batch,
                                 std::uint64_t seed) {
  auto generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  NetworkInput input;
  input.spectrogram = torch::randn({batch, shape.spectrogram_bands, shape.spectrogram_steps},
                                   generator, torch::kFloat);
  input.spectrogram_valid = torch::ones({batch, shape.spectrogram_steps});
  for (int branch = 0; branch < shape.lld_branches; ++branch) {
    input.lld.push_back(
        torch::randn({batch, shape.lld_steps, shape.lld_columns}, generator, torch::kFloat));
  }
  input.lld_valid = torch::ones({batch, shape.lld_steps});
  input.song_vector = torch::randn({batch, shape.song_vector_columns}, generator, torch::kFloat);
  for (std::int64_t row = 0; row < batch; ++row) {
    input.keys.push_back(1000 * seed + static_cast<std::uint64_t>(row));
  }
  return input;
}

/// Makes everything after the given steps padding; the padding holds rubbish, which must not count.
inline void pad_row(NetworkInput& input, std::int64_t row, std::int64_t spectrogram_steps,
                    std::int64_t lld_steps) {
  using torch::indexing::None;
  using torch::indexing::Slice;
  input.spectrogram.index_put_({row, Slice(), Slice(spectrogram_steps, None)}, 9.0);
  input.spectrogram_valid.index_put_({row, Slice(spectrogram_steps, None)}, 0.0);
  for (torch::Tensor& lld : input.lld) lld.index_put_({row, Slice(lld_steps, None)}, -9.0);
  input.lld_valid.index_put_({row, Slice(lld_steps, None)}, 0.0);
}

/// Some rows of a batch, in the order given, cut to their first steps.
inline NetworkInput rows_of(const NetworkInput& input, const std::vector<std::int64_t>& rows,
                            std::int64_t spectrogram_steps, std::int64_t lld_steps) {
  const torch::Tensor index = torch::tensor(rows, torch::kLong);
  NetworkInput part;
  part.spectrogram = input.spectrogram.index_select(0, index).narrow(2, 0, spectrogram_steps);
  part.spectrogram_valid =
      input.spectrogram_valid.index_select(0, index).narrow(1, 0, spectrogram_steps);
  for (const torch::Tensor& lld : input.lld) {
    part.lld.push_back(lld.index_select(0, index).narrow(1, 0, lld_steps));
  }
  part.lld_valid = input.lld_valid.index_select(0, index).narrow(1, 0, lld_steps);
  part.song_vector = input.song_vector.index_select(0, index);
  for (const std::int64_t row : rows) {
    part.keys.push_back(input.keys[static_cast<std::size_t>(row)]);
  }
  return part;
}

/// One configuration that a test runs through.
struct Variant {
  std::string name;
  ModelOptions options;
  NetworkShape shape;
};

/// Every network, and every switch of the options at least once, alone.
inline std::vector<Variant> variants() {
  std::vector<Variant> all;
  const auto add = [&all](const std::string& name, const auto& change) {
    Variant variant{name, small_options(), small_shape()};
    change(variant);
    all.push_back(variant);
  };
  const auto add_with = [&](const std::string& name, const std::string& yaml) {
    add(name, [&](Variant& v) { change(v.options, yaml); });
  };
  const std::string dropout = "conv_dropout: 0.3, lld_input_dropout: 0.3, head_dropout: 0.3";
  add("plain_last", [](Variant&) {});
  add_with("separable", "conv: separable");
  add_with("three_convolutions", "c3_channels: 5");
  add_with("no_pooling", "{pool_frequency: 1, pool_time: 1}");
  add_with("two_layers", "{crnn_lstm_layers: 2, lld_lstm_layers: 2}");
  add_with("mean", "pooling: mean");
  add_with("mean_std", "pooling: mean_std");
  add_with("attention", "pooling: attention");
  add_with("rectified_embedding", "embedding_relu: true");
  add_with("dropout", "{" + dropout + "}");
  add("two_lld_branches", [](Variant& v) { v.shape.lld_branches = 2; });
  add("song_vector", [](Variant& v) { v.shape.song_vector_columns = 4; });
  add("song_vector_with_dropout_beside_two_lld_branches", [](Variant& v) {
    v.shape.song_vector_columns = 4;
    v.shape.lld_branches = 2;
    change(v.options, "song_vector_dropout: 0.3");
  });
  const auto angular = NetworkShape::ClassScores::kAngular;
  add("angular", [&](Variant& v) { v.shape.class_scores = angular; });
  add("two_angular_lld_branches", [&](Variant& v) {
    v.shape.class_scores = angular;
    v.shape.lld_branches = 2;
  });
  for (const char* name : {"cnn", "light_cnn", "crnn", "lld_bilstm", "drnn"}) {
    add(name, [&](Variant& v) { v.options = small_options(name); });
    add(std::string(name) + "_with_dropout",
        [&](Variant& v) { v.options = small_options(name, dropout); });
  }
  add("cnn_of_double_convolutions",
      [](Variant& v) { v.options = small_options("cnn", "cnn_block_convs: 2"); });
  add("lld_bilstm_of_two_branches", [](Variant& v) {
    v.options = small_options("lld_bilstm");
    v.shape.lld_branches = 2;
  });
  return all;
}

inline bool near(const torch::Tensor& a, const torch::Tensor& b, double tolerance = 1e-5) {
  return a.sizes() == b.sizes() && torch::allclose(a, b, tolerance, tolerance);
}

}  // namespace mer::test
