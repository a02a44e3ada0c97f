#include "mer/runs/model_card.hpp"

#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "card_reader.hpp"
#include "mer/config/classic/va_regression.hpp"

namespace mer {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kModelFormat = "mer-model";

}  // namespace

Json to_json(const ModelCard::FittedTemperature& calibration) {
  return {{"temperature", calibration.temperature},
          {"songs", calibration.songs},
          {"nll_before", number_or_null(calibration.nll_before)},
          {"nll_after", number_or_null(calibration.nll_after)},
          {"fitted_on", calibration.fitted_on}};
}

double ModelCard::Validation::score() const {
  double sum = 0.0;
  double count = 0.0;
  for (const double one : {macro_f1, concordance, roc_auc}) {
    if (std::isnan(one)) continue;
    sum += one;
    ++count;
  }
  return sum / count;  // 0 / 0 is NaN
}

bool ModelCard::answers_values() const {
  return shape.num_values > 0 || model.name == VaRegressionOptions::kName;
}

Json to_json(const ModelCard::Validation& validation) {
  Json json = {{"loss", number_or_null(validation.loss)},
               {"accuracy", number_or_null(validation.accuracy)},
               {"macro_f1", number_or_null(validation.macro_f1)}};
  for (const auto& [name, value] : {std::pair("concordance", validation.concordance),
                                    {"roc_auc", validation.roc_auc},
                                    {"pr_auc", validation.pr_auc}}) {
    if (!std::isnan(value)) json[name] = value;
  }
  return json;
}

TensorMetadata ModelCard::to_metadata() const {
  const Json scores = to_json(validation);
  TensorMetadata metadata = {{"format", kModelFormat},
                             {"schema", std::to_string(kSchema)},
                             {"mer_version", mer_version},
                             {"run_name", run_name},
                             {"config", config},
                             {"recipe", recipe},
                             {"recipe_shared", recipe_shared},
                             {"recipe_fingerprint", recipe_fingerprint},
                             {"segment", segment},
                             {"inputs", inputs},
                             {"model", json_text(to_json(model))},
                             {"layout", layout},
                             {"classes", json_text(classes)},
                             {"training_counts", json_text(training_counts)},
                             {"iteration", std::to_string(iteration)},
                             {"validation", json_text(scores)}};
  if (!descriptors.empty()) metadata["descriptors"] = descriptors;
  if (!embeddings.empty()) metadata["embeddings"] = embeddings;
  if (is_network()) {
    metadata["loss"] = json_text(to_json(loss));
    metadata["shape"] = json_text(to_json(shape));
  } else {
    metadata["classic"] = classic;
  }
  if (!tags.empty()) {
    metadata["tags"] = json_text(tags);
    metadata["tag_thresholds"] = json_text(tag_thresholds);
  }
  if (calibration.songs > 0) metadata["calibration"] = json_text(to_json(calibration));
  return metadata;
}

ModelCard ModelCard::read(const TensorFile& file) {
  const CardReader reader(file);
  reader.expect(kModelFormat, kSchema);
  ModelCard card;
  card.mer_version = reader.text("mer_version");
  card.run_name = reader.text("run_name");
  card.config = reader.object_text("config");
  card.recipe = reader.object_text("recipe");
  card.recipe_shared = reader.object_text("recipe_shared");
  card.recipe_fingerprint = reader.text("recipe_fingerprint");
  card.segment = reader.object_text("segment");
  card.inputs = reader.object_text("inputs");
  card.model = reader.options<ModelOptions>("model");
  if (file.metadata().count("classic") > 0) {
    card.classic = reader.object_text("classic");
  } else {
    card.loss = reader.options<LossOptions>("loss");
    card.shape = reader.options<NetworkShape>("shape");
  }
  if (file.metadata().count("descriptors") > 0)
    card.descriptors = reader.object_text("descriptors");
  if (file.metadata().count("embeddings") > 0) card.embeddings = reader.object_text("embeddings");
  card.layout = reader.object_text("layout");
  card.classes = reader.value<std::vector<std::string>>("classes");
  card.training_counts = reader.value<std::vector<std::int64_t>>("training_counts");
  if (file.metadata().count("tags") > 0) {
    card.tags = reader.value<std::vector<std::string>>("tags");
    card.tag_thresholds = reader.value<std::vector<double>>("tag_thresholds");
  }
  card.iteration = reader.value<std::int64_t>("iteration");
  const Json scores = reader.object("validation");
  card.validation = {reader.number_or_nan("validation", scores, "loss"),
                     reader.number_or_nan("validation", scores, "accuracy"),
                     reader.number_or_nan("validation", scores, "macro_f1"),
                     reader.number_or_nan("validation", scores, "concordance"),
                     reader.number_or_nan("validation", scores, "roc_auc"),
                     reader.number_or_nan("validation", scores, "pr_auc")};
  card.calibration = reader.calibration();

  const std::size_t num_classes = card.classes.size();
  const auto is_distinct = [](const std::vector<std::string>& names) {
    return std::set<std::string>(names.begin(), names.end()).size() == names.size();
  };
  if (num_classes == 1 || !is_distinct(card.classes)) {
    reader.fail("it names " + std::to_string(num_classes) + " classes, or one twice");
  }
  if (!is_distinct(card.tags)) reader.fail("it names a tag twice");
  if (num_classes == 0 && card.tags.empty() && !card.answers_values()) {
    reader.fail("it answers neither classes, tags nor valence and arousal");
  }
  const bool wrong_shape =
      card.is_network() && (static_cast<std::size_t>(card.shape.num_classes) != num_classes ||
                            static_cast<std::size_t>(card.shape.num_tags) != card.tags.size());
  if (card.training_counts.size() != num_classes ||
      card.tag_thresholds.size() != card.tags.size() || wrong_shape) {
    reader.fail("its names, training counts, thresholds and outputs differ in number");
  }
  return card;
}

}  // namespace mer
