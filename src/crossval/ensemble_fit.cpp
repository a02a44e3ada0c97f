#include "mer/crossval/ensemble_fit.hpp"

#include "mer/core/error.hpp"
#include "mer/core/tensor_file.hpp"
#include "mer/core/text.hpp"
#include "mer/runs/ensemble_card.hpp"
#include "mer/runs/evaluation_files.hpp"
#include "mer/runs/run_folder.hpp"

namespace mer {
namespace {

namespace fs = std::filesystem;

FittedEnsemble fit(const std::vector<LabelledProbabilities>& models, const std::string& fitted_on) {
  const EnsembleFit fit = fit_ensemble(models);
  const TemperatureFit& temperature = fit.temperature;
  return {fit.weights,
          {temperature.temperature, temperature.count, temperature.nll_before,
           temperature.nll_after, fitted_on}};
}

double temperature_of(const fs::path& model) {
  return calibration_of(TensorFile::open(model)).temperature;
}

/// What each fold of a cross-validation said of its test songs, at temperature 1.
LabelledProbabilities out_of_fold(const fs::path& run, const std::vector<std::string>& classes) {
  const std::vector<RunFolder> folds = RunFolder(run).folds();
  if (folds.empty()) {
    throw UsageError(run.string() + ": is not a cross-validation: it has no fold-1",
                     "mer train with data.split.folds makes one");
  }
  LabelledProbabilities predictions;
  for (const RunFolder& fold : folds) {
    LabelledProbabilities of_fold =
        labelled(read_predictions(fold.evaluation_folder(kTest), classes), classes);
    of_fold.apply_temperature(1.0 / temperature_of(fold.weights_file(fold.selected_weights())));
    predictions.append(of_fold);
  }
  return predictions;
}

}  // namespace

FittedEnsemble fit_on_songs(const std::vector<fs::path>& models,
                            std::vector<LabelledProbabilities> predictions,
                            const std::string& fitted_on) {
  if (models.size() == 1) {
    predictions.front().apply_temperature(1.0 / temperature_of(models.front()));
  }
  return fit(predictions, fitted_on);
}

FittedEnsemble fit_on_folds(const std::vector<fs::path>& models,
                            const std::vector<fs::path>& cross_validations) {
  std::vector<LabelledProbabilities> predictions;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < models.size(); ++i) {
    const TensorFile file = TensorFile::open(models[i]);
    const std::vector<std::string> classes = ModelCard::read(systems_in(file).front()).classes;
    predictions.push_back(out_of_fold(cross_validations[i], classes));
    names.push_back(fs::absolute(cross_validations[i]).lexically_normal().filename().string());
    if (models.size() > 1) predictions.back().apply_temperature(calibration_of(file).temperature);
  }
  return fit(predictions, "out-of-fold predictions of " + join(names, ", "));
}

FittedEnsemble ensemble_of_equals(const std::vector<fs::path>& models) {
  FittedEnsemble ensemble{Ensemble::of_equals(models.size()).weights, {}};
  if (models.size() == 1) {
    ensemble.calibration = calibration_of(TensorFile::open(models.front()));
  }
  return ensemble;
}

void write_ensemble_file(const fs::path& file, const std::vector<fs::path>& models,
                         const FittedEnsemble& ensemble) {
  std::vector<TensorFile> files;
  for (const fs::path& model : models) files.push_back(TensorFile::open(model));
  write_ensemble(file, files, ensemble.weights, ensemble.calibration);
}

}  // namespace mer
