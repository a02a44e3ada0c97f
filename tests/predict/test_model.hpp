#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "mer/config/recipe.hpp"
#include "mer/store/segments.hpp"

namespace mer::test {

/// What a small model file says.
struct TestModel {
  std::vector<std::string> classes = {"happy", "anger", "sad", "relaxed"};
  std::vector<std::int64_t> training_counts = {1, 2, 5, 2};
  /// Given: every song has these class probabilities. Empty: weights drawn from `seed`.
  std::vector<double> always;
  std::uint64_t seed = 1;
  double temperature = 1.0;  ///< another one stands in the card
  SegmentOptions segment = one_second();
  Recipe recipe;
  bool is_of_recipe_version_1 = false;
  bool drop_a_tensor = false;  ///< leaves out the last of the network's tensors

  static SegmentOptions one_second() {
    SegmentOptions segment;
    segment.length_s = 1.0;
    return segment;
  }
};

/// Writes a model file as training does, with identity standardization, and returns its path.
std::filesystem::path write_model(const std::filesystem::path& file, const TestModel& model);

/// A note that changes its pitch every quarter of a second, so that segments differ.
/// @param silence_s  silence before it
void write_song(const std::filesystem::path& file, double seconds, double silence_s = 0.0);

}  // namespace mer::test
