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

/// Kernels of p standardised columns: linear x·y / p, polynomial (gamma x·y / p + coef0)^degree,
/// RBF exp(-gamma |x - y|² / p). The division makes c and gamma comparable across widths.
struct SvmOptions {
  enum class Kernel { kLinear, kPolynomial, kRbf } kernel = Kernel::kRbf;
  std::vector<double> c = {0.1, 0.3, 1.0, 3.0, 10.0, 30.0};
  std::vector<double> gamma = {0.03, 0.1, 0.3, 1.0};
  int degree = 3;
  double coef0 = 1.0;

  void visit(OptionsVisitor& v) {
    v.choice(
        "kernel", kernel,
        {{"linear", Kernel::kLinear}, {"polynomial", Kernel::kPolynomial}, {"rbf", Kernel::kRbf}},
        "how alike two songs are");
    v.field("c", c, above(0), "price of an error; several: chosen by inner folds");
    v.field("gamma", gamma, above(0),
            "scale of polynomial and rbf over the number of columns; several: chosen");
    v.field("degree", degree, between(1, 10), "of the polynomial kernel");
    v.field("coef0", coef0, at_least(0), "of the polynomial kernel");
  }
  void validate() const {
    detail::require_candidates("c", c);
    detail::require_candidates("gamma", gamma);
  }
};

struct KnnOptions {
  std::vector<double> neighbours = {1, 3, 5, 9, 15, 25};

  void visit(OptionsVisitor& v) {
    v.field("neighbours", neighbours, between(1, 10000),
            "songs that vote; several: chosen by inner folds");
  }
  void validate() const {
    detail::require_candidates("neighbours", neighbours);
    detail::require_whole_numbers("neighbours", neighbours);
  }
};

struct DecisionTreeOptions {
  std::vector<double> max_depth = {2, 3, 4, 6, 8};
  int min_rows = 10;

  void visit(OptionsVisitor& v) {
    v.field("max_depth", max_depth, between(1, 25), "questions; several: chosen by inner folds");
    v.field("min_rows", min_rows, at_least(2), "fewer are not divided");
  }
  void validate() const {
    detail::require_candidates("max_depth", max_depth);
    detail::require_whole_numbers("max_depth", max_depth);
  }
};

struct RandomForestOptions {
  int trees = 500;
  int max_depth = 25;
  int min_rows = 2;
  int columns = 0;  ///< drawn at each division; 0 = the root of their number

  void visit(OptionsVisitor& v) {
    v.field("trees", trees, between(1, 10000), "that vote");
    v.field("max_depth", max_depth, between(1, 25), "questions of a tree");
    v.field("min_rows", min_rows, at_least(2), "fewer are not divided");
    v.field("columns", columns, at_least(0), "drawn at each division; 0 = root of their number");
  }
};

/// One hidden layer, ReLU, softmax cross-entropy, AdamW.
struct MlpOptions {
  int hidden_units = 32;
  int epochs = 40;
  int batch_size = 32;
  double lr = 1e-3;
  double dropout = 0.5;  ///< of hidden units
  std::vector<double> weight_decay = {0.1, 1.0, 3.0, 10.0};

  void visit(OptionsVisitor& v) {
    v.field("hidden_units", hidden_units, between(1, 4096), "of the hidden layer");
    v.field("epochs", epochs, at_least(1), "passes over the training rows");
    v.field("batch_size", batch_size, between(1, 4096), "rows a step");
    v.field("lr", lr, above_up_to(0, 10), "learning rate");
    v.field("dropout", dropout, between(0, 0.95), "of hidden units");
    v.field("weight_decay", weight_decay, at_least(0), "of AdamW; several: chosen by inner folds");
  }
  void validate() const { detail::require_candidates("weight_decay", weight_decay); }
};

/// Ridge regression to valence and arousal, then the class whose point is nearest.
struct VaRegressionOptions {
  std::vector<double> alpha = {10.0, 100.0, 1000.0, 10000.0};
  /// Where the classes lie: three lists side by side.
  std::vector<std::string> classes = {"happy", "anger", "sad", "relaxed"};
  std::vector<double> valence = {0.5, -0.5, -0.5, 0.5};
  std::vector<double> arousal = {0.5, 0.5, -0.5, -0.5};

  void visit(OptionsVisitor& v) {
    v.field("alpha", alpha, at_least(0), "ridge penalty; several: chosen by inner folds");
    v.field("classes", classes, "that have a place in the plane, in the order of the next two");
    v.field("valence", valence, between(-1, 1), "of each of these classes");
    v.field("arousal", arousal, between(-1, 1), "of each of these classes");
  }
  void validate() const {
    detail::require_candidates("alpha", alpha);
    if (classes.size() == valence.size() && classes.size() == arousal.size()) return;
    throw UsageError("va_regression: there are " + std::to_string(classes.size()) + " classes, " +
                         std::to_string(valence.size()) + " values of valence and " +
                         std::to_string(arousal.size()) + " of arousal",
                     "the three lists go side by side");
  }
};

/// The classical systems and what they see of a song or a segment.
struct ClassicOptions {
  /// Blocks of numbers that stand side by side in a row, in this order:
  ///   statistics   of the kept frames' descriptors and bands (FrameStatistics)
  ///   descriptors  musical descriptors of the kept frames (MusicalDescriptors)
  ///   embeddings   mean and deviation of frozen networks' embeddings (SongEmbeddings)
  std::vector<std::string> inputs = {"statistics"};
  enum class Over { kSong, kSegment } statistics_over = Over::kSong;
  std::vector<double> percentiles = {5, 25, 50, 75, 95};
  int inner_folds = 5;  ///< at most; fewer where a class has fewer groups

  SvmOptions svm;
  KnnOptions knn;
  DecisionTreeOptions decision_tree;
  RandomForestOptions random_forest;
  MlpOptions mlp;
  VaRegressionOptions va_regression;

  bool sees(std::string_view block) const {
    return std::find(inputs.begin(), inputs.end(), block) != inputs.end();
  }

  void visit(OptionsVisitor& v) {
    v.field("inputs", inputs,
            "what a row holds, side by side: statistics, descriptors, embeddings");
    v.choice("statistics_over", statistics_over,
             {{"song", Over::kSong}, {"segment", Over::kSegment}},
             "a row of numbers a song or a segment");
    v.field("percentiles", percentiles, between(0, 100),
            "of each column, beside mean, deviation, skewness and mean absolute change");
    v.field("inner_folds", inner_folds, between(2, 100),
            "of the training songs, by group, to choose among several values");
    v.section("svm", svm);
    v.section("knn", knn);
    v.section("decision_tree", decision_tree);
    v.section("random_forest", random_forest);
    v.section("mlp", mlp);
    v.section("va_regression", va_regression);
  }
  // One order, one spelling, as of the columns.
  void validate() const {
    const std::vector<std::string> blocks = {"statistics", "descriptors", "embeddings"};
    if (inputs.empty()) {
      throw UsageError("'inputs' is an empty list", "allowed: " + join(blocks, ", "));
    }
    require_ordered_words("inputs", inputs, blocks);
  }
};

}  // namespace mer
