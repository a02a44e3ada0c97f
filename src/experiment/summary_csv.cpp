#include <map>
#include <set>

#include "mer/core/text.hpp"
#include "mer/experiment/sweep_summary.hpp"

namespace mer {
namespace {

void add_measured(const Measured& measured, std::vector<std::string>& cells) {
  for (const double value :
       {measured.mean, measured.deviation, measured.ci95[0], measured.ci95[1]}) {
    cells.push_back(format_number(value));
  }
}

void add_measured_header(const std::string& name, std::vector<std::string>& cells) {
  for (const char* suffix : {"", "_deviation", "_low", "_high"}) cells.push_back(name + suffix);
}

const std::vector<std::string> kTestColumns = {"reference",
                                               "difference",
                                               "difference_low",
                                               "difference_high",
                                               "bootstrap_p",
                                               "bootstrap_p_holm",
                                               "songs_better",
                                               "songs_worse",
                                               "common_songs",
                                               "mcnemar_p",
                                               "mcnemar_p_holm",
                                               "segment_difference",
                                               "segment_difference_low",
                                               "segment_difference_high",
                                               "segment_bootstrap_p",
                                               "segment_bootstrap_p_holm",
                                               "nadeau_bengio_t",
                                               "nadeau_bengio_df",
                                               "nadeau_bengio_p",
                                               "nadeau_bengio_p_holm"};

void add_tests(const SweepPlan& plan, const RowSummary& row, std::vector<std::string>& cells) {
  if (!row.comparison) {
    cells.resize(cells.size() + kTestColumns.size());
    return;
  }
  const PairedComparison& test = *row.comparison;
  const auto add = [&](std::initializer_list<double> values) {
    for (const double value : values) cells.push_back(format_number(value));
  };
  cells.push_back(plan.rows[test.reference].full_name());
  add({test.song_difference, test.song_bootstrap.ci95[0], test.song_bootstrap.ci95[1],
       test.song_bootstrap.p, test.song_bootstrap_holm, static_cast<double>(test.better),
       static_cast<double>(test.worse), static_cast<double>(test.common_songs), test.mcnemar_p,
       test.mcnemar_holm, test.segment_difference, test.segment_bootstrap.ci95[0],
       test.segment_bootstrap.ci95[1], test.segment_bootstrap.p, test.segment_bootstrap_holm});
  const auto& t = test.nadeau_bengio;
  add({t ? t->t : kNotMeasured, t ? t->degrees_of_freedom : kNotMeasured, t ? t->p : kNotMeasured,
       test.nadeau_bengio_holm});
}

}  // namespace

std::string summary_csv(const SweepPlan& plan, const SweepSummary& summary) {
  std::set<std::string> keys;
  for (const SweepRow& row : plan.rows) {
    for (const auto& [key, value] : row.keys) keys.insert(key);
  }
  std::vector<std::string> header = {"cell", "variant"};
  header.insert(header.end(), keys.begin(), keys.end());
  for (const char* name : {"cells", "finished", "runs", "songs", "groups", "segments"}) {
    header.emplace_back(name);
  }
  for (const char* name :
       {"song_accuracy", "song_macro_f1", "segment_accuracy", "train_accuracy", "gap",
        "train_segment_accuracy", "segment_gap", "center_ratio", "silhouette"}) {
    add_measured_header(name, header);
  }
  for (const char* name : {"baseline_accuracy", "training_songs", "training_segments", "train_loss",
                           "train_loss_as_printed", "train_loss_fall", "train_seconds"}) {
    header.emplace_back(name);
  }
  header.insert(header.end(), kTestColumns.begin(), kTestColumns.end());
  for (const std::string& measure : kPaperMeasures) header.push_back("paper_" + measure);

  std::string text = csv_line(header);
  for (std::size_t i = 0; i < plan.rows.size(); ++i) {
    const SweepRow& row = plan.rows[i];
    const RowSummary& of_row = summary.rows[i];
    std::vector<std::string> cells = {row.name, row.variant};
    for (const std::string& key : keys) {
      const auto found = row.keys.find(key);
      cells.push_back(found == row.keys.end() ? "" : found->second);
    }
    for (const std::size_t count : {row.cells.size(), of_row.finished, of_row.num_runs,
                                    of_row.num_songs, of_row.num_groups, of_row.num_segments}) {
      cells.push_back(std::to_string(count));
    }
    for (const Measured* measured :
         {&of_row.song_accuracy, &of_row.song_macro_f1, &of_row.segment_accuracy,
          &of_row.train_accuracy, &of_row.gap, &of_row.train_segment_accuracy, &of_row.segment_gap,
          &of_row.center_ratio, &of_row.silhouette}) {
      add_measured(*measured, cells);
    }
    for (const double value :
         {of_row.baseline_accuracy, of_row.training_songs, of_row.training_segments, of_row.loss,
          of_row.loss_as_printed, of_row.loss_fall, of_row.seconds}) {
      cells.push_back(format_number(value));
    }
    add_tests(plan, of_row, cells);
    for (const std::string& measure : kPaperMeasures) {
      const auto numbers = plan.file.paper.by_measure.find(measure);
      const bool has =
          numbers != plan.file.paper.by_measure.end() && numbers->second.contains(row.name);
      cells.push_back(has ? format_number(numbers->second.at(row.name)) : "");
    }
    text += csv_line(cells);
  }
  return text;
}

std::string loss_csv(const SweepPlan& plan, const SweepSummary& summary, double LossPoint::*loss) {
  std::vector<std::string> header = {"iteration"};
  std::map<std::int64_t, std::vector<double>> by_iteration;
  for (std::size_t i = 0; i < plan.rows.size(); ++i) {
    header.push_back(plan.rows[i].full_name());
    for (const LossPoint& point : summary.rows[i].losses) {
      auto& line = by_iteration[point.iteration];
      line.resize(plan.rows.size(), kNotMeasured);
      line[i] = point.*loss;
    }
  }
  std::string text = csv_line(header);
  for (const auto& [iteration, losses] : by_iteration) {
    std::vector<std::string> cells = {std::to_string(iteration)};
    for (const double value : losses) cells.push_back(format_number(value));
    text += csv_line(cells);
  }
  return text;
}

}  // namespace mer
