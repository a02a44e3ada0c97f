#include "mer/experiment/cell_results.hpp"

#include <algorithm>
#include <limits>

#include "mer/core/error.hpp"
#include "mer/experiment/cell_folder.hpp"
#include "mer/metrics/ensemble.hpp"
#include "mer/metrics/scores.hpp"
#include "mer/runs/evaluation_files.hpp"

namespace mer {
namespace {

namespace fs = std::filesystem;

int class_of(const std::string& label, const Evaluation& evaluation) {
  const auto found = std::find(evaluation.classes.begin(), evaluation.classes.end(), label);
  if (found == evaluation.classes.end()) {
    throw UsageError("class '" + label + "' is not in metrics.json");
  }
  return static_cast<int>(found - evaluation.classes.begin());
}

ScoredPart scored_part(const Evaluation& evaluation,
                       const std::map<std::string, std::string>& groups) {
  ScoredPart part;
  for (const ScoredSong& scored : evaluation.songs) {
    const auto group = groups.find(scored.song.id);
    if (group == groups.end()) {
      throw UsageError("song '" + scored.song.id + "' is not in split.csv");
    }
    ScoredItem item{scored.song.id,
                    group->second,
                    class_of(scored.song.label, evaluation),
                    scored.prediction.predicted(),
                    {}};
    for (const SegmentPrediction& segment : scored.prediction.segments) {
      part.segments.push_back(item);
      part.segments.back().predicted = argmax(segment.probabilities);
    }
    item.probabilities = scored.prediction.probabilities;
    item.place = scored.prediction.place;
    part.songs.push_back(std::move(item));
  }
  return part;
}

std::vector<LossPoint> losses_in(const CsvTable& metrics) {
  std::vector<LossPoint> losses;
  for (std::size_t row = 0; row < metrics.size(); ++row) {
    losses.push_back(
        {static_cast<std::int64_t>(metrics.number(row, "iteration")),
         metrics.number_or_nan(row, "train_loss"), metrics.number_or_nan(row, "train_softmax"),
         metrics.has("train_as_printed") ? metrics.number_or_nan(row, "train_as_printed")
                                         : std::numeric_limits<double>::quiet_NaN()});
  }
  return losses;
}

void read_scores(const RunFolder& run, const std::string& score, bool with_training,
                 CellResults& cell, RunResults& results) {
  const auto groups = run.groups();
  const Evaluation evaluation =
      read_evaluation(run.evaluation_folder(score), EvaluationPart::kSegments);
  cell.classes = evaluation.classes;
  cell.failed.insert(cell.failed.end(), evaluation.failed.begin(), evaluation.failed.end());
  results.scored = scored_part(evaluation, groups);
  results.baseline_accuracy = evaluation.baseline_accuracy;
  if (!with_training) return;
  results.training = scored_part(
      read_evaluation(run.evaluation_folder(kTrain), EvaluationPart::kSegments), groups);
}

RunResults read_run(const RunFolder& run, const std::string& score, bool with_training,
                    CellResults& cell) {
  RunResults results;
  if (score != kScoreNone) read_scores(run, score, with_training, cell, results);
  const RunStatus status = run.read_status();
  if (status.dataset) {
    results.training_songs = status.dataset->training_songs;
    results.training_segments = status.dataset->training_segments;
  }
  results.loss_as_printed = status.train_loss_as_printed;
  if (!fs::is_regular_file(run.metrics_file())) return results;
  const CsvTable metrics = run.metrics();
  results.losses = losses_in(metrics);
  if (metrics.size() > 0) results.seconds = metrics.number_or_nan(metrics.size() - 1, "seconds");
  return results;
}

void require(bool holds, const std::string& what) {
  if (holds) return;
  throw UsageError(what + ", so they can't be an ensemble",
                   "give both the same data and data.split");
}

ScoredPart ensemble_part(const std::vector<const RunResults*>& runs, ScoredPart RunResults::*part,
                         const std::vector<std::string>& names) {
  std::vector<std::map<std::string, const ScoredItem*>> songs(runs.size());
  for (std::size_t run = 0; run < runs.size(); ++run) {
    for (const ScoredItem& song : (runs[run]->*part).songs) songs[run][song.song] = &song;
    require(songs[run].size() == songs.front().size(),
            "cells '" + names.front() + "' and '" + names[run] + "' have different songs");
  }
  const Ensemble ensemble = Ensemble::of_equals(runs.size());
  ScoredPart together;
  for (const ScoredItem& song : (runs.front()->*part).songs) {
    ProbabilityRows members;
    for (std::size_t run = 0; run < runs.size(); ++run) {
      const auto found = songs[run].find(song.song);
      require(found != songs[run].end() && found->second->truth == song.truth,
              "cells '" + names.front() + "' and '" + names[run] + "' differ in song '" +
                  song.song + "'");
      members.push_back(found->second->probabilities);
    }
    ScoredItem answer = song;
    answer.probabilities = ensemble.answer(members);
    answer.predicted = argmax(answer.probabilities);
    together.songs.push_back(std::move(answer));
  }
  return together;
}

}  // namespace

CellResults read_cell_results(const SweepCell& cell, const fs::path& folder,
                              const std::string& score, bool with_training) {
  CellResults results;
  for (const RunFolder& run : runs_of(cell, folder)) {
    try {
      results.runs.push_back(read_run(run, score, with_training, results));
    } catch (const UsageError& error) {
      const std::string where = run.path().string();
      const std::string what = error.what();
      throw UsageError(what.starts_with(where) ? what : where + ": " + what,
                       "remove " + where + " and run the sweep again");
    }
  }
  return results;
}

CellResults ensemble_results(const std::vector<const CellResults*>& cells,
                             const std::vector<std::string>& names) {
  CellResults ensemble = *cells.front();
  for (std::size_t cell = 1; cell < cells.size(); ++cell) {
    const std::string both = "cells '" + names.front() + "' and '" + names[cell] + "'";
    require(cells[cell]->runs.size() == ensemble.runs.size(), both + " have different folds");
    ensemble.failed.insert(ensemble.failed.end(), cells[cell]->failed.begin(),
                           cells[cell]->failed.end());
  }
  for (std::size_t run = 0; run < ensemble.runs.size(); ++run) {
    std::vector<const RunResults*> runs;
    for (const CellResults* cell : cells) runs.push_back(&cell->runs[run]);
    RunResults& together = ensemble.runs[run];
    together.scored = ensemble_part(runs, &RunResults::scored, names);
    together.training = ensemble_part(runs, &RunResults::training, names);
    together.losses.clear();
    together.loss_as_printed = std::numeric_limits<double>::quiet_NaN();
    together.training_segments = 0;
    together.seconds = 0.0;
    for (const RunResults* one : runs) together.seconds += one->seconds;
  }
  return ensemble;
}

}  // namespace mer
