#include "mer/predict/joint_model.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <stdexcept>

#include "mer/core/error.hpp"
#include "mer/core/text.hpp"
#include "mer/core/version.hpp"
#include "mer/runs/ensemble_card.hpp"

namespace mer {
namespace {

constexpr std::size_t kFewestSongs = 20;  // as after training

std::vector<std::string> classes_of(const TensorFile& model) {
  return ModelCard::read(systems_in(model).front()).classes;
}

void add_tensors(const TensorFile& model, const std::string& prefix, NamedTensors& tensors) {
  for (const std::string& name : model.names()) {
    tensors.emplace_back(prefix + name, model.at(name));
  }
}

/// The model's card with another temperature.
TensorMetadata recalibrated(const TensorFile& model,
                            const ModelCard::FittedTemperature& calibration) {
  if (EnsembleCard::is_in(model)) {
    EnsembleCard card = EnsembleCard::read(model);
    card.calibration = calibration;
    return card.to_metadata();
  }
  ModelCard card = ModelCard::read(model);
  card.calibration = calibration;
  return card.to_metadata();
}

double number_in(const std::string& cell, const std::filesystem::path& file, int line) {
  double value = 0.0;
  const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  if (error != std::errc() || end != cell.data() + cell.size()) {
    throw UsageError(file.string() + ":" + std::to_string(line) + ": '" + cell +
                     "' is no probability");
  }
  return value;
}

/// The same songs in the order of `ids`.
ProbabilityRows in_order_of(const LabelledProbabilities& first,
                            const LabelledProbabilities& other) {
  std::map<std::string, std::size_t> places;
  for (std::size_t i = 0; i < other.ids.size(); ++i) places[other.ids[i]] = i;
  ProbabilityRows rows;
  for (std::size_t i = 0; i < first.ids.size(); ++i) {
    const auto found = places.find(first.ids[i]);
    if (found == places.end() || other.truth[found->second] != first.truth[i]) break;
    rows.push_back(other.probabilities[found->second]);
  }
  if (rows.size() != first.ids.size() || places.size() != rows.size()) {
    throw UsageError("the models' predictions are not of the same songs with the same labels: " +
                         std::to_string(first.ids.size()) + " and " +
                         std::to_string(other.ids.size()) + " songs",
                     "weights are fitted on songs that all models have predicted");
  }
  return rows;
}

}  // namespace

Joint Joint::with_equal_weights(std::size_t num_models) {
  return {std::vector<double>(num_models, 1.0 / static_cast<double>(num_models)), {}};
}

std::vector<TensorFile> systems_in(const TensorFile& file) {
  if (!EnsembleCard::is_in(file)) return {file};
  const EnsembleCard card = EnsembleCard::read(file);
  std::vector<TensorFile> systems;
  for (std::size_t i = 0; i < card.members.size(); ++i) {
    const auto of_member = systems_in(file.part(member_name(i), card.members[i]));
    systems.insert(systems.end(), of_member.begin(), of_member.end());
  }
  return systems;
}

ModelCard::FittedTemperature calibration_of(const TensorFile& file) {
  return EnsembleCard::is_in(file) ? EnsembleCard::read(file).calibration
                                   : ModelCard::read(file).calibration;
}

void write_joint_model(const std::filesystem::path& file, const std::vector<TensorFile>& models,
                       const Joint& joint) {
  if (models.empty() || joint.weights.size() != models.size()) {
    throw std::invalid_argument("write_joint_model: " + std::to_string(models.size()) +
                                " models with " + std::to_string(joint.weights.size()) +
                                " weights");
  }
  NamedTensors tensors;
  if (models.size() == 1) {
    add_tensors(models.front(), "", tensors);
    write_tensor_file(file, tensors, recalibrated(models.front(), joint.calibration));
    return;
  }
  EnsembleCard card;
  card.mer_version = kVersion;
  card.classes = classes_of(models.front());
  card.weights = joint.weights;
  card.calibration = joint.calibration;
  for (std::size_t i = 0; i < models.size(); ++i) {
    const std::vector<std::string> classes = classes_of(models[i]);
    if (classes != card.classes) {
      throw UsageError(models[i].path().string() + ": its classes are " + join(classes, ", ") +
                           ", those of " + models.front().path().string() + " are " +
                           join(card.classes, ", "),
                       "models that answer together need the same classes in the same order");
    }
    card.members.push_back(models[i].metadata());
    add_tensors(models[i], member_name(i) + ".", tensors);
  }
  write_tensor_file(file, tensors, card.to_metadata());
}

void LabelledProbabilities::append(const LabelledProbabilities& others) {
  ids.insert(ids.end(), others.ids.begin(), others.ids.end());
  truth.insert(truth.end(), others.truth.begin(), others.truth.end());
  probabilities.insert(probabilities.end(), others.probabilities.begin(),
                       others.probabilities.end());
}

void LabelledProbabilities::apply_temperature(double temperature) {
  for (auto& row : probabilities) row = with_temperature(row, temperature);
}

LabelledProbabilities predictions_of(const Evaluation& evaluation) {
  LabelledProbabilities predictions;
  for (const ScoredSong& scored : evaluation.songs) {
    predictions.ids.push_back(scored.song.id);
    const auto label = std::find(evaluation.classes.begin(), evaluation.classes.end(),
                                 scored.song.label);  // score_songs() knows every label
    predictions.truth.push_back(static_cast<int>(label - evaluation.classes.begin()));
    predictions.probabilities.push_back(scored.prediction.probabilities);
  }
  return predictions;
}

LabelledProbabilities read_predictions(const std::filesystem::path& file,
                                       const std::vector<std::string>& classes) {
  const std::vector<CsvRow> rows = read_csv(file);
  std::vector<std::string> header = {"id", "path", "label", "predicted", "confidence"};
  for (const std::string& name : classes) header.push_back("p_" + name);
  const std::size_t first_probability = header.size() - classes.size();
  header.emplace_back("segments");
  if (rows.empty() || rows.front().cells != header) {
    throw UsageError(file.string() + ": its columns are not " + join(header, ","),
                     "a predictions.csv of a model of the same classes is wanted");
  }
  LabelledProbabilities predictions;
  for (std::size_t i = 1; i < rows.size(); ++i) {
    const std::vector<std::string>& cells = rows[i].cells;
    const auto label = std::find(classes.begin(), classes.end(), cells[2]);
    if (label == classes.end()) {
      throw UsageError(file.string() + ":" + std::to_string(rows[i].line) + ": label '" + cells[2] +
                       "' is not among " + join(classes, ", "));
    }
    predictions.ids.push_back(cells[0]);
    predictions.truth.push_back(static_cast<int>(label - classes.begin()));
    std::vector<double> row;
    for (std::size_t c = 0; c < classes.size(); ++c) {
      row.push_back(number_in(cells[first_probability + c], file, rows[i].line));
    }
    predictions.probabilities.push_back(std::move(row));
  }
  return predictions;
}

Joint fit_joint(const std::vector<LabelledProbabilities>& models, const std::string& fitted_on) {
  if (models.empty()) throw std::invalid_argument("fit_joint: no models");
  const LabelledProbabilities& first = models.front();
  if (first.ids.size() < kFewestSongs) {
    throw UsageError(std::to_string(first.ids.size()) + " songs are too few to fit on",
                     "at least " + std::to_string(kFewestSongs) + " are needed");
  }
  std::vector<ProbabilityRows> rows;
  for (const LabelledProbabilities& model : models) rows.push_back(in_order_of(first, model));
  Joint joint;
  joint.weights = fit_weights(rows, first.truth);
  ProbabilityRows joined;
  for (std::size_t i = 0; i < first.truth.size(); ++i) {
    ProbabilityRows opinions;
    for (const ProbabilityRows& of_model : rows) opinions.push_back(of_model[i]);
    joined.push_back(models.size() == 1 ? opinions.front()
                                        : join_opinions(opinions, joint.weights));
  }
  const TemperatureFit fit = fit_temperature(joined, first.truth);
  joint.calibration = {fit.temperature, fit.count, fit.nll_before, fit.nll_after, fitted_on};
  return joint;
}

}  // namespace mer
