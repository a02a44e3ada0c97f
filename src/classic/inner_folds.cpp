#include "inner_folds.hpp"

#include <algorithm>
#include <set>

#include "mer/core/error.hpp"
#include "mer/corpus/split.hpp"
#include "mer/metrics/scores.hpp"

namespace mer {
namespace {

/// The rows as a manifest, so that they are divided as songs are.
Manifest manifest_of(const TrainingTable& table) {
  Manifest manifest;
  manifest.file = "the training songs";
  manifest.classes = table.class_names;
  manifest.has_groups = true;
  for (std::size_t row = 0; row < table.classes.size(); ++row) {
    Song song;
    song.id = std::to_string(row);
    song.listed_path = song.id;
    if (!table.class_names.empty()) {
      song.label = table.class_names[static_cast<std::size_t>(table.classes[row])];
    } else {
      song.valence = table.valence[row];
      song.arousal = table.arousal[row];
    }
    song.group = table.groups[row];
    manifest.songs.push_back(std::move(song));
  }
  return manifest;
}

/// As many folds as the class of fewest groups can fill.
int most_folds(const TrainingTable& table) {
  if (table.class_names.empty()) {
    return static_cast<int>(std::set(table.groups.begin(), table.groups.end()).size());
  }
  std::vector<std::set<std::string>> groups(table.class_names.size());
  for (std::size_t row = 0; row < table.classes.size(); ++row) {
    groups[static_cast<std::size_t>(table.classes[row])].insert(table.groups[row]);
  }
  std::size_t fewest = table.classes.size();
  for (const auto& of_class : groups) fewest = std::min(fewest, of_class.size());
  return static_cast<int>(fewest);
}

std::vector<int> fold_numbers(const std::vector<Split>& folds) {
  std::vector<int> numbers(folds.front().size(), 0);
  for (std::size_t fold = 0; fold < folds.size(); ++fold) {
    for (const std::size_t row : songs_in(folds[fold], kTest)) {
      numbers[row] = static_cast<int>(fold);
    }
  }
  return numbers;
}

}  // namespace

InnerFolds::InnerFolds(const TrainingTable& table, int wanted, std::uint64_t seed) {
  const Manifest manifest = manifest_of(table);
  SplitOptions options;
  options.seed = static_cast<std::int64_t>(seed >> 1U);
  options.validation_fraction = 0.0;
  for (count_ = std::min(wanted, most_folds(table)); count_ >= 2; --count_) {
    options.folds = count_;
    try {
      fold_of_ = fold_numbers(make_folds(manifest, options));
      return;
    } catch (const UsageError&) {
      // Large groups of several classes: fewer folds may still do.
    }
  }
  throw UsageError(
      "the training songs can't be divided into two inner folds by group with every class in each",
      "a class needs songs of at least two groups; without a choice among several values most "
      "classical systems need no inner folds");
}

std::vector<Eigen::Index> InnerFolds::rows_in(int fold) const {
  std::vector<Eigen::Index> rows;
  for (std::size_t row = 0; row < fold_of_.size(); ++row) {
    if (fold_of_[row] == fold) rows.push_back(static_cast<Eigen::Index>(row));
  }
  return rows;
}

std::vector<Eigen::Index> InnerFolds::rows_outside(int fold) const {
  std::vector<Eigen::Index> rows;
  for (std::size_t row = 0; row < fold_of_.size(); ++row) {
    if (fold_of_[row] != fold) rows.push_back(static_cast<Eigen::Index>(row));
  }
  return rows;
}

double count_right(const TableClassifier& classifier, const TrainingTable& table,
                   const std::vector<Eigen::Index>& rows) {
  double right = 0.0;
  for (const Eigen::Index row : rows) {
    const TableAnswer answer = classifier.answer(table.inputs.row(row));
    if (argmax(answer.probabilities) == table.classes[static_cast<std::size_t>(row)]) ++right;
  }
  return right;
}

std::size_t choose(std::size_t num_candidates, const TrainingTable& table, int num_folds,
                   const TrainingControl& control,
                   const std::function<double(std::size_t, const std::vector<Eigen::Index>&,
                                              const std::vector<Eigen::Index>&)>& score) {
  if (num_candidates < 2) return 0;
  const InnerFolds folds(table, num_folds, control.seed);
  std::vector<double> sums(num_candidates, 0.0);
  for (int fold = 0; fold < folds.count(); ++fold) {
    const auto training = folds.rows_outside(fold);
    const auto scored = folds.rows_in(fold);
    for (std::size_t c = 0; c < num_candidates; ++c) {
      control.check();
      sums[c] += score(c, training, scored);
    }
  }
  return static_cast<std::size_t>(std::max_element(sums.begin(), sums.end()) - sums.begin());
}

}  // namespace mer
