#include <cstdio>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <set>

#include "../arguments.hpp"
#include "../command.hpp"
#include "../inputs.hpp"
#include "../models.hpp"
#include "mer/core/error.hpp"
#include "mer/core/text.hpp"
#include "mer/eval/predict_files.hpp"
#include "mer/eval/prediction_output.hpp"
#include "mer/eval/predictor.hpp"

namespace mer::app {
namespace {

namespace fs = std::filesystem;

/// Paths that a jsonl file already holds; a last line that was cut off by a crash is dropped.
std::set<std::string> finished_paths(const fs::path& file) {
  std::set<std::string> paths;
  if (!fs::exists(file)) return paths;
  const std::string text = read_text_file(file);
  std::size_t whole = 0;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = text.find('\n', start);
    if (end == std::string::npos) break;
    const auto element = nlohmann::json::parse(text.substr(start, end - start), nullptr, false);
    if (!element.is_object() || !element.contains("path")) {
      throw UsageError(file.string() + ": is not a jsonl file of mer predict",
                       "without --resume it is written anew");
    }
    paths.insert(element["path"].get<std::string>());
    start = whole = end + 1;
  }
  if (whole < text.size()) fs::resize_file(file, whole);
  return paths;
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

/// The models of the command line, or the bundled one, which is then named.
std::vector<FoundModel> chosen_models(const PredictArgs& args) {
  std::vector<FoundModel> models;
  for (const std::string& name : args.models) models.push_back(find_model(name, ""));
  if (models.empty()) {
    models.push_back(find_model("default", ""));
    say(args.talk, "model     the bundled model 'default' (mer info default; -m chooses another)");
  }
  return models;
}

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
  Writer(const PredictArgs& args, const std::vector<std::string>& classes,
         std::span<const std::string> paths)
      : args_(args), classes_(classes), output_(args.output, args.resume), table_(paths, classes) {
    if (args.format == "csv") output_.write(predictions_csv_header(classes));
    if (args.format == "table") output_.write(table_.header());
  }

  void add(FileResult result) {
    if (args_.format == "jsonl") {
      output_.write(prediction_jsonl(result, classes_));
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

  void finish(const std::string& model) {
    if (args_.format == "json") output_.write(predictions_json(model, classes_, results_));
  }

 private:
  const PredictArgs& args_;
  const std::vector<std::string>& classes_;
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
  if (args.resume) {
    const std::set<std::string> finished = finished_paths(args.output);
    std::erase_if(inputs, [&](const fs::path& input) {
      return finished.contains(to_valid_utf8(input.string()));
    });
  }
  const std::vector<FoundModel> models = chosen_models(args);
  std::vector<fs::path> files;
  std::vector<std::string> names;
  for (const FoundModel& model : models) {
    files.push_back(model.file);
    names.push_back(model.name);
  }
  const Predictor predictor = Predictor::load(files, "cpu", pretrained_weights());

  std::vector<std::string> paths;
  for (const fs::path& input : inputs) paths.push_back(input.string());
  Writer writer(args, predictor.classes(), paths);
  ProgressLine line("predicting", args.talk);
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
          print_error(result.error, result.hint);
        }
        writer.add(std::move(result));
        ++done;
        if (draws) progress(done, inputs.size(), paths[done - 1]);
      },
      interrupted);
  line.clear();
  writer.finish(join(names, " + "));
  if (interrupted()) {
    throw Interrupted("interrupted after " + std::to_string(count.done) + " files",
                      args.resume || args.format == "jsonl" ? "--resume goes on" : "");
  }
  if (inputs.size() != 1 || count.failed > 0) say(args.talk, closing_line(count));
  return count.failed == 0 ? kDone : kSomeInputsFailed;
}

}  // namespace mer::app
