#pragma once

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>

#include "mer/core/error.hpp"
#include "mer/core/json.hpp"
#include "mer/runs/model_card.hpp"

namespace mer {

/// Reads entries of a model file's metadata; every failure names the file.
class CardReader {
 public:
  explicit CardReader(const TensorFile& file)
      : name_(file.path().string()), metadata_(file.metadata()) {}

  /// That the file is of this kind and of a schema that this mer knows.
  void expect(const std::string& format, int schema) const {
    const auto found = metadata_.find("format");
    if (found == metadata_.end() || found->second != format) {
      fail("it is a tensor file of another kind");
    }
    const int its_own = value<int>("schema");
    if (its_own != schema) {
      fail("its schema is " + std::to_string(its_own) + ", this mer reads " +
           std::to_string(schema));
    }
  }

  const std::string& text(const std::string& key) const {
    const auto found = metadata_.find(key);
    if (found == metadata_.end()) fail("it has no '" + key + "'");
    return found->second;
  }

  nlohmann::ordered_json document(const std::string& key) const {
    nlohmann::ordered_json json = nlohmann::ordered_json::parse(text(key), nullptr, false);
    if (json.is_discarded()) fail("'" + key + "' is not JSON");
    return json;
  }

  nlohmann::ordered_json object(const std::string& key) const {
    nlohmann::ordered_json json = document(key);
    if (!json.is_object()) fail("'" + key + "' is not a JSON object");
    return json;
  }

  /// An object as it stands there.
  const std::string& object_text(const std::string& key) const {
    object(key);
    return text(key);
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
    return options_in_card<Options>(object_text(key), key, name_);
  }

  /// A number of an object; NaN where it is null or not there.
  double number_or_nan(const std::string& key, const nlohmann::ordered_json& object,
                       const std::string& name) const {
    const auto found = object.find(name);
    if (found == object.end() || found->is_null()) return std::numeric_limits<double>::quiet_NaN();
    if (!found->is_number()) fail("'" + key + "' has no number under '" + name + "'");
    return found->get<double>();
  }

  /// Temperature 1 in a file without the entry.
  ModelCard::FittedTemperature calibration() const {
    ModelCard::FittedTemperature fitted;
    if (metadata_.count("calibration") == 0) return fitted;
    const nlohmann::ordered_json entry = object("calibration");
    const auto number = [&](const char* name) { return number_or_nan("calibration", entry, name); };
    fitted.temperature = number("temperature");
    if (!(fitted.temperature > 0.0 && std::isfinite(fitted.temperature))) {
      fail("'calibration' has no temperature above 0");
    }
    const double songs = number("songs");
    if (!(songs >= 1.0)) fail("'calibration' was fitted on no songs");
    fitted.songs = static_cast<std::int64_t>(songs);
    fitted.nll_before = number("nll_before");
    fitted.nll_after = number("nll_after");
    const auto words = entry.find("fitted_on");
    if (words != entry.end() && words->is_string()) fitted.fitted_on = words->get<std::string>();
    return fitted;
  }

  [[noreturn]] void fail(const std::string& reason) const {
    throw UsageError(name_ + ": not a usable model: " + reason,
                     "give a best.safetensors or last.safetensors that `mer train` wrote");
  }

 private:
  std::string name_;
  const TensorMetadata& metadata_;
};

}  // namespace mer
