#include "row_tallies.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "mer/core/error.hpp"
#include "mer/core/random.hpp"
#include "mer/core/text.hpp"

namespace mer {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

double ratio(double part, double whole) { return whole > 0.0 ? part / whole : kNone; }

Eigen::Index index_of(const std::string& name, const std::vector<std::string>& classes,
                      const std::string& place) {
  const auto found = std::find(classes.begin(), classes.end(), name);
  if (found != classes.end()) return found - classes.begin();
  const auto near = nearest_word(name, classes);
  throw UsageError(
      place + ": '" + name + "' is no class of these songs, they are " + join(classes, ", "),
      near ? "did you mean '" + *near + "'?" : "change the claim");
}

constexpr Eigen::Index kNumPlaceSums = 4;

void add_item(const ScoredItem& item, Eigen::Index num_classes, Eigen::Ref<Eigen::VectorXd> sums) {
  sums(item.truth * num_classes + item.predicted) += 1.0;
  const EmbeddingPlace& place = item.place;
  if (std::isnan(place.silhouette)) return;
  sums.tail<kNumPlaceSums>() +=
      Eigen::Vector4d(1.0, place.own_center, place.other_centers, place.silhouette);
}

void add_items(const std::vector<ScoredItem>& items, const GroupNumbers& groups,
               Eigen::Index num_classes, Eigen::MatrixXd& by_group) {
  for (const ScoredItem& item : items) {
    add_item(item, num_classes, by_group.col(static_cast<Eigen::Index>(groups.of(item.group))));
  }
}

Tally tally_of(const Eigen::VectorXd& sums, Eigen::Index num_classes) {
  const auto places = sums.tail<kNumPlaceSums>();
  return {Eigen::Map<const Counts>(sums.data(), num_classes, num_classes), places(0), places(1),
          places(2), places(3)};
}

}  // namespace

double accuracy_of(const Counts& counts) { return ratio(counts.trace(), counts.sum()); }

double macro_f1_of(const Counts& counts) {
  double sum = 0.0;
  int num_occurring = 0;
  for (Eigen::Index c = 0; c < counts.rows(); ++c) {
    const double whole = counts.row(c).sum() + counts.col(c).sum();
    if (whole <= 0.0) continue;
    sum += 2.0 * counts(c, c) / whole;
    ++num_occurring;
  }
  return num_occurring == 0 ? kNone : sum / num_occurring;
}

double silhouette_of(const Tally& tally) { return ratio(tally.silhouette, tally.placed); }

double center_ratio_of(const Tally& tally) { return ratio(tally.own_center, tally.other_centers); }

Counts counts_of(const std::vector<ScoredItem>& items, std::size_t num_classes) {
  const auto size = static_cast<Eigen::Index>(num_classes);
  Counts counts = Counts::Zero(size, size);
  for (const ScoredItem& item : items) counts(item.truth, item.predicted) += 1.0;
  return counts;
}

Tally tally_of(const std::vector<ScoredItem>& items, std::size_t num_classes) {
  const auto size = static_cast<Eigen::Index>(num_classes);
  Eigen::VectorXd sums = Eigen::VectorXd::Zero(size * size + kNumPlaceSums);
  for (const ScoredItem& item : items) add_item(item, size, sums);
  return tally_of(sums, size);
}

Measure measure_of(const ClaimTerm& term, const std::vector<std::string>& classes,
                   const std::string& place) {
  if (term.row.empty()) {
    return [number = term.number](const Tally&, const Tally&) { return number; };
  }
  if (term.measure == "accuracy") {
    return [](const Tally& scored, const Tally&) { return accuracy_of(scored.counts); };
  }
  if (term.measure == "macro_f1") {
    return [](const Tally& scored, const Tally&) { return macro_f1_of(scored.counts); };
  }
  if (term.measure == "train_accuracy") {
    return [](const Tally&, const Tally& training) { return accuracy_of(training.counts); };
  }
  if (term.measure == "gap") {
    return [](const Tally& scored, const Tally& training) {
      return accuracy_of(training.counts) - accuracy_of(scored.counts);
    };
  }
  if (term.measure == "silhouette") {
    return [](const Tally& scored, const Tally&) { return silhouette_of(scored); };
  }
  if (term.measure == "center_ratio") {
    return [](const Tally& scored, const Tally&) { return center_ratio_of(scored); };
  }
  const Eigen::Index a = index_of(term.arguments.at(0), classes, place);
  if (term.measure == "recall") {
    return [a](const Tally& scored, const Tally&) {
      return ratio(scored.counts(a, a), scored.counts.row(a).sum());
    };
  }
  const Eigen::Index b = index_of(term.arguments.at(1), classes, place);
  return [a, b](const Tally& scored, const Tally&) {
    const Counts& counts = scored.counts;
    return ratio(counts(a, b) + counts(b, a), counts.row(a).sum() + counts.row(b).sum());
  };
}

void GroupNumbers::add(const CellResults& cell, bool with_training) {
  for (const RunResults& run : cell.runs) {
    add(run.scored);
    if (with_training) add(run.training);
  }
}

void GroupNumbers::add(const ScoredPart& part) {
  for (const ScoredItem& song : part.songs) numbers_.emplace(song.group, numbers_.size());
}

CellTally::CellTally(const CellResults& cell, Level level, const GroupNumbers& groups,
                     bool with_training)
    : num_classes_(static_cast<Eigen::Index>(cell.classes.size())) {
  const auto num_groups = static_cast<Eigen::Index>(groups.size());
  scored_ = Eigen::MatrixXd::Zero(num_classes_ * num_classes_ + kNumPlaceSums, num_groups);
  if (with_training) training_ = scored_;
  for (const RunResults& run : cell.runs) {
    add_items(items_of(run.scored, level), groups, num_classes_, scored_);
    if (with_training) add_items(items_of(run.training, level), groups, num_classes_, training_);
  }
}

Tally CellTally::weighted(const Eigen::MatrixXd& by_group, const Eigen::VectorXd& times) const {
  if (by_group.size() == 0) return {};
  return tally_of(Eigen::VectorXd(by_group * times), num_classes_);
}

double CellTally::value(const Measure& measure, std::span<const double> times) const {
  const Eigen::Map<const Eigen::VectorXd> weights(times.data(),
                                                  static_cast<Eigen::Index>(times.size()));
  return measure(weighted(scored_, weights), weighted(training_, weights));
}

double CellTally::value(const Measure& measure) const {
  return value(measure, std::vector<double>(static_cast<std::size_t>(scored_.cols()), 1.0));
}

SplitDraws::SplitDraws(const std::vector<std::int64_t>& splits)
    : rng_(mix_seed({seed_of("experiment.splits")})) {
  std::map<std::int64_t, std::vector<std::size_t>> by_split;
  for (std::size_t cell = 0; cell < splits.size(); ++cell) by_split[splits[cell]].push_back(cell);
  for (auto& [split, cells] : by_split) cells_.push_back(std::move(cells));
}

double SplitDraws::mean_of_draw(std::span<const double> values) {
  if (cells_.size() < 2) return mean_of(values);
  std::vector<double> drawn;
  for (std::size_t draw = 0; draw < cells_.size(); ++draw) {
    for (const std::size_t cell : cells_[uniform_index(rng_, cells_.size())]) {
      drawn.push_back(values[cell]);
    }
  }
  return mean_of(drawn);
}

double mean_of(std::span<const double> values) {
  double sum = 0.0;
  std::size_t count = 0;
  for (const double value : values) {
    if (std::isnan(value)) continue;
    sum += value;
    ++count;
  }
  return count == 0 ? kNone : sum / static_cast<double>(count);
}

double deviation_of(std::span<const double> values) {
  if (values.size() < 2) return kNone;
  const double mean = mean_of(values);
  double squares = 0.0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return std::sqrt(squares / static_cast<double>(values.size() - 1));
}

}  // namespace mer
