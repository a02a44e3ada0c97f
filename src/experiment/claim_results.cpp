#include "claim_results.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

namespace mer {
namespace {

using Results = std::vector<std::optional<CellResults>>;

constexpr double kConfidenceTail = 0.05;

std::optional<std::size_t> row_named(const SweepPlan& plan, const std::string& name,
                                     const std::string& variant) {
  for (std::size_t row = 0; row < plan.rows.size(); ++row) {
    if (plan.rows[row].name == name && plan.rows[row].variant == variant) return row;
  }
  return std::nullopt;
}

Verdict verdict_of(const Interval& ci95) {
  if (ci95[0] > 0.0) return Verdict::kHolds;
  if (ci95[1] < 0.0) return Verdict::kFails;
  return Verdict::kUndecided;
}

double iteration_of(const ClaimTerm& term) {
  double iteration = 0.0;
  if (!term.arguments.empty()) {
    const std::string& text = term.arguments.front();
    std::from_chars(text.data(), text.data() + text.size(), iteration);
  }
  return iteration;
}

double loss_of(const ClaimTerm& term, const RunResults& run) {
  const double after = iteration_of(term);
  if (term.measure == "loss_fall") return loss_fall(run, after);
  return mean_loss(run, after,
                   term.measure == "loss" ? &LossPoint::train_loss : &LossPoint::as_printed);
}

/// A term's loss of each run of a cell; a plain number is itself.
std::vector<double> losses_of(const ClaimTerm& term, const CellResults& cell) {
  std::vector<double> losses;
  for (const RunResults& run : cell.runs) {
    losses.push_back(term.row.empty() ? term.number : loss_of(term, run));
  }
  return losses;
}

/// Losses have no songs to resample: their interval is Student's over the runs.
ComparisonResult compare_losses(const std::vector<CellPair>& pairs, const Comparison& comparison) {
  std::vector<double> differences;
  for (const CellPair& pair : pairs) {
    const std::vector<double> larger = losses_of(comparison.larger, *pair.first);
    const std::vector<double> smaller = losses_of(comparison.smaller, *pair.second);
    for (std::size_t run = 0; run < std::min(larger.size(), smaller.size()); ++run) {
      const double difference = larger[run] - smaller[run];
      if (!std::isnan(difference)) differences.push_back(difference);
    }
  }
  ComparisonResult result;
  if (differences.empty()) return result;
  result.difference = mean_of(differences);
  result.verdict = Verdict::kUndecided;
  if (differences.size() < 2) return result;
  const auto count = static_cast<double>(differences.size());
  const double half_width =
      student_t_quantile(kConfidenceTail, static_cast<int>(differences.size()) - 1) *
      deviation_of(differences) / std::sqrt(count);
  result.ci95 = {result.difference - half_width, result.difference + half_width};
  result.verdict = verdict_of(result.ci95);
  return result;
}

class Judge {
 public:
  Judge(const SweepPlan& plan, const Results& results, const std::vector<std::string>& classes)
      : plan_(plan), results_(results), classes_(classes) {}

  ClaimResult judge(const Claim& claim, const std::string& variant) const {
    ClaimResult result;
    result.variant = variant;
    for (const Comparison& comparison : claim.holds_if) {
      result.of_songs.push_back(compare(comparison, variant, Level::kSongs, claim.place));
      result.of_segments.push_back(compare(comparison, variant, Level::kSegments, claim.place));
    }
    result.songs = all_of(result.of_songs);
    result.segments = all_of(result.of_segments);
    return result;
  }

 private:
  static Verdict all_of(const std::vector<ComparisonResult>& results) {
    const auto any = [&](Verdict verdict) {
      return std::any_of(results.begin(), results.end(),
                         [&](const ComparisonResult& result) { return result.verdict == verdict; });
    };
    if (results.empty() || any(Verdict::kNotRun)) return Verdict::kNotRun;
    if (any(Verdict::kFails)) return Verdict::kFails;
    return any(Verdict::kUndecided) ? Verdict::kUndecided : Verdict::kHolds;
  }

  ComparisonResult compare(const Comparison& comparison, const std::string& variant, Level level,
                           const std::string& place) const {
    const ClaimTerm& larger = comparison.larger;
    const ClaimTerm& smaller = comparison.smaller;
    // A plain number stands beside the other term's own row.
    const auto first = row_named(plan_, larger.row.empty() ? smaller.row : larger.row, variant);
    const auto second = row_named(plan_, smaller.row.empty() ? larger.row : smaller.row, variant);
    if (!first || !second) return {};
    const std::vector<CellPair> pairs = pairs_of(plan_, results_, *first, *second);
    if (pairs.empty()) return {};
    if (larger.is_loss() || smaller.is_loss()) return compare_losses(pairs, comparison);
    const Difference difference = difference_of(
        pairs, measure_of(larger, classes_, place), measure_of(smaller, classes_, place), level,
        larger.needs_training_songs() || smaller.needs_training_songs());
    return {difference.value, difference.bootstrap.ci95, verdict_of(difference.bootstrap.ci95)};
  }

  const SweepPlan& plan_;
  const Results& results_;
  const std::vector<std::string>& classes_;
};

}  // namespace

double mean_loss(const RunResults& run, double after, double LossPoint::*loss) {
  std::vector<double> losses;
  for (const LossPoint& point : run.losses) {
    if (static_cast<double>(point.iteration) > after) losses.push_back(point.*loss);
  }
  return mean_of(losses);
}

double loss_fall(const RunResults& run, double after) {
  const auto next = std::find_if(run.losses.begin(), run.losses.end(), [&](const LossPoint& point) {
    return static_cast<double>(point.iteration) > after;
  });
  if (next == run.losses.end()) return std::numeric_limits<double>::quiet_NaN();
  const double last = run.losses.back().train_loss;
  return (next->train_loss - last) / (run.losses.front().train_loss - last);
}

std::vector<CellPair> pairs_of(const SweepPlan& plan, const Results& results, std::size_t first_row,
                               std::size_t second_row) {
  std::vector<CellPair> pairs;
  for (const std::size_t first : plan.rows[first_row].cells) {
    for (const std::size_t second : plan.rows[second_row].cells) {
      if (plan.cells[first].repeat != plan.cells[second].repeat) continue;
      if (!results[first] || !results[second]) continue;
      pairs.push_back(
          {&*results[first], &*results[second], plan.cells[first].config.data.split.seed});
    }
  }
  return pairs;
}

Difference difference_of(const std::vector<CellPair>& pairs, const Measure& first,
                         const Measure& second, Level level, bool with_training) {
  GroupNumbers groups;
  for (const CellPair& pair : pairs) {
    groups.add(*pair.first, with_training);
    groups.add(*pair.second, with_training);
  }
  std::vector<std::pair<CellTally, CellTally>> tallies;
  for (const CellPair& pair : pairs) {
    tallies.emplace_back(CellTally(*pair.first, level, groups, with_training),
                         CellTally(*pair.second, level, groups, with_training));
  }
  const auto differences = [&](std::span<const double> times) {
    std::vector<double> values;
    for (const auto& [one, other] : tallies) {
      values.push_back(one.value(first, times) - other.value(second, times));
    }
    return values;
  };
  std::vector<std::int64_t> splits;
  for (const CellPair& pair : pairs) splits.push_back(pair.split_seed);
  SplitDraws draws(splits);
  Difference result;
  result.value = mean_of(differences(std::vector<double>(groups.size(), 1.0)));
  result.bootstrap = bootstrap_over_groups(groups.size(), 0, [&](std::span<const double> times) {
    return draws.mean_of_draw(differences(times));
  });
  return result;
}

std::vector<std::vector<ClaimResult>> judge_claims(const SweepPlan& plan, const Results& results,
                                                   const std::vector<std::string>& classes) {
  const Judge judge(plan, results, classes);
  std::vector<std::vector<ClaimResult>> judged;
  for (const Claim& claim : plan.file.claims) {
    judged.emplace_back();
    if (claim.holds_if.empty()) continue;
    for (const SweepVariant& variant : plan.file.variants) {
      judged.back().push_back(judge.judge(claim, variant.name));
    }
  }
  return judged;
}

}  // namespace mer
