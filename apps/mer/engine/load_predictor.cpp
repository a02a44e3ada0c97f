#include "load_predictor.hpp"

#include "mer/core/error.hpp"
#include "mer/runs/run_folder.hpp"

namespace mer::app {

WeightFiles embedding_sources(const std::vector<FoundModel>& models,
                              const std::vector<std::filesystem::path>& embeddings) {
  WeightFiles weights = bundled_files().pretrained_weights();
  for (const auto& source : embeddings) add_embedding_source(weights, source);
  for (const FoundModel& model : models) {
    if (!embeddings.empty() || model.run.empty()) continue;
    const EmbedOptions options = RunFolder(model.run).config().embed;
    for (const auto& source : {options.files, options.exported}) {
      if (std::filesystem::exists(source)) add_embedding_source(weights, source);
    }
  }
  return weights;
}

Predictor load_predictor(const std::vector<std::filesystem::path>& model_files,
                         const std::string& device, const WeightFiles& sources,
                         const std::vector<std::filesystem::path>& embeddings) {
  Predictor predictor = Predictor::load(model_files, device, sources);
  if (embeddings.empty() || !predictor.extractors().empty()) return predictor;
  throw UsageError("--embeddings changes nothing: the models see no embeddings", "leave it out");
}

}  // namespace mer::app
