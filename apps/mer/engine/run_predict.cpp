#include <cstdio>
#include <fstream>
#include <iostream>

#include "../arguments.hpp"
#include "../cmd_predict.hpp"
#include "../command.hpp"
#include "../terminal.hpp"
#include "mer/core/error.hpp"
#include "mer/core/text.hpp"
#include "mer/predict/predict_files.hpp"
#include "mer/predict/prediction_output.hpp"
#include "mer/predict/predictor.hpp"
#include "mer/runs/prediction_list.hpp"

namespace mer::app {
namespace {

namespace fs = std::filesystem;

/// What is left of the inputs, once the jsonl file has been read.
std::vector<fs::path> left_to_do(const PredictArgs& args, const std::string& model,
                                 const std::vector<fs::path>& inputs) {
  const ResumePoint point = resume_prediction_list(args.output, model, inputs);
  std::string line = "resuming  " + args.output.string() + ": " + std::to_string(point.num_done) +
                     " done, " + std::to_string(point.to_do.size()) + " to do";
  if (point.num_changed > 0) line += ", " + std::to_string(point.num_changed) + " have changed";
  if (point.num_failed > 0) line += ", " + std::to_string(point.num_failed) + " failed before";
  log_info(line);
  return point.to_do;
}

/// Where results go: stdout or a file; writing errors are errors.
class Output {
 public:
  Output(const fs::path& path, bool append) : path_(path) {
    if (path.empty()) return;
    file_.open(path, append ? std::ios::app | std::ios::binary : std::ios::binary);
    if (!file_) throw UsageError(path.string() + ": cannot be written");
  }
  void write(const std::string& text) {
    std::ostream& out = path_.empty() ? std::cout : file_;
    out << text << std::flush;
    if (!out) throw Error((path_.empty() ? "stdout" : path_.string()) + ": cannot be written");
  }

 private:
  fs::path path_;
  std::ofstream file_;
};

void check(const PredictArgs& args) {
  if (args.resume && (args.format != "jsonl" || args.output.empty())) {
    throw UsageError("--resume goes on with a jsonl file", "--format jsonl -o FILE --resume");
  }
  if (args.timeline && args.format != "table") {
    throw UsageError("--timeline draws on the terminal, so it goes with --format table",
                     "the segments' times are in --format json");
  }
}

/// Turns results into the format asked for, as they come.
class Writer {
 public:
  Writer(const PredictArgs& args, const std::vector<std::string>& classes, std::string model,
         std::span<const std::string> paths)
      : args_(args),
        classes_(classes),
        model_(std::move(model)),
        output_(args.output, args.resume),
        table_(paths, classes, terminal_columns()) {
    if (args.format == "csv") output_.write(predictions_csv_header(classes));
    if (args.format == "table") output_.write(table_.header());
  }

  void add(FileResult result) {
    if (args_.format == "jsonl") {
      output_.write(prediction_jsonl(result, classes_, model_));
    } else if (args_.format == "csv") {
      output_.write(prediction_csv_row(result, classes_));
    } else if (args_.format == "table") {
      output_.write(table_.row(result));
      if (args_.timeline && result.ok()) {
        output_.write(timeline(result, classes_, terminal_columns()));
      }
    } else {
      results_.push_back(std::move(result));
    }
  }

  void finish() {
    if (args_.format == "json") output_.write(predictions_json(model_, classes_, results_));
  }

 private:
  const PredictArgs& args_;
  const std::vector<std::string>& classes_;
  std::string model_;
  Output output_;
  PredictionTable table_;
  std::vector<FileResult> results_;
};

}  // namespace

int run_predict(const PredictArgs& args) {
  catch_interrupts();
  check(args);
  std::vector<fs::path> inputs;
  for (Input& input : expand_inputs(args.inputs)) inputs.push_back(std::move(input.path));
  const std::vector<FoundModel> models = find_models(args.models);
  std::vector<std::string> names;
  for (const FoundModel& model : models) names.push_back(model.name);
  const std::string model = join(names, " + ");
  const Predictor predictor =
      Predictor::load(files_of(models), "cpu", bundled_files().pretrained_weights());
  if (args.resume) inputs = left_to_do(args, model, inputs);

  std::vector<std::string> paths;
  for (const fs::path& input : inputs) paths.push_back(input.string());
  Writer writer(args, predictor.classes(), model, paths);
  ProgressLine line("predicting");
  const Progress progress = line.callback();
  const bool draws = inputs.size() > 1 && (args.format == "json" || !args.output.empty());
  std::size_t done = 0;
  const BatchCount count = predict_files(
      predictor, inputs,
      {.jobs = args.jobs, .max_seconds = args.max_seconds, .min_confidence = args.min_confidence},
      [&](FileResult result) {
        const bool ok = result.ok();
        if (!ok && args.format != "table") {
          line.clear();
          log_error(result.error, result.hint);
        }
        writer.add(std::move(result));
        ++done;
        if (draws) progress(done, inputs.size(), paths[done - 1]);
      },
      interrupted);
  line.clear();
  writer.finish();
  if (interrupted()) {
    throw Interrupted("interrupted after " + std::to_string(count.done) + " files",
                      args.resume || args.format == "jsonl" ? "--resume goes on" : "");
  }
  if (inputs.size() != 1 || count.failed > 0) log_info(closing_line(count));
  return count.failed == 0 ? kDone : kSomeInputsFailed;
}

}  // namespace mer::app
