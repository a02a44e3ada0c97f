#pragma once

#include <cstdint>
#include <limits>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "mer/config/loss_options.hpp"
#include "mer/config/model_options.hpp"
#include "mer/config/network_shape.hpp"
#include "mer/core/options.hpp"
#include "mer/core/tensor_file.hpp"

namespace mer {

/// What stands beside the weights in a model file (best, last, bundled), so that the file alone is
/// enough to predict with anywhere. Free of LibTorch.
///
/// Tensors: `network.*` (weights), `loss.*` (class centers, if any), `standardization.*`; of a
/// classical system `classic.*`. The card is the file's metadata: one entry a member below, of the
/// same name, as JSON text. What belongs to rooms that this one doesn't know (recipe, segment,
/// inputs, classic, descriptors, embeddings, layout) is kept as JSON text. Either `classic` or
/// `loss` and `shape` stand in a file.
struct ModelCard {
  static constexpr int kSchema = 1;

  /// Scores of these weights on the validation songs; NaN where there were none.
  struct Validation {
    double loss = std::numeric_limits<double>::quiet_NaN();
    double accuracy = std::numeric_limits<double>::quiet_NaN();
    double macro_f1 = std::numeric_limits<double>::quiet_NaN();
    double concordance = std::numeric_limits<double>::quiet_NaN();  ///< mean of both axes
    double roc_auc = std::numeric_limits<double>::quiet_NaN();      ///< macro, over tags
    double pr_auc = std::numeric_limits<double>::quiet_NaN();

    /// What the best weights are chosen by: the mean of macro-F1, concordance and ROC-AUC, of those
    /// that are measured; NaN without any.
    double score() const;
  };

  /// The temperature T of a system's song probabilities p^(1/T) / Σ p^(1/T), and what it was found
  /// on. It is the song's: segments are shown with the same.
  struct FittedTemperature {
    double temperature = 1.0;
    std::int64_t songs = 0;                                        ///< 0 = not fitted
    double nll_before = std::numeric_limits<double>::quiet_NaN();  ///< mean −ln p, at temperature 1
    double nll_after = std::numeric_limits<double>::quiet_NaN();
    std::string fitted_on;  ///< in words
  };

  std::string mer_version;
  std::string run_name;            ///< the run folder's name
  std::string config;              ///< the whole effective RunConfig
  std::string recipe;              ///< to_json(Recipe), including which part of a song was read
  std::string recipe_shared;       ///< Recipe::shared(), to compare with a feature file's
  std::string recipe_fingerprint;  ///< Recipe::fingerprint()
  std::string segment;             ///< to_json(SegmentOptions)
  std::string inputs;              ///< to_json(InputOptions)
  std::string classic;             ///< to_json(ClassicSection); empty for a network
  /// to_json(DescriptorOptions); empty where the system sees no musical descriptors
  std::string descriptors;
  /// EmbeddingExtractor::recipe(); empty where the system sees no embeddings
  std::string embeddings;
  ModelOptions model;
  LossOptions loss;
  NetworkShape shape;
  /// What the feature columns are: `sample_rate_hz`, `window_samples`, `hop_samples`,
  /// `spectrogram_columns`, `lld_columns` [names], `lld_groups` [{name, first_column,
  /// num_columns}].
  std::string layout;
  std::vector<std::string> classes;  ///< in the order of the network's outputs; empty without any
  std::vector<std::int64_t> training_counts;  ///< training songs of each class, parallel to classes
  std::vector<std::string> tags;  ///< in the order of the network's outputs; empty without any
  /// Parallel to tags: a song has a tag from this probability on, that of the best F1 on the
  /// validation songs.
  std::vector<double> tag_thresholds;
  std::int64_t iteration = 0;  ///< optimizer steps behind these weights
  Validation validation;
  FittedTemperature calibration;  ///< an entry of the file where it was fitted

  bool is_network() const { return classic.empty(); }
  bool answers_values() const;  ///< valence and arousal
  TensorMetadata to_metadata() const;

  /// @throws UsageError naming the file when it isn't a model of mer, comes from a newer mer, or
  ///         lacks an entry
  static ModelCard read(const TensorFile& file);
};

nlohmann::ordered_json to_json(const ModelCard::FittedTemperature& calibration);
/// With null for what is not known of loss, accuracy and macro_f1; the others are left out.
nlohmann::ordered_json to_json(const ModelCard::Validation& validation);

/// The options that an entry of a card holds.
/// @param entry    its name, and the model file's path, for messages
/// @param options  what absent keys keep
template <class Options>
Options options_in_card(const std::string& json, const std::string& entry, const std::string& file,
                        Options options = {}) {
  ConfigDocument::parse(json, file + " ('" + entry + "' of the model)", {}).read(options);
  return options;
}

}  // namespace mer
