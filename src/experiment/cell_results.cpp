#include "mer/experiment/cell_results.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <nlohmann/json.hpp>

#include "mer/core/error.hpp"
#include "mer/core/text.hpp"
#include "mer/experiment/cell_folder.hpp"
#include "mer/metrics/calibration.hpp"
#include "mer/metrics/scores.hpp"

namespace mer {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

[[noreturn]] void refuse(const fs::path& file, const std::string& what) {
  throw UsageError(file.string() + ": " + what,
                   "remove " + file.parent_path().string() + " and run the sweep again");
}

Json read_json(const fs::path& file) {
  Json json = Json::parse(read_text_file(file), nullptr, false);
  if (!json.is_object()) refuse(file, "is not valid JSON");
  return json;
}

/// A CSV file whose columns are found by name.
class Table {
 public:
  explicit Table(const fs::path& file) : file_(file), rows_(read_csv(file)) {
    if (rows_.empty()) refuse(file, "is empty");
  }
  std::size_t size() const { return rows_.size() - 1; }
  std::size_t column(const std::string& name) const {
    const auto& header = rows_.front().cells;
    const auto found = std::find(header.begin(), header.end(), name);
    if (found == header.end()) refuse(file_, "has no column '" + name + "'");
    return static_cast<std::size_t>(found - header.begin());
  }
  const std::string& at(std::size_t row, std::size_t column) const {
    return rows_[row + 1].cells[column];
  }
  /// NaN for an empty cell.
  double number(std::size_t row, std::size_t column) const {
    const std::string& text = at(row, column);
    double value = std::numeric_limits<double>::quiet_NaN();
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (!text.empty() && (error != std::errc() || end != text.data() + text.size())) {
      refuse(file_, "'" + text + "' is not a number");
    }
    return value;
  }
  const fs::path& file() const { return file_; }

 private:
  fs::path file_;
  std::vector<CsvRow> rows_;
};

int class_of(const std::string& label, const std::vector<std::string>& classes,
             const fs::path& file) {
  const auto found = std::find(classes.begin(), classes.end(), label);
  if (found == classes.end()) refuse(file, "class '" + label + "' is not in metrics.json");
  return static_cast<int>(found - classes.begin());
}

std::map<std::string, std::string> groups_of(const fs::path& run) {
  const Table table(run / "split.csv");
  const std::size_t id = table.column("id");
  const std::size_t group = table.column("group");
  std::map<std::string, std::string> groups;
  for (std::size_t row = 0; row < table.size(); ++row) {
    groups[table.at(row, id)] = table.at(row, group);
  }
  return groups;
}

ScoredPart read_part(const fs::path& folder, const std::map<std::string, std::string>& groups,
                     const std::vector<std::string>& classes) {
  ScoredPart part;
  std::map<std::string, std::size_t> song_of;
  const Table songs(folder / "predictions.csv");
  const std::size_t id = songs.column("id");
  const std::size_t label = songs.column("label");
  const std::size_t predicted = songs.column("predicted");
  std::vector<std::size_t> shares;
  for (const std::string& name : classes) shares.push_back(songs.column("p_" + name));
  for (std::size_t row = 0; row < songs.size(); ++row) {
    const std::string& song = songs.at(row, id);
    const auto group = groups.find(song);
    if (group == groups.end()) refuse(songs.file(), "song '" + song + "' is not in split.csv");
    song_of[song] = part.songs.size();
    ScoredItem item{song,
                    group->second,
                    class_of(songs.at(row, label), classes, songs.file()),
                    class_of(songs.at(row, predicted), classes, songs.file()),
                    {}};
    for (const std::size_t column : shares) item.probabilities.push_back(songs.number(row, column));
    part.songs.push_back(std::move(item));
  }
  const Table segments(folder / "segments.csv");
  const std::size_t of_song = segments.column("id");
  const std::size_t answer = segments.column("predicted");
  for (std::size_t row = 0; row < segments.size(); ++row) {
    const auto song = song_of.find(segments.at(row, of_song));
    if (song == song_of.end()) {
      refuse(segments.file(), "song '" + segments.at(row, of_song) + "' is not in predictions.csv");
    }
    ScoredItem item = part.songs[song->second];
    item.probabilities.clear();
    item.predicted = class_of(segments.at(row, answer), classes, segments.file());
    part.segments.push_back(std::move(item));
  }
  return part;
}

std::vector<LossPoint> read_losses(const fs::path& file) {
  std::vector<LossPoint> losses;
  if (!fs::is_regular_file(file)) return losses;
  const Table table(file);
  const std::size_t iteration = table.column("iteration");
  const std::size_t loss = table.column("train_loss");
  const std::size_t softmax = table.column("train_softmax");
  for (std::size_t row = 0; row < table.size(); ++row) {
    losses.push_back({static_cast<std::int64_t>(table.number(row, iteration)),
                      table.number(row, loss), table.number(row, softmax)});
  }
  return losses;
}

double seconds_of(const fs::path& file) {
  if (!fs::is_regular_file(file)) return 0.0;
  const Table table(file);
  return table.size() == 0 ? 0.0 : table.number(table.size() - 1, table.column("seconds"));
}

double number_in(const Json& json, const char* key, double otherwise) {
  const auto found = json.find(key);
  return found != json.end() && found->is_number() ? found->get<double>() : otherwise;
}

void read_scores(const fs::path& run, const std::string& score, bool with_training,
                 CellResults& cell, RunResults& results) {
  const fs::path file = run / "eval" / score / "metrics.json";
  const Json metrics = read_json(file);
  const auto classes = metrics.find("classes");
  if (classes == metrics.end() || !classes->is_array()) refuse(file, "has no classes");
  cell.classes = classes->get<std::vector<std::string>>();
  for (const auto& song : metrics.value("failed", Json::array())) {
    cell.failed.push_back(song.get<std::string>());
  }
  const auto groups = groups_of(run);
  results.scored = read_part(run / "eval" / score, groups, cell.classes);
  if (with_training) results.training = read_part(run / "eval" / kTrain, groups, cell.classes);
  results.baseline_accuracy = number_in(metrics, "baseline_accuracy", 0.0);
}

void require(bool holds, const std::string& what) {
  if (holds) return;
  throw UsageError(what + ", so they can't be an ensemble",
                   "give both the same data and data.split");
}

ScoredPart ensemble_of_parts(const std::vector<const RunResults*>& runs,
                             ScoredPart RunResults::*part, const std::vector<std::string>& names) {
  std::vector<std::map<std::string, const ScoredItem*>> songs(runs.size());
  for (std::size_t run = 0; run < runs.size(); ++run) {
    for (const ScoredItem& song : (runs[run]->*part).songs) songs[run][song.song] = &song;
    require(songs[run].size() == songs.front().size(),
            "cells '" + names.front() + "' and '" + names[run] + "' have different songs");
  }
  const std::vector<double> weights(runs.size(), 1.0 / static_cast<double>(runs.size()));
  ScoredPart ensemble;
  for (const ScoredItem& song : (runs.front()->*part).songs) {
    ProbabilityRows opinions;
    for (std::size_t run = 0; run < runs.size(); ++run) {
      const auto found = songs[run].find(song.song);
      require(found != songs[run].end() && found->second->truth == song.truth,
              "cells '" + names.front() + "' and '" + names[run] + "' differ in song '" +
                  song.song + "'");
      opinions.push_back(found->second->probabilities);
    }
    ScoredItem answer = song;
    answer.probabilities = join_opinions(opinions, weights);
    answer.predicted = argmax(answer.probabilities);
    ensemble.songs.push_back(std::move(answer));
  }
  return ensemble;
}

}  // namespace

CellResults read_cell_results(const SweepCell& cell, const fs::path& folder,
                              const std::string& score, bool with_training) {
  CellResults results;
  for (const fs::path& run : runs_of(cell, folder)) {
    RunResults of_run;
    if (score != kScoreNone) read_scores(run, score, with_training, results, of_run);
    const Json status = read_json(run / "run.json");
    const Json dataset = status.value("dataset", Json::object());
    of_run.training_songs = static_cast<std::int64_t>(number_in(dataset, "training_songs", 0.0));
    of_run.training_segments =
        static_cast<std::int64_t>(number_in(dataset, "training_segments", 0.0));
    of_run.loss_as_printed =
        number_in(status, "train_loss_as_printed", std::numeric_limits<double>::quiet_NaN());
    of_run.losses = read_losses(run / "metrics.csv");
    of_run.seconds = seconds_of(run / "metrics.csv");
    results.runs.push_back(std::move(of_run));
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
    together.scored = ensemble_of_parts(runs, &RunResults::scored, names);
    together.training = ensemble_of_parts(runs, &RunResults::training, names);
    together.losses.clear();
    together.loss_as_printed = std::numeric_limits<double>::quiet_NaN();
    together.training_segments = 0;
    together.seconds = 0.0;
    for (const RunResults* one : runs) together.seconds += one->seconds;
  }
  return ensemble;
}

}  // namespace mer
