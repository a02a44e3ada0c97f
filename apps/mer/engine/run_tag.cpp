#include "../arguments.hpp"
#include "../cmd_tag.hpp"
#include "../terminal.hpp"
#include "mer/core/error.hpp"
#include "mer/predict/predict_files.hpp"
#include "mer/predict/predictor.hpp"

namespace mer::app {

int run_tag_folder(const TagArgs& args) {
  const Inputs inputs = expand_inputs({args.input.string()});
  const Predictor predictor = Predictor::load(files_of(find_models(args.models)), "cpu",
                                              bundled_files().pretrained_weights());
  if (predictor.answers().classes.empty()) {
    throw UsageError("the model answers no emotion of which a song has one, and mood tags are such",
                     "take a model with classes (targets.answer has classes)");
  }
  Tagging tagging(args);
  tagging.fail_folders(inputs.num_failed);
  predict_files(
      predictor, inputs.paths(), {.jobs = args.jobs, .min_confidence = args.min_confidence},
      [&](const FileResult& result) {
        if (!result.ok()) {
          tagging.fail(result.error, result.hint);
          return;
        }
        const auto best = static_cast<std::size_t>(result.prediction->predicted());
        tagging.add(result.path,
                    result.uncertain ? std::nullopt : std::optional(predictor.classes()[best]));
      },
      interrupted);
  if (interrupted()) {
    throw Interrupted("interrupted after " + std::to_string(tagging.num_files()) + " files",
                      "every file is whole; the same command starts again");
  }
  return tagging.finish();
}

}  // namespace mer::app
