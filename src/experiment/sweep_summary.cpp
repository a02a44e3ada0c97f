#include "mer/experiment/sweep_summary.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "claim_results.hpp"
#include "mer/core/error.hpp"
#include "mer/core/text.hpp"
#include "row_tallies.hpp"

namespace mer {
namespace {

using Results = std::vector<std::optional<CellResults>>;

const Measure kAccuracy = [](const Tally& scored, const Tally&) {
  return accuracy_of(scored.counts);
};
const Measure kMacroF1 = [](const Tally& scored, const Tally&) {
  return macro_f1_of(scored.counts);
};
const Measure kTrainAccuracy = [](const Tally&, const Tally& training) {
  return accuracy_of(training.counts);
};
const Measure kGap = [](const Tally& scored, const Tally& training) {
  return accuracy_of(training.counts) - accuracy_of(scored.counts);
};
const Measure kCenterRatio = [](const Tally& scored, const Tally&) {
  return center_ratio_of(scored);
};
const Measure kSilhouette = [](const Tally& scored, const Tally&) { return silhouette_of(scored); };

/// A row's finished cells, and the split of each.
struct RowCells {
  std::vector<const CellResults*> results;
  std::vector<std::int64_t> splits;
};

RowCells cells_of(const SweepPlan& plan, const SweepRow& row, const Results& results) {
  RowCells cells;
  for (const std::size_t cell : row.cells) {
    if (!results[cell]) continue;
    cells.results.push_back(&*results[cell]);
    cells.splits.push_back(plan.cells[cell].config.data.split.seed);
  }
  return cells;
}

std::vector<const RunResults*> runs_in(const std::vector<const CellResults*>& cells) {
  std::vector<const RunResults*> runs;
  for (const CellResults* cell : cells) {
    for (const RunResults& run : cell->runs) runs.push_back(&run);
  }
  return runs;
}

template <class Value>
double mean_over(const std::vector<const RunResults*>& runs, const Value& value) {
  std::vector<double> values;
  for (const RunResults* run : runs) values.push_back(value(*run));
  return mean_of(values);
}

Measured measure_row(const RowCells& cells, const Measure& measure, Level level,
                     bool with_training) {
  GroupNumbers groups;
  for (const CellResults* cell : cells.results) groups.add(*cell, with_training);
  if (groups.size() == 0) return {};  // nothing was scored
  std::vector<CellTally> tallies;
  std::vector<double> of_cells;
  std::vector<double> of_runs;
  for (const CellResults* cell : cells.results) {
    tallies.emplace_back(*cell, level, groups, with_training);
    of_cells.push_back(tallies.back().value(measure));
    for (const RunResults& run : cell->runs) {
      const std::size_t num_classes = cell->classes.size();
      of_runs.push_back(measure(tally_of(items_of(run.scored, level), num_classes),
                                tally_of(items_of(run.training, level), num_classes)));
    }
  }
  SplitDraws draws(cells.splits);
  const Bootstrap bootstrap =
      bootstrap_over_groups(groups.size(), 0, [&](std::span<const double> times) {
        std::vector<double> values;
        for (const CellTally& tally : tallies) values.push_back(tally.value(measure, times));
        return draws.mean_of_draw(values);
      });
  return {mean_of(of_cells), deviation_of(of_runs), bootstrap.ci95};
}

ConfusionMatrix summed_confusion(const std::vector<const RunResults*>& runs, Level level,
                                 std::size_t num_classes) {
  const auto size = static_cast<Eigen::Index>(num_classes);
  ConfusionMatrix confusion = ConfusionMatrix::Zero(size, size);
  for (const RunResults* run : runs) {
    confusion += counts_of(items_of(run->scored, level), num_classes).cast<std::int64_t>();
  }
  return confusion;
}

/// Mean curves over runs, at the iterations that every run has.
std::vector<LossPoint> mean_losses(const std::vector<const RunResults*>& runs) {
  struct Sum {
    double loss = 0.0;
    double softmax = 0.0;
    double as_printed = 0.0;
    std::size_t count = 0;
  };
  std::map<std::int64_t, Sum> sums;
  for (const RunResults* run : runs) {
    for (const LossPoint& point : run->losses) {
      Sum& sum = sums[point.iteration];
      sum.loss += point.train_loss;
      sum.softmax += point.train_softmax;
      sum.as_printed += point.as_printed;
      ++sum.count;
    }
  }
  std::vector<LossPoint> means;
  for (const auto& [iteration, sum] : sums) {
    if (sum.count != runs.size()) continue;
    const auto count = static_cast<double>(sum.count);
    means.push_back({iteration, sum.loss / count, sum.softmax / count, sum.as_printed / count});
  }
  return means;
}

/// Deviation between the rows of one run after an iteration: whether training has settled.
double loss_in_time(const RunResults& run, double after) {
  std::vector<double> losses;
  for (const LossPoint& point : run.losses) {
    if (static_cast<double>(point.iteration) > after) losses.push_back(point.train_loss);
  }
  return deviation_of(losses);
}

void summarize_losses(const std::vector<const RunResults*>& runs, double after, RowSummary& row) {
  std::vector<double> losses;
  for (const RunResults* run : runs) losses.push_back(mean_loss(*run, after));
  row.loss = mean_of(losses);
  row.loss_deviation = deviation_of(losses);
  row.loss_in_time =
      mean_over(runs, [&](const RunResults& run) { return loss_in_time(run, after); });
  row.loss_fall = mean_over(runs, [&](const RunResults& run) { return loss_fall(run, after); });
  row.loss_as_printed = mean_over(runs, [](const RunResults& run) { return run.loss_as_printed; });
  row.losses = mean_losses(runs);
}

void count_songs(const std::vector<const CellResults*>& cells, RowSummary& row) {
  std::set<std::string> songs;
  std::set<std::string> groups;
  for (const RunResults* run : runs_in(cells)) {
    for (const ScoredItem& song : run->scored.songs) {
      songs.insert(song.song);
      groups.insert(song.group);
    }
  }
  row.num_songs = songs.size();
  row.num_groups = groups.size();
  for (const RunResults& run : cells.front()->runs) row.num_segments += run.scored.segments.size();
}

RowSummary summarize_row(const SweepPlan& plan, const SweepRow& row, const Results& results,
                         std::size_t num_classes) {
  RowSummary summary;
  const RowCells cells = cells_of(plan, row, results);
  summary.finished = cells.results.size();
  if (cells.results.empty()) return summary;
  const std::vector<const RunResults*> runs = runs_in(cells.results);
  summary.num_runs = runs.size();
  count_songs(cells.results, summary);
  summary.song_accuracy = measure_row(cells, kAccuracy, Level::kSongs, false);
  summary.song_macro_f1 = measure_row(cells, kMacroF1, Level::kSongs, false);
  summary.segment_accuracy = measure_row(cells, kAccuracy, Level::kSegments, false);
  if (plan.file.show_embeddings) {
    summary.center_ratio = measure_row(cells, kCenterRatio, Level::kSongs, false);
    summary.silhouette = measure_row(cells, kSilhouette, Level::kSongs, false);
  }
  if (plan.file.show_train_accuracy) {
    summary.train_accuracy = measure_row(cells, kTrainAccuracy, Level::kSongs, true);
    summary.train_segment_accuracy = measure_row(cells, kTrainAccuracy, Level::kSegments, true);
    summary.gap = measure_row(cells, kGap, Level::kSongs, true);
    summary.segment_gap = measure_row(cells, kGap, Level::kSegments, true);
  }
  summary.baseline_accuracy =
      mean_over(runs, [](const RunResults& run) { return run.baseline_accuracy; });
  summary.training_songs = mean_over(
      runs, [](const RunResults& run) { return static_cast<double>(run.training_songs); });
  summary.training_segments = mean_over(runs, [](const RunResults& run) {
    return run.training_segments > 0 ? static_cast<double>(run.training_segments) : kNotMeasured;
  });
  summary.seconds = mean_over(runs, [](const RunResults& run) { return run.seconds; });
  summarize_losses(runs, plan.file.loss_after, summary);
  summary.song_confusion = summed_confusion(runs, Level::kSongs, num_classes);
  summary.segment_confusion = summed_confusion(runs, Level::kSegments, num_classes);
  return summary;
}

/// Which songs a cell gets right.
std::map<std::string, const ScoredItem*> songs_by_id(const CellResults& cell) {
  std::map<std::string, const ScoredItem*> songs;
  for (const RunResults& run : cell.runs) {
    for (const ScoredItem& song : run.scored.songs) songs[song.song] = &song;
  }
  return songs;
}

/// Counts the songs that one of the two gets right in more of the pairs.
void compare_songs(const std::vector<CellPair>& pairs, PairedComparison& comparison) {
  std::map<std::string, int> balance;
  std::set<std::string> groups;
  for (const CellPair& pair : pairs) {
    const auto first = songs_by_id(*pair.first);
    const auto second = songs_by_id(*pair.second);
    comparison.same_songs = comparison.same_songs && first.size() == second.size();
    for (const auto& [id, song] : first) {
      const auto other = second.find(id);
      if (other == second.end()) {
        comparison.same_songs = false;
        continue;
      }
      if (other->second->truth != song->truth) {
        throw UsageError("song '" + id + "' has two labels in the cells of this sweep",
                         "the manifest has changed since some of them ran: remove those, or give "
                         "the sweep another --name");
      }
      groups.insert(song->group);
      balance[id] += (song->predicted == song->truth ? 1 : 0) -
                     (other->second->predicted == song->truth ? 1 : 0);
    }
  }
  comparison.common_songs = balance.size();
  for (const auto& [id, difference] : balance) {
    if (difference > 0) ++comparison.better;
    if (difference < 0) ++comparison.worse;
  }
  // The test takes songs for independent, which those of one artist are not.
  if (!balance.empty() && groups.size() == balance.size()) {
    comparison.mcnemar_p = mcnemar_p(comparison.better, comparison.worse);
  }
}

/// Differences of song accuracy, one a fold of each split; seeds of the same split are averaged.
std::optional<ResampledT> compare_splits(const std::vector<CellPair>& pairs) {
  std::map<std::pair<std::int64_t, std::size_t>, std::vector<double>> by_split;
  std::vector<double> shares;  // test songs over training songs
  const auto accuracy = [](const RunResults& run, std::size_t num_classes) {
    return accuracy_of(counts_of(run.scored.songs, num_classes));
  };
  for (const CellPair& pair : pairs) {
    if (pair.first->runs.size() != pair.second->runs.size()) return std::nullopt;
    for (std::size_t run = 0; run < pair.first->runs.size(); ++run) {
      const RunResults& one = pair.first->runs[run];
      const RunResults& other = pair.second->runs[run];
      const std::size_t num_classes = pair.first->classes.size();
      by_split[{pair.split_seed, run}].push_back(accuracy(one, num_classes) -
                                                 accuracy(other, num_classes));
      if (one.training_songs > 0) {
        shares.push_back(static_cast<double>(one.scored.songs.size()) /
                         static_cast<double>(one.training_songs));
      }
    }
  }
  if (by_split.size() < 2 || shares.empty()) return std::nullopt;
  std::vector<double> differences;
  for (const auto& [split, of_seeds] : by_split) differences.push_back(mean_of(of_seeds));
  return corrected_resampled_t(differences, mean_of(shares));
}

std::optional<PairedComparison> compare_rows(const SweepPlan& plan, const Results& results,
                                             std::size_t row) {
  const auto reference = plan.rows[row].reference;
  if (!reference) return std::nullopt;
  const std::vector<CellPair> pairs = pairs_of(plan, results, row, *reference);
  if (pairs.empty() || plan.file.score == kScoreNone) return std::nullopt;
  PairedComparison comparison;
  comparison.reference = *reference;
  comparison.num_pairs = pairs.size();
  compare_songs(pairs, comparison);
  const Difference songs = difference_of(pairs, kAccuracy, kAccuracy, Level::kSongs, false);
  const Difference segments = difference_of(pairs, kAccuracy, kAccuracy, Level::kSegments, false);
  comparison.song_difference = songs.value;
  comparison.song_bootstrap = songs.bootstrap;
  comparison.segment_difference = segments.value;
  comparison.segment_bootstrap = segments.bootstrap;
  if (std::isnan(segments.value)) {  // one of the two has no segments of its own
    comparison.segment_bootstrap = {{kNotMeasured, kNotMeasured}, kNotMeasured};
  }
  comparison.nadeau_bengio = compare_splits(pairs);
  return comparison;
}

/// Each kind of test is corrected for the number of rows that it was made for.
void correct(std::vector<RowSummary>& rows) {
  const auto apply = [&](const auto& p_of, const auto& put) {
    std::vector<double> p;
    for (const RowSummary& row : rows) {
      p.push_back(row.comparison ? p_of(*row.comparison) : kNotMeasured);
    }
    const std::vector<double> corrected = holm(p);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (rows[i].comparison) put(*rows[i].comparison, corrected[i]);
    }
  };
  using Paired = PairedComparison;
  apply([](const Paired& c) { return c.mcnemar_p; },
        [](Paired& c, double p) { c.mcnemar_holm = p; });
  apply([](const Paired& c) { return c.song_bootstrap.p; },
        [](Paired& c, double p) { c.song_bootstrap_holm = p; });
  apply([](const Paired& c) { return c.segment_bootstrap.p; },
        [](Paired& c, double p) { c.segment_bootstrap_holm = p; });
  apply([](const Paired& c) { return c.nadeau_bengio ? c.nadeau_bengio->p : kNotMeasured; },
        [](Paired& c, double p) { c.nadeau_bengio_holm = p; });
}

/// The classes that all cells share.
std::vector<std::string> common_classes(const SweepPlan& plan, const Results& results) {
  std::optional<std::size_t> first;
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (!results[i]) continue;
    if (!first) first = i;
    if (results[i]->classes == results[*first]->classes) continue;
    throw UsageError("cells '" + plan.cells[*first].name + "' and '" + plan.cells[i].name +
                         "' know different classes: " + join(results[*first]->classes, ", ") +
                         " and " + join(results[i]->classes, ", "),
                     "cells are compared on the same songs: use one manifest");
  }
  return first ? results[*first]->classes : std::vector<std::string>();
}

}  // namespace

SweepSummary summarize(const SweepPlan& plan, const Results& results,
                       std::vector<MissingCell> missing) {
  SweepSummary summary;
  summary.classes = common_classes(plan, results);
  summary.missing = std::move(missing);
  std::set<std::string> failed;
  for (const auto& cell : results) {
    if (cell) failed.insert(cell->failed.begin(), cell->failed.end());
  }
  summary.failed_songs.assign(failed.begin(), failed.end());
  for (std::size_t row = 0; row < plan.rows.size(); ++row) {
    summary.rows.push_back(summarize_row(plan, plan.rows[row], results, summary.classes.size()));
    summary.rows.back().comparison = compare_rows(plan, results, row);
  }
  correct(summary.rows);
  summary.claims = judge_claims(plan, results, summary.classes);
  return summary;
}

std::vector<std::size_t> class_order(const SweepPlan& plan, const SweepSummary& summary) {
  std::vector<std::size_t> order;
  for (const std::string& name : plan.file.confusion_order) {
    const auto found = std::find(summary.classes.begin(), summary.classes.end(), name);
    if (found != summary.classes.end()) {
      order.push_back(static_cast<std::size_t>(found - summary.classes.begin()));
    }
  }
  for (std::size_t c = 0; c < summary.classes.size(); ++c) {
    if (std::find(order.begin(), order.end(), c) == order.end()) order.push_back(c);
  }
  return order;
}

}  // namespace mer
