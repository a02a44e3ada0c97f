#include "mer/runs/model_card.hpp"

#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "card_reader.hpp"

namespace mer {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kFormat = "mer-model";

Json number_or_null(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

}  // namespace

Json to_json(const ModelCard::FittedTemperature& calibration) {
  return {{"temperature", calibration.temperature},
          {"songs", calibration.songs},
          {"nll_before", number_or_null(calibration.nll_before)},
          {"nll_after", number_or_null(calibration.nll_after)},
          {"fitted_on", calibration.fitted_on}};
}

TensorMetadata ModelCard::to_metadata() const {
  const Json scores = {{"loss", number_or_null(validation.loss)},
                       {"accuracy", number_or_null(validation.accuracy)},
                       {"macro_f1", number_or_null(validation.macro_f1)}};
  TensorMetadata metadata = {{"format", kFormat},
                             {"schema", std::to_string(kSchema)},
                             {"mer_version", mer_version},
                             {"run_name", run_name},
                             {"config", dump(config)},
                             {"recipe", dump(recipe)},
                             {"recipe_shared", dump(recipe_shared)},
                             {"recipe_fingerprint", recipe_fingerprint},
                             {"segment", dump(segment)},
                             {"inputs", dump(inputs)},
                             {"model", dump(to_json(model))},
                             {"layout", dump(layout)},
                             {"classes", dump(classes)},
                             {"training_counts", dump(training_counts)},
                             {"iteration", std::to_string(iteration)},
                             {"validation", dump(scores)}};
  if (!descriptors.is_null()) metadata["descriptors"] = dump(descriptors);
  if (!embeddings.is_null()) metadata["embeddings"] = dump(embeddings);
  if (is_network()) {
    metadata["loss"] = dump(to_json(loss));
    metadata["shape"] = dump(to_json(shape));
  } else {
    metadata["classic"] = dump(classic);
  }
  if (calibration.songs > 0) metadata["calibration"] = dump(to_json(calibration));
  return metadata;
}

ModelCard ModelCard::read(const TensorFile& file) {
  const CardReader reader(file);
  reader.expect(kFormat, kSchema);
  ModelCard card;
  card.mer_version = reader.text("mer_version");
  card.run_name = reader.text("run_name");
  card.config = reader.object("config");
  card.recipe = reader.object("recipe");
  card.recipe_shared = reader.object("recipe_shared");
  card.recipe_fingerprint = reader.text("recipe_fingerprint");
  card.segment = reader.object("segment");
  card.inputs = reader.object("inputs");
  card.model = reader.options<ModelOptions>("model");
  if (file.metadata().count("classic") > 0) {
    card.classic = reader.object("classic");
  } else {
    card.loss = reader.options<LossOptions>("loss");
    card.shape = reader.options<NetworkShape>("shape");
  }
  if (file.metadata().count("descriptors") > 0) card.descriptors = reader.object("descriptors");
  if (file.metadata().count("embeddings") > 0) card.embeddings = reader.object("embeddings");
  card.layout = reader.object("layout");
  card.classes = reader.value<std::vector<std::string>>("classes");
  card.training_counts = reader.value<std::vector<std::int64_t>>("training_counts");
  card.iteration = reader.value<std::int64_t>("iteration");
  const Json scores = reader.object("validation");
  card.validation = {reader.number_or_nan("validation", scores, "loss"),
                     reader.number_or_nan("validation", scores, "accuracy"),
                     reader.number_or_nan("validation", scores, "macro_f1")};
  card.calibration = reader.calibration();

  const std::size_t num_classes = card.classes.size();
  if (num_classes < 2 ||
      std::set<std::string>(card.classes.begin(), card.classes.end()).size() != num_classes) {
    reader.fail("it names " + std::to_string(num_classes) + " classes, or one twice");
  }
  const bool wrong_shape =
      card.is_network() && static_cast<std::size_t>(card.shape.num_classes) != num_classes;
  if (card.training_counts.size() != num_classes || wrong_shape) {
    reader.fail("its class names, training counts and outputs differ in number");
  }
  return card;
}

}  // namespace mer
