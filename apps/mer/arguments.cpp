#include "arguments.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <iterator>
#include <set>
#include <sstream>
#include <unordered_set>

#include "mer/core/error.hpp"
#include "mer/core/files.hpp"
#include "mer/core/text.hpp"
#include "mer/corpus/song_search.hpp"
#include "terminal.hpp"
#include "validators.hpp"

namespace mer::app {

namespace fs = std::filesystem;

CLI::Option* one_value_each(CLI::Option* option) {
  return option->expected(1)->allow_extra_args(false)->multi_option_policy(
      CLI::MultiOptionPolicy::TakeAll);
}

void add_list_argument(CLI::App& command, fs::path& list) {
  command.add_option("predictions", list, "The jsonl file that mer predict wrote")
      ->required()
      ->type_name("FILE");
}

void ConfigArgs::add_to(CLI::App& command, bool required) {
  CLI::Option* option =
      command
          .add_option("-c,--config", config,
                      "YAML file, or name of an installed config, that says what to compute")
          ->type_name("FILE|NAME")
          ->transform(config_name());
  if (required) option->required();
  one_value_each(command.add_option("--set", set, "Override one config key; may be repeated"))
      ->type_name("KEY=VALUE");
}

RunConfig ConfigArgs::read() const {
  return read_over(config.empty() ? ConfigDocument() : ConfigDocument::load(config));
}

void ConfigArgs::override_in(ConfigDocument& document) const {
  for (const std::string& assignment : set) {
    document.set(assignment);
    const std::string section = assignment.substr(0, assignment.find_first_of(".="));
    if (sections.empty() ||
        std::find(sections.begin(), sections.end(), section) != sections.end()) {
      continue;
    }
    RunConfig known;  // an unknown key is another mistake
    document.read(known);
    throw UsageError("--set " + assignment + ": has no effect here",
                     "options of these sections have: " + join(sections, ", "));
  }
}

RunConfig ConfigArgs::read_over(ConfigDocument document) const {
  override_in(document);
  RunConfig run;
  document.read(run);
  if (run.data.store.empty()) run.data.store = std::filesystem::absolute("mer-store");
  if (!run.train.init_from.empty()) {
    run.train.init_from = bundled_files().find_initial_weights(run.train.init_from);
  }
  return run;
}

namespace {

/// The paths of a list: one a line, or each with a NUL behind it.
std::vector<std::string> paths_in(std::string text) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.erase(0, kByteOrderMark.size());
  const bool has_lines = text.find('\0') == std::string::npos;
  std::vector<std::string> paths;
  std::istringstream stream(std::move(text));
  for (std::string path; std::getline(stream, path, has_lines ? '\n' : '\0');) {
    if (has_lines && path.ends_with('\r')) path.pop_back();
    std::error_code ignored;
    const bool is_comment = has_lines && path.starts_with('#') && !fs::exists(path, ignored);
    if (!path.empty() && !is_comment) paths.push_back(path);
  }
  return paths;
}

class InputCollector {
 public:
  void add(const std::string& input) {
    std::error_code ignored;
    if (!fs::is_directory(input, ignored)) return add_file(input, {});
    const FoundSongs found = find_songs(input);
    for (const std::string& failure : found.failures) log_error(failure, "");
    inputs_.num_failed += found.failures.size();
    const std::string passed_over = found.passed_over();
    if (!passed_over.empty()) log_verbose(input + ": " + passed_over);
    if (found.files.empty() && found.failures.empty()) {
      throw UsageError(input + ": no audio files in this folder" +
                       (passed_over.empty() ? "" : "; " + passed_over));
    }
    for (const fs::path& file : found.files) add_file(file, input);
  }

  Inputs inputs() && {
    if (num_again_ > 0) log_verbose(std::to_string(num_again_) + " named more than once");
    return std::move(inputs_);
  }

 private:
  void add_file(const fs::path& file, const fs::path& folder) {
    fs::path place = absolute_(file);
    std::error_code error;
    if (fs::is_symlink(place, error)) {
      const fs::path target = fs::canonical(place, error);
      if (!error) place = target;
    }
    if (seen_.insert(place.string()).second) {
      inputs_.songs.push_back({file, folder});
    } else {
      ++num_again_;
    }
  }

  Inputs inputs_;
  AbsolutePaths absolute_;
  std::unordered_set<std::string> seen_;
  std::size_t num_again_ = 0;
};

}  // namespace

std::vector<fs::path> Inputs::paths() const {
  std::vector<fs::path> paths;
  for (const Input& song : songs) paths.push_back(song.path);
  return paths;
}

std::vector<fs::path> Inputs::folders() const {
  std::set<fs::path> folders;
  for (const Input& song : songs) folders.insert(song.folder);
  folders.erase(fs::path());
  return {folders.begin(), folders.end()};
}

Inputs expand_inputs(const std::vector<std::string>& inputs) {
  InputCollector collector;
  for (const std::string& input : inputs) {
    if (input != "-") {
      collector.add(input);
      continue;
    }
    const std::string list(std::istreambuf_iterator<char>(std::cin), {});
    for (const std::string& path : paths_in(list)) collector.add(path);
  }
  return std::move(collector).inputs();
}

void add_model_option(CLI::App& command, std::vector<std::string>& models,
                      const std::string& help) {
  one_value_each(command.add_option("-m,--model", models, help))->type_name("MODEL");
}

void add_map_path_option(CLI::App& command, std::vector<std::string>& words) {
  one_value_each(
      command.add_option("--map-path", words,
                         "Files of the list below FROM are below TO here; may be repeated"))
      ->type_name("FROM=TO");
}

void add_embeddings_option(CLI::App& command, std::vector<fs::path>& places) {
  one_value_each(
      command.add_option(
          "--embeddings", places,
          "For models of embed.files the folder with the songs' vectors, for those of "
          "embed.exported the network's file; may be repeated; default: as the run has it"))
      ->type_name("PLACE")
      ->check(CLI::ExistingPath);
}

void add_jobs_option(CLI::App& command, int& jobs, const std::string& help) {
  command.add_option("-j,--jobs", jobs, help)->capture_default_str()->check(number(at_least(0)));
}

BundledFiles bundled_files() {
  const fs::path executable = fs::read_symlink("/proc/self/exe").parent_path();
  return BundledFiles({(executable / "../share/mer").lexically_normal(),
                       (executable / "../../share/mer").lexically_normal(), MER_SOURCE_DATA,
                       fs::path(MER_SOURCE_DATA).parent_path()});
}

CLI::Validator config_name() {
  const auto find = [](std::string& text) -> std::string {
    const BundledFiles bundled = bundled_files();
    text = bundled.find_config(text).string();
    const bool is_name = text.find('/') == std::string::npos && fs::path(text).extension().empty();
    if (fs::exists(text) || !is_name) return {};  // who opens the file tells what is wrong
    std::vector<std::string> names;
    for (const auto& [name, file] : bundled.configs()) names.push_back(name);
    const auto near = nearest_word(text, names);
    return "config '" + text + "' is neither a file nor an installed config" +
           (near ? ", did you mean '" + *near + "'?" : "; installed are " + join(names, ", "));
  };
  return CLI::Validator(find, "");
}

std::vector<FoundModel> find_models(const std::vector<std::string>& names) {
  const BundledFiles bundled = bundled_files();
  std::vector<FoundModel> models;
  for (const std::string& name : names) models.push_back(bundled.find_model(name));
  if (models.empty()) {
    models.push_back(bundled.find_model("default"));
    log_info("model     the bundled model 'default' (mer info default; -m chooses another)");
  }
  return models;
}

std::vector<fs::path> files_of(const std::vector<FoundModel>& models) {
  std::vector<fs::path> files;
  for (const FoundModel& model : models) files.push_back(model.file);
  return files;
}

}  // namespace mer::app
