#include "mer/model/model_card.hpp"

#include <cmath>
#include <set>

#include "mer/core/error.hpp"
#include "mer/core/options.hpp"

namespace mer {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kFormat = "mer-model";

/// Reads entries of a model file's metadata; every failure names the file.
class CardReader {
 public:
  explicit CardReader(const TensorFile& file)
      : name_(file.path().string()), metadata_(file.metadata()) {}

  const std::string& text(const std::string& key) const {
    const auto found = metadata_.find(key);
    if (found == metadata_.end()) fail("it has no '" + key + "'");
    return found->second;
  }

  Json document(const std::string& key) const {
    Json json = Json::parse(text(key), nullptr, false);
    if (json.is_discarded()) fail("'" + key + "' is not JSON");
    return json;
  }

  Json object(const std::string& key) const {
    Json json = document(key);
    if (!json.is_object()) fail("'" + key + "' is not a JSON object");
    return json;
  }

  template <class Value>
  Value value(const std::string& key) const {
    try {
      return document(key).get<Value>();
    } catch (const nlohmann::json::exception&) {
      fail("'" + key + "' has the value " + text(key) + ", which is of the wrong kind");
    }
  }

  template <class Options>
  Options options(const std::string& key) const {
    return options_from_json<Options>(object(key), name_ + " ('" + key + "' of the model)");
  }

  [[noreturn]] void fail(const std::string& reason) const {
    throw UsageError(name_ + ": not a usable model: " + reason,
                     "give a best.safetensors or last.safetensors that `mer train` wrote");
  }

 private:
  std::string name_;
  const TensorMetadata& metadata_;
};

Json number_or_null(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

double number_or_nan(const CardReader& reader, const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return std::numeric_limits<double>::quiet_NaN();
  if (!found->is_number()) {
    reader.fail(std::string("'validation' has no number under '") + key + "'");
  }
  return found->get<double>();
}

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

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
  return metadata;
}

ModelCard ModelCard::read(const TensorFile& file) {
  const CardReader reader(file);
  const auto format = file.metadata().find("format");
  if (format == file.metadata().end() || format->second != kFormat) {
    reader.fail("it is a tensor file of another kind");
  }
  const int schema = reader.value<int>("schema");
  if (schema != kSchema) {
    reader.fail("its schema is " + std::to_string(schema) + ", this mer reads " +
                std::to_string(kSchema));
  }
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
  card.validation = {number_or_nan(reader, scores, "loss"),
                     number_or_nan(reader, scores, "accuracy"),
                     number_or_nan(reader, scores, "macro_f1")};

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
