#include "run_record.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <nlohmann/json.hpp>

#include "mer/core/error.hpp"
#include "mer/core/text.hpp"

namespace mer {
namespace {

namespace fs = std::filesystem;

nlohmann::json read_json(const fs::path& file) {
  auto json = nlohmann::json::parse(read_text_file(file), nullptr, false);
  if (!json.is_object()) throw UsageError(file.string() + ": is not valid JSON");
  return json;
}

double number_of(const std::string& text) {
  if (text.empty()) return std::numeric_limits<double>::quiet_NaN();
  return std::strtod(text.c_str(), nullptr);
}

std::vector<PredictedSong> read_songs(const fs::path& file, std::size_t num_classes) {
  constexpr std::size_t kFirstProbability = 5;  // id, path, label, predicted, confidence
  std::vector<PredictedSong> songs;
  const std::vector<CsvRow> rows = read_csv(file);
  for (std::size_t i = 1; i < rows.size(); ++i) {
    const std::vector<std::string>& cells = rows[i].cells;
    if (cells.size() < kFirstProbability + num_classes) {
      throw UsageError(file.string() + ":" + std::to_string(rows[i].line) + ": has too few cells",
                       "mer eval writes it anew");
    }
    PredictedSong song{cells[1], cells[2], cells[3], number_of(cells[4]), {}};
    for (std::size_t c = 0; c < num_classes; ++c) {
      song.probabilities.push_back(number_of(cells[kFirstProbability + c]));
    }
    songs.push_back(std::move(song));
  }
  return songs;
}

EvaluationRecord read_evaluation(const fs::path& folder) {
  EvaluationRecord record;
  record.split = folder.filename().string();
  record.metrics = read_json(folder / "metrics.json");
  try {
    record.classes = record.metrics.at("classes").get<std::vector<std::string>>();
  } catch (const nlohmann::json::exception& error) {
    throw UsageError((folder / "metrics.json").string() + ": " + error.what());
  }
  if (fs::exists(folder / "predictions.csv")) {
    record.songs = read_songs(folder / "predictions.csv", record.classes.size());
  }
  return record;
}

/// The test songs first: they are what counts.
std::vector<EvaluationRecord> read_evaluations(const fs::path& run) {
  std::vector<EvaluationRecord> records;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(run / "eval", ignored)) {
    if (fs::exists(entry.path() / "metrics.json")) {
      records.push_back(read_evaluation(entry.path()));
    }
  }
  std::sort(records.begin(), records.end(), [](const auto& a, const auto& b) {
    return std::pair(a.split != "test", a.split) < std::pair(b.split != "test", b.split);
  });
  return records;
}

}  // namespace

bool Curve::empty() const {
  return std::all_of(values.begin(), values.end(), [](double value) { return std::isnan(value); });
}

std::string RunRecord::name() const {
  const fs::path real = fs::weakly_canonical(folder);
  return real.filename().string();
}

const Curve* RunRecord::curve(const std::string& wanted) const {
  for (const Curve& curve : curves) {
    if (curve.name == wanted && !curve.empty()) return &curve;
  }
  return nullptr;
}

std::vector<Curve> read_curves(const fs::path& csv) {
  const std::vector<CsvRow> rows = read_csv(csv);
  std::vector<Curve> curves;
  if (rows.empty()) return curves;
  for (std::size_t column = 1; column < rows.front().cells.size(); ++column) {
    Curve curve;
    curve.name = rows.front().cells[column];
    for (std::size_t row = 1; row < rows.size(); ++row) {
      curve.iterations.push_back(number_of(rows[row].cells.front()));
      curve.values.push_back(number_of(rows[row].cells[column]));
    }
    curves.push_back(std::move(curve));
  }
  return curves;
}

RunRecord read_run(const fs::path& folder) {
  RunRecord record;
  record.folder = folder;
  if (fs::exists(folder / "run.json")) record.run = read_json(folder / "run.json");
  if (fs::exists(folder / "config.yaml")) record.config = read_text_file(folder / "config.yaml");
  if (fs::exists(folder / "metrics.csv")) record.curves = read_curves(folder / "metrics.csv");
  record.evaluations = read_evaluations(folder);
  for (int fold = 1; fs::is_directory(folder / ("fold-" + std::to_string(fold))); ++fold) {
    record.folds.push_back(read_run(folder / ("fold-" + std::to_string(fold))));
  }
  return record;
}

SongProbabilities probabilities_of(const EvaluationRecord& evaluation) {
  SongProbabilities items;
  for (const PredictedSong& song : evaluation.songs) {
    const auto label = std::find(evaluation.classes.begin(), evaluation.classes.end(), song.label);
    if (label == evaluation.classes.end()) continue;
    items.truth.push_back(static_cast<int>(label - evaluation.classes.begin()));
    items.probabilities.push_back(song.probabilities);
  }
  return items;
}

}  // namespace mer
