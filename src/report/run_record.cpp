#include "run_record.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include "mer/core/hash.hpp"
#include "mer/core/text.hpp"

namespace mer {
namespace {

namespace fs = std::filesystem;

Evaluation read_part(const RunFolder& folder, const std::string& split) {
  const fs::path part = folder.evaluation_folder(split);
  Evaluation evaluation =
      read_evaluation(part, has_songs(part) ? EvaluationPart::kSongs : EvaluationPart::kScores);
  evaluation.split = split;
  return evaluation;
}

/// Of the weights that the run, or its folds, hold now.
std::set<std::string> hashes_of_weights(const RunFolder& folder) {
  std::set<std::string> hashes;
  for (const fs::path& file : {folder.best_file(), folder.last_file()}) {
    if (fs::exists(file)) hashes.insert(hash_file_hex(file));
  }
  for (const RunFolder& fold : folder.folds()) hashes.merge(hashes_of_weights(fold));
  return hashes;
}

}  // namespace

bool Curve::empty() const {
  return std::all_of(values.begin(), values.end(), [](double value) { return std::isnan(value); });
}

const Curve* RunRecord::curve(const std::string& wanted) const {
  for (const Curve& curve : curves) {
    if (curve.name == wanted && !curve.empty()) return &curve;
  }
  return nullptr;
}

std::vector<Curve> curves_of(const CsvTable& table) {
  std::vector<Curve> curves;
  for (std::size_t column = 1; column < table.columns().size(); ++column) {
    Curve curve{table.columns()[column], {}, {}};
    for (std::size_t row = 0; row < table.size(); ++row) {
      curve.iterations.push_back(table.number_or_nan(row, table.columns().front()));
      curve.values.push_back(table.number_or_nan(row, curve.name));
    }
    curves.push_back(std::move(curve));
  }
  return curves;
}

RunRecord read_run(const RunFolder& folder) {
  RunRecord record{folder, {}, {}, {}, {}, {}, {}};
  if (folder.has_status()) record.status = folder.read_status();
  if (folder.has_config()) record.config = read_text_file(folder.config_file());
  if (fs::exists(folder.metrics_file())) record.curves = curves_of(folder.metrics());
  const std::set<std::string> hashes = hashes_of_weights(folder);
  for (const std::string& split : folder.scored_splits()) {
    Evaluation evaluation = read_part(folder, split);
    const bool is_own = std::all_of(
        evaluation.models.begin(), evaluation.models.end(),
        [&hashes](const Evaluation::Model& model) { return hashes.count(model.hash) != 0; });
    if (is_own) {
      record.evaluations.push_back(std::move(evaluation));
    } else {
      record.left_out.push_back("eval/" + split + " is of other weights (" + evaluation.model +
                                ")");
    }
  }
  for (const RunFolder& fold : folder.folds()) record.folds.push_back(read_run(fold));
  return record;
}

}  // namespace mer
