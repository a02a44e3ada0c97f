#include "cmd_features.hpp"

#include <CLI/CLI.hpp>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "arguments.hpp"
#include "command.hpp"
#include "mer/core/atomic_file.hpp"
#include "mer/core/error.hpp"
#include "mer/core/files.hpp"
#include "mer/core/hash.hpp"
#include "mer/core/parallel.hpp"
#include "mer/core/scratch_folder.hpp"
#include "mer/core/system_reason.hpp"
#include "mer/core/text.hpp"
#include "mer/core/version.hpp"
#include "mer/features/feature_extractor.hpp"
#include "mer/report/descriptor_table.hpp"
#include "mer/report/feature_export.hpp"
#include "mer/report/feature_plot.hpp"
#include "mer/report/gnuplot.hpp"
#include "mer/runs/output_file.hpp"
#include "mer/store/song_features.hpp"
#include "terminal.hpp"
#include "validators.hpp"

namespace mer::app {
namespace {

namespace fs = std::filesystem;

const std::vector<std::string> kFormats = {"safetensors", "npz", "csv"};
const std::vector<std::string> kPictures = {"svg", "png", "html"};

/// The file's extension without its dot, in lower case.
std::string extension_of(const fs::path& path) {
  std::string extension = path.extension().string();
  for (char& c : extension) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return extension.empty() ? "" : extension.substr(1);
}

bool is_one_of(const std::string& word, const std::vector<std::string>& words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

/// No song is of one of these kinds.
void require_features(const fs::path& output, const std::string& format, bool descriptors) {
  if (format == "npz") return require_output(output, OutputKind::kNpz);
  if (format == "safetensors") {
    return require_output(
        output, descriptors ? OutputKind::kDescriptorTensors : OutputKind::kFeatureTensors);
  }
  require_output(output, descriptors ? OutputKind::kDescriptorCsv : OutputKind::kFeatureCsv);
  require_output(output.string() + ".json", OutputKind::kDescription);
}

/// Where everything goes, decided before anything is computed.
struct Plan {
  std::vector<Input> inputs;
  std::size_t num_failed = 0;     ///< folders that could not be read
  std::vector<fs::path> outputs;  ///< parallel to inputs; empty paths when no song has its own
  fs::path table;                 ///< of all songs' descriptors, if wanted and not to stdout
  bool to_stdout = false;
  std::string format;
  std::string picture;  ///< svg, png, html; empty for none
};

/// @param several  the output is a folder
std::string choose_format(const FeaturesArgs& args, bool to_stdout, bool several) {
  if (to_stdout) {
    if (!args.format.empty() && args.format != "csv") {
      throw UsageError("-o - writes CSV to stdout, not " + args.format,
                       "--format csv, or -o FILE." + args.format);
    }
    return "csv";
  }
  const std::string extension = several ? "" : extension_of(args.output);
  if (several || fs::is_directory(args.output)) {
    return args.format.empty() ? "safetensors" : args.format;
  }
  if (!is_one_of(extension, kFormats)) {
    if (!args.format.empty()) return args.format;
    throw UsageError(
        args.output +
            ": the name does not tell the format: allowed are .safetensors, .npz and .csv",
        "give --format, or a name with one of these endings");
  }
  if (!args.format.empty() && args.format != extension) {
    throw UsageError(args.output + ": ends in ." + extension + ", but --format is " + args.format,
                     "leave --format out, or change the name");
  }
  return extension;
}

/// A name that is too long for a file system with its ending keeps its front and gets a hash.
fs::path with_ending(const fs::path& name, const std::string& ending) {
  constexpr std::size_t kMaxBytes = 250;  // of 255: beside a CSV stands one with .json at its end
  constexpr std::size_t kHashDigits = 8;
  std::string stem = name.filename().string();
  if (stem.size() + ending.size() > kMaxBytes) {
    const std::string hash = "-" + hash_hex(stem).substr(0, kHashDigits);
    std::size_t end = kMaxBytes - ending.size() - hash.size();
    while ((static_cast<unsigned char>(stem[end]) & 0xC0U) == 0x80U) --end;  // within a character
    stem = stem.substr(0, end) + hash;
  }
  return name.parent_path() / (stem + ending);
}

/// A folder's files keep their places below it; files get their names. Where two songs differ only
/// by their extension, both keep it: a.mp3.npz, a.wav.npz.
std::vector<fs::path> outputs_in_folder(const std::vector<Input>& inputs, const fs::path& folder,
                                        const std::string& format) {
  std::vector<fs::path> stems;
  std::map<fs::path, int> count;
  for (const Input& input : inputs) {
    const fs::path name =
        input.folder.empty() ? input.path.filename() : input.path.lexically_relative(input.folder);
    stems.push_back(name);
    ++count[fs::path(name).replace_extension()];
  }
  std::vector<fs::path> outputs;
  std::map<fs::path, fs::path> taken;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    fs::path name = stems[i];
    if (count[fs::path(name).replace_extension()] == 1) name.replace_extension();
    name = with_ending(name, "." + format);
    const auto [place, is_new] = taken.emplace(name, inputs[i].path);
    if (!is_new) {
      throw UsageError(inputs[i].path.string() +
                           ": its features would have the same name as those of " +
                           place->second.string() + ": " + (folder / name).string(),
                       "give the folder that holds both instead, which keeps subfolders");
    }
    outputs.push_back(folder / name);
  }
  return outputs;
}

void plan_picture(const FeaturesArgs& args, Plan& plan) {
  if (args.plot.empty()) return;
  plan.picture = extension_of(args.plot);
  if (!is_one_of(plan.picture, kPictures)) {
    throw UsageError(args.plot.string() + ": a picture's name ends in .svg, .png or .html");
  }
  if (plan.inputs.size() > 1 && plan.picture != "html") {
    throw UsageError(
        args.plot.string() + ": holds one song, there are " + std::to_string(plan.inputs.size()),
        "--plot songs.html takes them all");
  }
  require_output(args.plot, plan.picture == "html"  ? OutputKind::kPage
                            : plan.picture == "svg" ? OutputKind::kSvg
                                                    : OutputKind::kPng);
  require_gnuplot();
}

/// One file for all songs.
void plan_table(const FeaturesArgs& args, Plan& plan) {
  const std::string flag = args.descriptors ? "--descriptors" : "--embeddings";
  if (args.output.empty()) {
    throw UsageError(flag + ": there is no -o",
                     "mer features songs " + flag +
                         (args.descriptors ? "" : " " + args.embeddings) + " -o songs.csv");
  }
  if (!plan.to_stdout && fs::is_directory(args.output)) {
    throw UsageError(args.output + ": is a folder; " + flag + " writes one file for all songs",
                     "-o " + (fs::path(args.output) / (flag.substr(2) + ".csv")).string());
  }
  plan.format = choose_format(args, plan.to_stdout, false);
  plan.outputs.resize(plan.inputs.size());
  if (plan.to_stdout) return;
  if (!args.descriptors && plan.format == "safetensors") {
    require_output(args.output, OutputKind::kEmbeddings);
  } else {
    require_features(args.output, plan.format, true);
  }
  plan.table = args.output;
}

Plan make_plan(const FeaturesArgs& args) {
  Plan plan;
  if (args.inputs.empty()) {
    throw UsageError("no INPUT is given", "mer features song.mp3 -o song.npz");
  }
  if (args.output.empty() && args.plot.empty()) {
    throw UsageError("nothing to write: neither -o nor --plot is given",
                     "mer features song.mp3 -o song.npz");
  }
  Inputs inputs = expand_inputs(args.inputs);
  plan.inputs = std::move(inputs.songs);
  plan.num_failed = inputs.num_failed;
  const bool several =
      plan.inputs.size() > 1 || (plan.inputs.size() == 1 && !plan.inputs.front().folder.empty());
  plan.to_stdout = args.output == "-";
  if (args.descriptors || !args.embeddings.empty()) {
    plan_table(args, plan);
    plan_picture(args, plan);
    return plan;
  }
  if (plan.to_stdout && plan.inputs.size() > 1) {
    throw UsageError("-o - takes one song, there are " + std::to_string(plan.inputs.size()),
                     "-o DIR writes a file a song");
  }
  plan.outputs.resize(plan.inputs.size());
  if (!args.output.empty()) plan.format = choose_format(args, plan.to_stdout, several);
  plan_picture(args, plan);
  if (args.output.empty() || plan.to_stdout) return plan;
  if (several || fs::is_directory(args.output)) {
    plan.outputs = outputs_in_folder(plan.inputs, args.output, plan.format);
    if (fs::exists(args.output) && !fs::is_directory(args.output)) {
      throw UsageError(args.output + ": can't make this folder: a file has its name",
                       "for several songs -o names a folder");
    }
    std::set<fs::path> folders = {args.output};
    for (const fs::path& output : plan.outputs) folders.insert(output.parent_path());
    for (const fs::path& folder : folders) make_folder(folder);
  } else if (!plan.outputs.empty()) {
    plan.outputs.front() = args.output;
  }
  for (const fs::path& output : plan.outputs) require_features(output, plan.format, false);
  return plan;
}

constexpr const char* kScratchPrefix = ".mer-features-";

FeatureView view_of(const SongFeatures& song, const Recipe& recipe) {
  FeatureView view;
  view.layout = FeatureExtractor(recipe.features, recipe.audio.sample_rate_hz).layout();
  view.options = recipe.features;
  new (&view.spectrogram) Eigen::Map<const RowMatrixXf>(song.spectrogram());
  new (&view.lld) Eigen::Map<const RowMatrixXf>(song.lld());
  view.energy_db = song.energy_db();
  view.kept = song.kept();
  view.time_s = song.time_s();
  view.metadata = song.metadata();
  view.release = [&song] { song.release_pages(); };
  return view;
}

void write_to_stdout(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) {
    throw Error("stdout: cannot be written: " + reason_of(errno));
  }
}

/// Nothing when no song could be read.
void write_table(const DescriptorTable& table, const Plan& plan) {
  if (table.paths.empty()) return;
  if (plan.to_stdout) {
    write_to_stdout(descriptors_csv(table));
  } else {
    write_descriptors(table, plan.table, plan.format);
  }
}

/// What one song left behind.
struct SongResult {
  std::string error;
  std::string hint;
  std::vector<std::string> remarks;
};

/// Pictures of songs in the order of the command line, whatever order they are finished in.
class Pictures {
 public:
  Pictures(const FeaturesArgs& args, const Plan& plan) : path_(args.plot), kind_(plan.picture) {
    if (kind_ != "html") return;
    file_.emplace(path_);
    write(features_page_head(plan.inputs.size() == 1
                                 ? plan.inputs.front().path.filename().string()
                                 : "Features of " + std::to_string(plan.inputs.size()) + " songs"));
  }

  bool wanted() const { return !kind_.empty(); }

  std::string draw(const FeatureView& view, const WaveformEnvelope& waveform,
                   const fs::path& song) const {
    const std::string title = song.filename().string();
    if (kind_ == "html") return features_page_song(view, waveform, title);
    return draw_features(view, waveform, title,
                         kind_ == "png" ? PictureFormat::kPng : PictureFormat::kSvg);
  }

  /// @param picture  empty for a song that failed
  void add(std::size_t index, std::string picture) {
    if (kind_.empty()) return;
    const std::scoped_lock lock(mutex_);
    waiting_.emplace(index, std::move(picture));
    for (auto first = waiting_.begin(); first != waiting_.end() && first->first == next_;
         first = waiting_.erase(first), ++next_) {
      if (first->second.empty()) continue;
      any_ = true;
      if (kind_ == "html") {
        write(first->second);
      } else {
        write_text_file(path_, first->second);
      }
    }
  }

  void finish() {
    if (kind_ != "html" || !any_) return;
    write(features_page_tail());
    file_->commit();
  }

 private:
  void write(const std::string& text) { file_->write(text); }

  fs::path path_;
  std::string kind_;
  std::optional<AtomicFile> file_;
  std::mutex mutex_;
  std::map<std::size_t, std::string> waiting_;
  std::size_t next_ = 0;
  bool any_ = false;
};

/// Several songs at a time; one that can't be used is recorded and the rest go on.
std::vector<SongResult> each_song(const Plan& plan, int jobs, const char* what,
                                  const std::function<void(std::size_t, SongResult&)>& do_song) {
  std::vector<SongResult> results(plan.inputs.size());
  std::mutex mutex;
  std::size_t num_done = 0;
  {
    ProgressLine line(what);
    const Progress progress = line.callback();
    parallel_for_each(
        plan.inputs.size(), jobs,
        [&](std::size_t index) {
          try {
            do_song(index, results[index]);
          } catch (const InputError& error) {
            results[index].error = error.what();
            results[index].hint = error.hint();
          }
          const std::scoped_lock lock(mutex);
          ++num_done;
          if (plan.inputs.size() > 1) {
            progress(num_done, plan.inputs.size(), plan.inputs[index].path.string());
          }
        },
        interrupted);
  }
  if (interrupted()) {
    throw Interrupted("interrupted after " + std::to_string(num_done) + " songs",
                      "what is written stays");
  }
  return results;
}

class FeaturesJob {
 public:
  FeaturesJob(const FeaturesArgs& args, const Plan& plan, const FeatureSettings& settings)
      : args_(args), plan_(plan), recipe_(settings.recipe), pictures_(args, plan) {
    if (!args.descriptors) return;
    std::vector<std::string> paths;
    for (const Input& input : plan.inputs) paths.push_back(input.path.string());
    descriptors_.emplace(
        MusicalDescriptors(settings.descriptors, recipe_.features, recipe_.audio.sample_rate_hz),
        std::move(paths),
        TensorMetadata{{"recipe", to_json(recipe_).dump()},
                       {"fingerprint", recipe_.fingerprint()},
                       {"descriptors", to_json(settings.descriptors).dump()},
                       {"mer_version", kVersion}});
  }

  std::vector<SongResult> run() {
    std::vector<SongResult> results =
        each_song(plan_, args_.jobs, "features", [&](std::size_t index, SongResult& result) {
          std::string picture;
          try {
            picture = do_song(index, result);
          } catch (const InputError&) {
            pictures_.add(index, "");
            throw;
          }
          pictures_.add(index, std::move(picture));
        });
    pictures_.finish();
    if (descriptors_) write_table();
    return results;
  }

 private:
  void remove_abandoned_once(const fs::path& parent) {
    const std::scoped_lock lock(mutex_);
    if (!swept_.insert(parent).second) return;
    AtomicFile::remove_abandoned(parent);
    ScratchFolder::remove_abandoned(parent, kScratchPrefix);
  }

  /// @return the picture, if one is wanted
  std::string do_song(std::size_t index, SongResult& result) {
    const fs::path& input = plan_.inputs[index].path;
    const fs::path& output = plan_.outputs[index];
    WaveformEnvelope waveform;
    std::function<void(std::span<const float>)> on_samples;
    if (pictures_.wanted()) {
      on_samples = [&waveform](std::span<const float> samples) { waveform.push(samples); };
    }
    const fs::path folder = output.has_parent_path() ? output.parent_path() : ".";
    if (!output.empty()) remove_abandoned_once(folder);
    const bool in_place = !output.empty() && plan_.format == "safetensors";
    std::optional<ScratchFolder> scratch;
    fs::path feature_file = output;
    if (!in_place) {
      if (output.empty()) {
        scratch.emplace();
      } else {
        scratch.emplace(folder, kScratchPrefix);
      }
      feature_file = *scratch / "song.safetensors";
    }
    Recipe recipe = recipe_;
    if (args_.estimate_tuning) {
      recipe.features.of<ChromaOptions>().tuning = song_tuning(input, recipe.audio);
      const double cents = std::round(100.0 * recipe.features.of<ChromaOptions>().tuning);
      result.remarks.push_back("tuned " + format_number(std::abs(cents)) + " cents " +
                               (cents < 0.0 ? "below" : "above") + " A4 = 440 Hz");
    }
    extract_song(input, recipe, feature_file, on_samples);
    const SongFeatures song = SongFeatures::open(feature_file);
    scratch.reset();  // the mapping keeps what it needs
    const std::vector<std::string>& remarks = song.warnings();
    result.remarks.insert(result.remarks.end(), remarks.begin(), remarks.end());
    const FeatureView view = view_of(song, recipe);
    if (descriptors_) {
      descriptors_->add(index, view);
    } else if (plan_.to_stdout) {
      write_features_csv(view, write_to_stdout);
    } else if (plan_.format == "csv") {
      write_features_csv(output, view);
    } else if (plan_.format == "npz") {
      write_features_npz(output, view);
    }
    return pictures_.wanted() ? pictures_.draw(view, waveform, input) : "";
  }

  void write_table() const {
    DescriptorTable table = descriptors_->table();
    if (args_.estimate_tuning) table.metadata["tuning"] = "estimated for each song";
    mer::app::write_table(table, plan_);
  }

  const FeaturesArgs& args_;
  const Plan& plan_;
  const Recipe& recipe_;
  Pictures pictures_;
  std::optional<DescriptorRows> descriptors_;
  std::mutex mutex_;
  std::set<fs::path> swept_;
};

/// Tells what went wrong and returns the exit code.
int finish(const FeaturesArgs& args, const Plan& plan, const std::vector<SongResult>& results) {
  std::size_t num_failed = plan.num_failed;
  for (std::size_t i = 0; i < results.size(); ++i) {
    const SongResult& result = results[i];
    for (const std::string& remark : result.remarks) {
      log_info("note: " + plan.inputs[i].path.string() + ": " + remark);
    }
    if (result.error.empty()) continue;
    ++num_failed;
    log_error(result.error, result.hint);
  }
  if (results.size() > 1) {
    log_info(std::to_string(results.size()) + " songs, " + std::to_string(num_failed) + " failed" +
             (plan.to_stdout || args.output.empty() ? "" : ": " + args.output));
  }
  return num_failed == 0 ? kDone : kSomeInputsFailed;
}

int run_features(const FeaturesArgs& args) {
  ConfigArgs config = args.config;
  if (args.embeddings.empty()) std::erase(config.sections, "embed");
  const FeatureSettings settings = read_feature_settings(config);
  if (args.print_config) {
    std::fputs(to_yaml(settings, true).c_str(), stdout);
    return kDone;
  }
  if (args.list) {
    print_features(settings, args.descriptors);
    return kDone;
  }
  if (!args.embeddings.empty()) return in_engine(run_embeddings, args, settings);
  const Plan plan = make_plan(args);
  catch_interrupts();  // not before: a list on stdin may never end
  const std::vector<SongResult> results = FeaturesJob(args, plan, settings).run();
  return finish(args, plan, results);
}

/// The mean over the parts that count.
SongRows mean_of(const SongRows& song) {
  SongRows mean{RowMatrixXf::Zero(1, song.values.cols()), {song.parts.front()}, song.warnings};
  mean.parts.front().valid = true;
  Eigen::RowVectorXd sum = Eigen::RowVectorXd::Zero(song.values.cols());
  double count = 0.0;
  for (std::size_t i = 0; i < song.parts.size(); ++i) {
    mean.parts.front().end_s = std::max(mean.parts.front().end_s, song.parts[i].end_s);
    if (!song.parts[i].valid) continue;
    sum += song.values.row(static_cast<Eigen::Index>(i)).cast<double>();
    ++count;
  }
  mean.values.row(0) = (sum / count).cast<float>();
  return mean;
}

}  // namespace

int write_embeddings(const FeaturesArgs& args, const RowMaker& maker) {
  if (!args.per.empty() && args.per != "song" && args.per != maker.part) {
    throw UsageError("--per " + args.per + ": a row of '" + args.embeddings + "' is of a " +
                         maker.part + " or a song",
                     "--per " + maker.part + ", --per song");
  }
  const Plan plan = make_plan(args);
  catch_interrupts();
  std::vector<SongRows> songs(plan.inputs.size());
  const std::vector<SongResult> results =
      each_song(plan, args.jobs, "embeddings", [&](std::size_t index, SongResult& result) {
        SongRows rows = maker.rows_of(plan.inputs[index].path);
        result.remarks = rows.warnings;
        songs[index] = args.per == "song" ? mean_of(rows) : std::move(rows);
      });
  DescriptorTable table;
  table.columns = maker.columns;
  table.metadata = maker.metadata;
  Eigen::Index num_rows = 0;
  for (const SongRows& song : songs) num_rows += song.values.rows();
  table.values.resize(num_rows, static_cast<Eigen::Index>(maker.columns.size()));
  num_rows = 0;
  for (std::size_t i = 0; i < songs.size(); ++i) {
    table.values.middleRows(num_rows, songs[i].values.rows()) = songs[i].values;
    num_rows += songs[i].values.rows();
    table.paths.insert(table.paths.end(), songs[i].parts.size(), plan.inputs[i].path.string());
    table.parts.insert(table.parts.end(), songs[i].parts.begin(), songs[i].parts.end());
    songs[i] = {};
  }
  write_table(table, plan);
  return finish(args, plan, results);
}

std::function<int()> add_features(CLI::App& cmd) {
  auto args = std::make_shared<FeaturesArgs>();
  cmd.add_option("input", args->inputs,
                 "Files, folders (searched for audio), or - for a list on stdin")
      ->type_name("INPUT");
  cmd.add_option("-o,--output", args->output,
                 "File to write, - for CSV on stdout; for several songs a folder")
      ->type_name("OUT");
  cmd.add_option("--format", args->format,
                 "safetensors, npz or csv; default: by OUT's name, in a folder safetensors")
      ->check(one_of(kFormats));
  CLI::Option* plot = cmd.add_option("--plot", args->plot,
                                     "Draw the song; .svg, .png or .html (takes several songs)")
                          ->type_name("FILE");
  add_jobs_option(cmd, args->jobs, "Songs at once, 0 for one per core");
  CLI::Option* tuning =
      cmd.add_flag("--estimate-tuning", args->estimate_tuning,
                   "Find each song's tuning first (decodes it twice) and write it into its "
                   "features.chroma.tuning");
  CLI::Option* descriptors = cmd.add_flag(
      "--descriptors", args->descriptors,
      "Write musical descriptors, a row a song, all songs in one file OUT (with --list: "
      "print their names)");
  CLI::Option* embeddings =
      cmd.add_option("--embeddings", args->embeddings,
                     "Write what a network has before its last layer, all songs in one file OUT: a "
                     "pre-trained network (" +
                         join(pretrained_networks(), ", ") +
                         "), an exported network's file (NAME.pt), a run folder or a model")
          ->type_name("NETWORK")
          ->excludes(plot)
          ->excludes(tuning)
          ->excludes(descriptors);
  cmd.add_option("--per", args->per,
                 "With --embeddings, a row a patch (pre-trained networks), a segment (runs, "
                 "models) or a song, which is the mean; default: patch or segment")
      ->check(one_of({"patch", "segment", "song"}))
      ->needs(embeddings);
  cmd.add_flag("--list", args->list, "Print every feature with its dimension, unit and source");
  cmd.add_flag("--print-config", args->print_config, "Print every option and its value");
  args->config.sections = {"audio", "vad", "features", "descriptors", "embed"};
  args->config.add_to(cmd, false);
  add_verbosity_options(cmd);
  cmd.footer(
      "The whole of each file is analysed unless audio.duration_s says otherwise.\n"
      "Example:\n  mer features song.mp3 -o song.npz --plot song.html\n"
      "  mer features ~/music -o features --set features.frame.hop_samples=512\n"
      "  mer features ~/music --descriptors -o music.csv\n"
      "  mer features ~/music --embeddings musicnn --per song -o music.npz\n"
      "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 some files failed, 130 interrupted");
  return [args] { return run_features(*args); };
}

}  // namespace mer::app
