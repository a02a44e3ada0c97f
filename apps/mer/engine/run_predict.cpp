#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <optional>

#include "../arguments.hpp"
#include "../cmd_predict.hpp"
#include "../command.hpp"
#include "../terminal.hpp"
#include "load_predictor.hpp"
#include "mer/audio/audio_reader.hpp"
#include "mer/core/error.hpp"
#include "mer/core/files.hpp"
#include "mer/core/hash.hpp"
#include "mer/core/scratch_folder.hpp"
#include "mer/core/system_reason.hpp"
#include "mer/core/text.hpp"
#include "mer/predict/predict_files.hpp"
#include "mer/predict/prediction_output.hpp"
#include "mer/predict/predictor.hpp"
#include "mer/runs/annotation_files.hpp"
#include "mer/runs/output_file.hpp"
#include "mer/runs/prediction_list.hpp"

namespace mer::app {
namespace {

namespace fs = std::filesystem;

/// The format of a file a song, if that is asked for.
const AnnotationFormat* annotation_format(const PredictArgs& args) {
  static const AnnotationFormats formats = builtin_annotation_formats();
  return formats.find(args.format);
}

/// Where results go: stdout, a whole file, or a list that grows.
class Output {
 public:
  explicit Output(const PredictArgs& args) {
    if (args.output.empty() || annotation_format(args)) return;
    if (args.format == "jsonl") {
      list_.emplace(args.output,
                    args.resume ? LineFile::Start::kAppend : LineFile::Start::kReplace);
    } else {
      whole_.emplace(args.output);
    }
  }
  LineFile& list() { return *list_; }

  void write(const std::string& text) {
    if (list_) return list_->add(text);
    if (whole_) return whole_->write(text);
    if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() ||
        std::fflush(stdout) != 0) {
      throw Error("stdout: cannot be written: " + reason_of(errno));
    }
  }
  void finish() {
    if (list_) list_->finish();
    if (whole_) whole_->commit();
  }

 private:
  std::optional<LineFile> list_;
  std::optional<AtomicFile> whole_;
};

/// What is left of the inputs, once the jsonl file has been read.
ResumePoint resume(const PredictArgs& args, LineFile& list, const PredictionSetup& setup,
                   const Inputs& inputs) {
  ResumePoint point = resume_prediction_list(list, args.output, setup, inputs.paths(),
                                             {args.retry_failed, args.prune, inputs.folders()});
  std::string line = "resuming  " + args.output.string() + ": " + std::to_string(point.num_done) +
                     " done, " + std::to_string(point.to_do.size()) + " to do";
  if (point.num_changed > 0) line += ", " + std::to_string(point.num_changed) + " have changed";
  if (point.num_failed > 0) line += ", " + std::to_string(point.num_failed) + " failed before";
  if (point.num_given_up > 0) {
    line += ", " + std::to_string(point.num_given_up) +
            " failed and have not changed (--retry-failed tries them again)";
  }
  if (point.num_gone > 0) {
    line += ", " + std::to_string(point.num_gone) +
            (args.prune ? " are gone and dropped" : " are gone (--prune drops them)");
  }
  log_info(line);
  return point;
}

void check(const PredictArgs& args) {
  if (args.fast && !args.models.empty()) {
    throw UsageError("--fast names a model, and so does -m", "leave one of them out");
  }
  if (args.resume && (args.format != "jsonl" || args.output.empty())) {
    throw UsageError("--resume goes on with a jsonl file", "--format jsonl -o FILE --resume");
  }
  if ((args.retry_failed || args.prune) && !args.resume) {
    throw UsageError(std::string(args.prune ? "--prune" : "--retry-failed") +
                         " is about what a jsonl file holds",
                     "--format jsonl -o FILE --resume " +
                         std::string(args.prune ? "--prune" : "--retry-failed"));
  }
  if (annotation_format(args) && args.output.empty()) {
    throw UsageError("--format " + args.format + " writes a file a song",
                     "-o DIR, a folder for them");
  }
  if (args.timeline && args.format != "table") {
    throw UsageError("--timeline draws on the terminal, so it goes with --format table",
                     "the segments' times are in --format json");
  }
}

/// Nothing of the user's may be lost to the output.
void check_output(const PredictArgs& args, const std::vector<fs::path>& inputs) {
  if (args.output.empty() || annotation_format(args)) return;
  // Whether lines are predictions is seen when they are read in order to go on with them.
  const bool is_list = std::ifstream(args.output).peek() == '{';
  if (args.resume && is_list && !has_audio_extension(args.output)) return;
  require_output(args.output,
                 args.format == "csv"     ? OutputKind::kPredictionCsv
                 : args.format == "json"  ? OutputKind::kPredictionJson
                 : args.format == "jsonl" ? OutputKind::kPredictionList
                                          : OutputKind::kPredictionTable,
                 inputs);
}

/// Turns results into the format asked for, as they come.
class Writer {
 public:
  Writer(const PredictArgs& args, AnswerKinds answers, PredictionSetup setup,
         std::span<const std::string> paths, std::span<const fs::path> inputs, Output& output)
      : args_(args),
        answers_(std::move(answers)),
        setup_(std::move(setup)),
        with_bytes_(!std::all_of(paths.begin(), paths.end(), is_utf8)),
        output_(output),
        table_(paths, answers_, terminal_columns()) {
    if (const AnnotationFormat* format = annotation_format(args)) {
      annotations_.emplace(*format, args.output, inputs);
    }
    if (args.format == "csv") output_.write(predictions_csv_header(answers_, with_bytes_));
    // With -q nothing is said of no songs.
    if (args.format == "table" && !(paths.empty() && is_quiet())) output_.write(table_.header());
  }

  void add(FileResult result) {
    if (annotations_) {
      annotations_->add({result, answers_.classes, setup_.model});
    } else if (args_.format == "jsonl") {
      result.path = absolute_(result.path).string();  // the list is read from anywhere
      output_.write(prediction_jsonl(result, answers_.classes, setup_));
    } else if (args_.format == "csv") {
      output_.write(prediction_csv_row(result, answers_, with_bytes_));
    } else if (args_.format == "table") {
      output_.write(table_.row(result));
      if (args_.timeline && result.ok()) {
        output_.write(timeline(result, answers_, terminal_columns()));
      }
    } else {
      results_.push_back(std::move(result));
    }
  }

  bool shows_derived_values() const { return table_.shows_derived_values(); }

  void finish() {
    if (args_.format == "json")
      output_.write(predictions_json(setup_.model, answers_.classes, results_));
    output_.finish();
  }

 private:
  const PredictArgs& args_;
  AnswerKinds answers_;
  PredictionSetup setup_;
  bool with_bytes_;
  Output& output_;
  PredictionTable table_;
  AbsolutePaths absolute_;
  std::optional<AnnotationFolder> annotations_;
  std::vector<FileResult> results_;
};

/// Says once how long a library will take, as soon as its first songs have shown it.
class Estimate {
 public:
  Estimate(std::size_t total, ProgressLine& line)
      : is_due_(total >= kFewest), total_(total), line_(line) {}

  void look(std::size_t done) {
    if (!is_due_ || meter_.seconds() < kSeconds || done == 0) return;
    is_due_ = false;
    const double seconds = static_cast<double>(total_) / meter_.per_second(done);
    if (seconds < 4.0 * kSeconds) return;
    line_.clear();
    log_info(std::to_string(total_) + " files, about " + rough_duration(seconds));
  }

 private:
  static constexpr std::size_t kFewest = 20;
  static constexpr double kSeconds = 10.0;

  bool is_due_;
  std::size_t total_;
  ProgressLine& line_;
  RateMeter meter_;
};

PredictionSetup setup_of(const PredictArgs& args, const std::vector<FoundModel>& models) {
  std::vector<std::string> names;
  std::string hashes;
  for (const FoundModel& model : models) {
    names.push_back(model.name);
    hashes += hash_file_hex(model.file);
  }
  PredictionSetup setup{
      join(names, " + "),
      hash_hex(hashes),
      {{"max_seconds", args.max_seconds}, {"min_confidence", args.min_confidence}}};
  if (args.tags) setup.options["tags"] = 1.0;
  return setup;
}

/// An album or an artist's songs, which are of one kind and often of one mood, are fewer.
constexpr std::size_t kLibrary = 100;
// Among the options of a list.
constexpr const char* kAdapt = "adapt";

enum class Adapting { kNo, kIfOfAnotherKind, kDemanded };

/// A list is gone on with in the way in which it was begun.
Adapting adapting_of(const PredictArgs& args, std::size_t num_songs) {
  if (args.adapt != 0) return args.adapt > 0 ? Adapting::kDemanded : Adapting::kNo;
  if (args.resume && std::ifstream(args.output).peek() == '{') {
    const auto first = PredictionListReader(args.output).next();
    if (first) return first->setup.options.contains(kAdapt) ? Adapting::kDemanded : Adapting::kNo;
  }
  return num_songs < kLibrary ? Adapting::kNo : Adapting::kIfOfAnotherKind;
}

/// Sets answers against the library's own songs, as asked or, of a large one, unasked.
/// @return whether that changes answers
bool adapt(const PredictArgs& args, const Inputs& asked, Predictor& predictor) {
  const Adapting adapting = adapting_of(args, asked.paths().size());
  if (adapting == Adapting::kNo) return false;
  const bool is_demanded = adapting == Adapting::kDemanded;
  if (is_demanded && !predictor.can_adapt()) {
    throw UsageError("--adapt: no model here can adapt to other music",
                     "take -m default or --fast, or a classical system trained by this version");
  }
  ProgressLine line("looking at the library");
  const std::optional<LibraryAdaptation> adaptation = adapt_to_files(
      predictor, asked.paths(), {args.jobs, args.max_seconds}, line.callback(), interrupted);
  line.clear();
  if (!adaptation) {
    if (is_demanded) {
      throw UsageError("--adapt: fewer than " + std::to_string(LibraryAdaptation::kFewestSongs) +
                           " songs could be read",
                       "leave it out: each song is then answered as if it were alone");
    }
    return false;
  }
  if (adaptation->strength == 0.0) {
    log_verbose("these songs are of the kind that the model learned from: nothing to adapt");
  } else {
    log_info(
        "adapted   these songs are of another kind than those that the model learned from: "
        "answers are set against " +
        std::to_string(adaptation->num_songs) + " of them (strength " +
        format_number(std::round(adaptation->strength * 100.0) / 100.0) +
        "; --no-adapt answers each as if it were alone)");
  }
  return is_demanded || adaptation->strength > 0.0;
}

[[noreturn]] void stop_here(const PredictArgs& args, std::size_t num_done) {
  const bool grows = args.resume || (args.format == "jsonl" && !args.output.empty());
  throw Interrupted(
      "interrupted after " + std::to_string(num_done) + " files" +
          (grows || args.output.empty() ? ""
           : annotation_format(args)    ? "; their annotations are in " + args.output.string()
                                        : "; " + args.output.string() + " is as it was"),
      grows ? "--resume goes on" : "");
}

}  // namespace

int run_predict(const PredictArgs& args) {
  check(args);
  const Inputs asked = expand_inputs(args.inputs);
  catch_interrupts();  // not before: a list on stdin may never end
  std::vector<fs::path> inputs = asked.paths();
  check_output(args, inputs);
  const std::vector<FoundModel> models =
      find_models(args.fast ? std::vector<std::string>{"fast"} : args.models);
  const WeightFiles sources = embedding_sources(models, args.embeddings);
  Predictor predictor = load_predictor(files_of(models), "cpu", sources, args.embeddings);
  predictor.derive_values();
  if (args.tags) predictor.add_tags(sources);
  ScratchFolder::remove_abandoned();
  PredictionSetup setup = setup_of(args, models);
  if (adapt(args, asked, predictor)) setup.options[kAdapt] = 1.0;
  Output output(args);
  std::size_t num_failed = asked.num_failed;
  if (args.resume) {
    ResumePoint point = resume(args, output.list(), setup, asked);
    inputs = std::move(point.to_do);
    num_failed += point.num_given_up;
  }

  std::vector<std::string> paths;
  for (const fs::path& input : inputs) paths.push_back(input.string());
  Writer writer(args, predictor.answers(), setup, paths, inputs, output);
  ProgressLine line("predicting");
  const Progress progress = line.callback();
  const bool draws = inputs.size() > 1 && (args.format == "json" || !args.output.empty());
  Estimate estimate(inputs.size(), line);
  std::size_t done = 0;
  BatchCount count = predict_files(
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
        estimate.look(done);
        if (draws) progress(done, inputs.size(), paths[done - 1]);
      },
      interrupted);
  line.clear();
  if (!interrupted() || args.output.empty()) writer.finish();
  if (interrupted()) stop_here(args, count.done);
  if (args.format == "table" && writer.shows_derived_values() && !inputs.empty()) {
    log_info("~ valence and arousal follow from the probabilities of the four emotions");
  }
  count.failed += num_failed;
  if (inputs.size() != 1 || count.failed > 0) log_info(closing_line(count));
  return count.failed == 0 ? kDone : kSomeInputsFailed;
}

}  // namespace mer::app
