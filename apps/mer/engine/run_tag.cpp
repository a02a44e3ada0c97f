#include "../arguments.hpp"
#include "../cmd_tag.hpp"
#include "../terminal.hpp"
#include "load_predictor.hpp"
#include "mer/core/error.hpp"
#include "mer/predict/predict_files.hpp"
#include "mer/predict/predictor.hpp"

namespace mer::app {

int run_tag_folder(const TagArgs& args) {
  const Inputs inputs = expand_inputs({args.input.string()});
  const std::vector<FoundModel> models = find_models(args.models);
  const WeightFiles sources = embedding_sources(models, args.embeddings);
  Predictor predictor = load_predictor(files_of(models), "cpu", sources, args.embeddings);
  if (predictor.answers().classes.empty()) {
    throw UsageError("the model answers no emotion of which a song has one, and mood tags are such",
                     "take a model with classes (targets.answer has classes)");
  }
  args.words.require_known(predictor.classes());
  predictor.derive_values();
  if (args.rules.tags) predictor.add_tags(sources);
  Tagging tagging(args, false);
  tagging.fail_folders(inputs.num_failed);
  predict_files(
      predictor, inputs.paths(), {.jobs = args.jobs},
      [&](const FileResult& result) {
        if (!result.ok()) {
          tagging.fail(result.error, result.hint);
          return;
        }
        const auto best = static_cast<std::size_t>(result.prediction->predicted());
        const std::string& emotion = predictor.classes()[best];
        tagging.add(result.path, emotion,
                    mood_of(*result.prediction, emotion, args.words, args.min_confidence));
      },
      interrupted);
  if (interrupted()) {
    throw Interrupted("interrupted after " + std::to_string(tagging.num_files()) + " files",
                      "every file is whole; the same command starts again");
  }
  return tagging.finish();
}

}  // namespace mer::app
