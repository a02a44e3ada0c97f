#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mer/core/options.hpp"
#include "mer/corpus/manifest.hpp"

namespace mer {

/// What a network learns to say of a song. Each task has a head of its own on the one embedding;
/// songs that lack a task's target teach the others. Free of LibTorch.
struct TargetOptions {
  /// Tasks: `classes` (the manifest's label, one of several), `valence_arousal` (two numbers in
  /// −1…1), `tags` (the manifest's labels, any number of them).
  std::vector<std::string> answer = {"classes"};
  /// Classes are learned from raters' shares (share_<class>) where the manifest has them.
  bool soft_labels = false;
  /// Of valence and arousal: the mean squared error, or 1 − concordance over a batch.
  enum class RegressionLoss { kMse, kConcordance } regression_loss = RegressionLoss::kMse;
  /// Valence and arousal of a segment are the mean of the song's curve over it (column `dynamic`),
  /// not the song's; songs without a curve keep theirs.
  bool over_time = false;
  double valence_arousal_weight = 1.0;  ///< of its loss, beside 1 for that of classes
  double tags_weight = 1.0;

  bool has(std::string_view task) const;
  /// @throws UsageError naming a task whose column the manifest lacks
  void require_in(const Manifest& manifest) const;
  void visit(OptionsVisitor& v);
  void validate() const;
};

/// The tasks, in their order.
inline constexpr const char* kClassesTask = "classes";
inline constexpr const char* kValenceArousalTask = "valence_arousal";
inline constexpr const char* kTagsTask = "tags";

}  // namespace mer
