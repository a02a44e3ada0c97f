#include "mer/config/target_options.hpp"

#include <algorithm>
#include <cmath>

#include "mer/core/error.hpp"

namespace mer {

bool TargetOptions::has(std::string_view task) const {
  return std::find(answer.begin(), answer.end(), task) != answer.end();
}

void TargetOptions::require_in(const Manifest& manifest) const {
  const auto require = [&](const char* task, bool is_there, const char* column) {
    if (!has(task) || is_there) return;
    throw UsageError(manifest.file.string() + ": has no column '" + column +
                         "', which 'targets.answer: " + task + "' learns from",
                     "set targets.answer to what the manifest has: classes (label), "
                     "valence_arousal (valence,arousal), tags (labels)");
  };
  const bool has_values = std::ranges::any_of(manifest.songs, [](const Song& song) {
    return (!std::isnan(song.valence) && !std::isnan(song.arousal)) || !song.dynamic.empty();
  });
  require(kClassesTask, !manifest.classes.empty(), "label");
  require(kValenceArousalTask, has_values, "valence,arousal");
  require(kTagsTask, !manifest.tags.empty(), "labels");
}

void TargetOptions::visit(OptionsVisitor& v) {
  v.field("answer", answer,
          "what the network learns to say, a head each: classes, valence_arousal, tags");
  v.field("soft_labels", soft_labels, "learn classes from raters' shares where there are some");
  v.choice("regression_loss", regression_loss,
           {{"mse", RegressionLoss::kMse}, {"concordance", RegressionLoss::kConcordance}},
           "of valence and arousal: mean squared error, or 1 - concordance over a batch");
  v.field("over_time", over_time,
          "valence and arousal of a segment from the song's curve, where there is one");
  v.field("valence_arousal_weight", valence_arousal_weight, above(0),
          "of that loss, beside 1 for that of classes");
  v.field("tags_weight", tags_weight, above(0), "of that loss, beside 1 for that of classes");
}

void TargetOptions::validate() const {
  require_ordered_words("answer", answer, {kClassesTask, kValenceArousalTask, kTagsTask});
  if (answer.empty()) {
    throw UsageError(
        "'answer' names nothing, allowed: one or more of classes, valence_arousal, tags",
        "set targets.answer=[classes]");
  }
  const auto refuse = [](const char* key, const char* task) {
    throw UsageError("'" + std::string(key) + "' has no effect: 'answer' does not name " + task,
                     "add " + std::string(task) + " to targets.answer, or leave the key out");
  };
  if (soft_labels && !has(kClassesTask)) refuse("soft_labels", kClassesTask);
  if (over_time && !has(kValenceArousalTask)) refuse("over_time", kValenceArousalTask);
}

}  // namespace mer
