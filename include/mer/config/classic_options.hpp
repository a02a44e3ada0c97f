#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include "mer/core/error.hpp"
#include "mer/core/options.hpp"
#include "mer/core/text.hpp"

// Options of the classical systems. Where an option is a list, the value is chosen among its
// numbers by cross-validation on the training songs alone (ClassicOptions::inner_folds); one number
// is taken as it is.

namespace mer {

/// Values of `model.name` that are no networks.
inline constexpr std::array<std::string_view, 6> kClassicSystems = {
    "svm", "knn", "decision_tree", "random_forest", "mlp", "va_regression"};

inline bool is_classic_system(std::string_view name) {
  return std::find(kClassicSystems.begin(), kClassicSystems.end(), name) != kClassicSystems.end();
}

namespace detail {

inline void require_candidates(const char* key, const std::vector<double>& candidates) {
  if (!candidates.empty()) return;
  throw UsageError("'" + std::string(key) + "' is an empty list, allowed: one number or more");
}

inline void require_whole_numbers(const char* key, const std::vector<double>& candidates) {
  for (const double value : candidates) {
    if (value == std::floor(value)) continue;
    throw UsageError("'" + std::string(key) + "' holds " + format_number(value) +
                     ", allowed: whole numbers");
  }
}

}  // namespace detail

/// Kernels of p standardized columns: linear x·y / p, polynomial (gamma x·y / p + coef0)^degree,
/// RBF exp(-gamma |x - y|² / p). The division makes c and gamma comparable across widths.
struct SvmOptions {
  enum class Kernel { kLinear, kPolynomial, kRbf } kernel = Kernel::kRbf;
  std::vector<double> c = {0.1, 0.3, 1.0, 3.0, 10.0, 30.0};
  std::vector<double> gamma = {0.03, 0.1, 0.3, 1.0};
  int degree = 3;
  double coef0 = 1.0;

  void visit(OptionsVisitor& v);
  void validate() const;
};

struct KnnOptions {
  std::vector<double> neighbors = {1, 3, 5, 9, 15, 25};

  void visit(OptionsVisitor& v);
  void validate() const;
};

struct DecisionTreeOptions {
  std::vector<double> max_depth = {2, 3, 4, 6, 8};
  int min_rows = 10;

  void visit(OptionsVisitor& v);
  void validate() const;
};

struct RandomForestOptions {
  int trees = 500;
  int max_depth = 25;
  int min_rows = 2;
  int columns = 0;  ///< drawn at each division; 0 = the root of their number

  void visit(OptionsVisitor& v);
};

/// One hidden layer, ReLU, softmax cross-entropy, AdamW.
struct MlpOptions {
  int hidden_units = 32;
  int epochs = 40;
  int batch_size = 32;
  double lr = 1e-3;
  double dropout = 0.5;  ///< of hidden units
  std::vector<double> weight_decay = {0.1, 1.0, 3.0, 10.0};

  void visit(OptionsVisitor& v);
  void validate() const;
};

/// Ridge regression to valence and arousal, then the class whose point is nearest.
struct VaRegressionOptions {
  std::vector<double> alpha = {10.0, 100.0, 1000.0, 10000.0};
  /// Where the classes lie: three lists side by side.
  std::vector<std::string> classes = {"happy", "anger", "sad", "relaxed"};
  std::vector<double> valence = {0.5, -0.5, -0.5, 0.5};
  std::vector<double> arousal = {0.5, 0.5, -0.5, -0.5};

  void visit(OptionsVisitor& v);
  void validate() const;
};

/// The classical systems and what they see of a song or a segment.
struct ClassicOptions {
  /// Blocks of numbers that stand side by side in a row, in this order:
  ///   statistics   of the kept frames' descriptors and bands (FrameStatistics)
  ///   descriptors  musical descriptors of the kept frames (MusicalDescriptors)
  ///   embeddings   mean and deviation of frozen networks' embeddings (SongEmbeddings)
  std::vector<std::string> song_vector = {"statistics"};
  enum class Over { kSong, kSegment } song_vector_over = Over::kSong;
  std::vector<double> percentiles = {5, 25, 50, 75, 95};
  int inner_folds = 5;  ///< at most; fewer where a class has fewer groups

  SvmOptions svm;
  KnnOptions knn;
  DecisionTreeOptions decision_tree;
  RandomForestOptions random_forest;
  MlpOptions mlp;
  VaRegressionOptions va_regression;

  bool sees(std::string_view block) const;

  void visit(OptionsVisitor& v);
  // One order, one spelling, as of the columns.
  void validate() const;
};

}  // namespace mer
