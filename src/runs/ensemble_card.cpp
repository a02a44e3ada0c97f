#include "mer/runs/ensemble_card.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

#include "card_reader.hpp"
#include "mer/core/text.hpp"
#include "mer/core/version.hpp"

namespace mer {
namespace {

constexpr const char* kEnsembleFormat = "mer-ensemble";

void check_weights(const CardReader& reader, const std::vector<double>& weights) {
  constexpr double kRounding = 1e-6;
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  const bool all_at_least_0 =
      std::all_of(weights.begin(), weights.end(), [](double weight) { return weight >= 0.0; });
  if (!all_at_least_0 || !(std::abs(sum - 1.0) < kRounding)) {
    reader.fail("the weights of its members are " + json_text(weights) +
                ", they must be at least 0 and sum to 1");
  }
}

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
  const auto with = [&](auto card) {
    card.calibration = calibration;
    return card.to_metadata();
  };
  return EnsembleCard::is_in(model) ? with(EnsembleCard::read(model))
                                    : with(ModelCard::read(model));
}

}  // namespace

std::string member_name(std::size_t index) { return "member-" + std::to_string(index + 1); }

TensorMetadata EnsembleCard::to_metadata() const {
  TensorMetadata metadata = {{"format", kEnsembleFormat},
                             {"schema", std::to_string(kSchema)},
                             {"mer_version", mer_version},
                             {"classes", json_text(classes)},
                             {"weights", json_text(weights)}};
  if (calibration.songs > 0) metadata["calibration"] = json_text(to_json(calibration));
  for (std::size_t i = 0; i < members.size(); ++i) metadata[member_name(i)] = json_text(members[i]);
  return metadata;
}

bool EnsembleCard::is_in(const TensorFile& file) {
  const auto format = file.metadata().find("format");
  return format != file.metadata().end() && format->second == kEnsembleFormat;
}

EnsembleCard EnsembleCard::read(const TensorFile& file) {
  const CardReader reader(file);
  reader.expect(kEnsembleFormat, kSchema);
  EnsembleCard card;
  card.mer_version = reader.text("mer_version");
  card.classes = reader.value<std::vector<std::string>>("classes");
  card.weights = reader.value<std::vector<double>>("weights");
  card.calibration = reader.calibration();
  if (card.weights.size() < 2) {
    reader.fail("it joins " + std::to_string(card.weights.size()) + " models, two are the fewest");
  }
  check_weights(reader, card.weights);
  for (std::size_t i = 0; i < card.weights.size(); ++i) {
    card.members.push_back(reader.value<TensorMetadata>(member_name(i)));
  }
  return card;
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

void write_ensemble(const std::filesystem::path& file, const std::vector<TensorFile>& models,
                    const std::vector<double>& weights,
                    const ModelCard::FittedTemperature& calibration) {
  if (models.empty() || weights.size() != models.size()) {
    throw std::invalid_argument("write_ensemble: " + std::to_string(models.size()) +
                                " models with " + std::to_string(weights.size()) + " weights");
  }
  NamedTensors tensors;
  if (models.size() == 1) {
    add_tensors(models.front(), "", tensors);
    write_tensor_file(file, tensors, recalibrated(models.front(), calibration));
    return;
  }
  EnsembleCard card;
  card.mer_version = kVersion;
  card.classes = classes_of(models.front());
  card.weights = weights;
  card.calibration = calibration;
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

}  // namespace mer
