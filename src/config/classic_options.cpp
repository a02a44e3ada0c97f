#include "mer/config/classic_options.hpp"

#include <nlohmann/json.hpp>

#include "mer/core/error.hpp"
#include "mer/core/text.hpp"

namespace mer {

void SvmOptions::visit(OptionsVisitor& v) {
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

void SvmOptions::validate() const {
  detail::require_candidates("c", c);
  detail::require_candidates("gamma", gamma);
}

void KnnOptions::visit(OptionsVisitor& v) {
  v.field("neighbors", neighbors, between(1, 10000),
          "songs that vote; several: chosen by inner folds");
}

void KnnOptions::validate() const {
  detail::require_candidates("neighbors", neighbors);
  detail::require_whole_numbers("neighbors", neighbors);
}

void DecisionTreeOptions::visit(OptionsVisitor& v) {
  v.field("max_depth", max_depth, between(1, 25), "questions; several: chosen by inner folds");
  v.field("min_rows", min_rows, at_least(2), "fewer are not divided");
}

void DecisionTreeOptions::validate() const {
  detail::require_candidates("max_depth", max_depth);
  detail::require_whole_numbers("max_depth", max_depth);
}

void RandomForestOptions::visit(OptionsVisitor& v) {
  v.field("trees", trees, between(1, 10000), "that vote");
  v.field("max_depth", max_depth, between(1, 25), "questions of a tree");
  v.field("min_rows", min_rows, at_least(2), "fewer are not divided");
  v.field("columns", columns, at_least(0), "drawn at each division; 0 = root of their number");
}

void MlpOptions::visit(OptionsVisitor& v) {
  v.field("hidden_units", hidden_units, between(1, 4096), "of the hidden layer");
  v.field("epochs", epochs, at_least(1), "passes over the training rows");
  v.field("batch_size", batch_size, between(1, 4096), "rows a step");
  v.field("lr", lr, above_up_to(0, 10), "learning rate");
  v.field("dropout", dropout, between(0, 0.95), "of hidden units");
  v.field("weight_decay", weight_decay, at_least(0), "of AdamW; several: chosen by inner folds");
}

void MlpOptions::validate() const { detail::require_candidates("weight_decay", weight_decay); }

void VaRegressionOptions::visit(OptionsVisitor& v) {
  v.field("alpha", alpha, at_least(0), "ridge penalty; several: chosen by inner folds");
  v.field("classes", classes, "that have a place in the plane, in the order of the next two");
  v.field("valence", valence, between(-1, 1), "of each of these classes");
  v.field("arousal", arousal, between(-1, 1), "of each of these classes");
}

void VaRegressionOptions::validate() const {
  detail::require_candidates("alpha", alpha);
  if (classes.size() == valence.size() && classes.size() == arousal.size()) return;
  throw UsageError("va_regression: there are " + std::to_string(classes.size()) + " classes, " +
                       std::to_string(valence.size()) + " values of valence and " +
                       std::to_string(arousal.size()) + " of arousal",
                   "the three lists go side by side");
}

bool ClassicOptions::sees(std::string_view block) const {
  return std::find(song_vector.begin(), song_vector.end(), block) != song_vector.end();
}

void ClassicOptions::visit(OptionsVisitor& v) {
  v.field("song_vector", song_vector,
          "what a row holds, side by side: statistics, descriptors, embeddings");
  v.choice("song_vector_over", song_vector_over,
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

void ClassicOptions::validate() const {
  const std::vector<std::string> blocks = {"statistics", "descriptors", "embeddings"};
  if (song_vector.empty()) {
    throw UsageError("'song_vector' is an empty list", "allowed: " + join(blocks, ", "));
  }
  require_ordered_words("song_vector", song_vector, blocks);
}

}  // namespace mer
