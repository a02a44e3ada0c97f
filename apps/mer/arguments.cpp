#include "arguments.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>

#include "mer/audio/audio_reader.hpp"
#include "mer/core/error.hpp"
#include "mer/core/text.hpp"
#include "terminal.hpp"
#include "validators.hpp"

namespace mer::app {

namespace fs = std::filesystem;

void ConfigArgs::add_to(CLI::App& command, bool required) {
  CLI::Option* option =
      command
          .add_option("-c,--config", config,
                      "YAML file, or name of an installed config, that says what to compute")
          ->type_name("FILE|NAME")
          ->transform(config_name());
  if (required) option->required();
  command.add_option("--set", set, "Override one config key; may be repeated")
      ->type_name("KEY=VALUE")
      ->expected(1)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
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

std::vector<Input> expand_inputs(const std::vector<std::string>& inputs) {
  std::vector<Input> files;
  for (const std::string& input : inputs) {
    std::error_code ignored;
    if (input == "-") {
      for (std::string line; std::getline(std::cin, line);) {
        if (!line.empty() && line.back() == '\r') line.pop_back();
        if (!line.empty()) files.push_back({line, {}});
      }
    } else if (fs::is_directory(input, ignored)) {
      const auto found = find_audio_files(input);
      if (found.empty()) throw UsageError(input + ": no audio files in this folder");
      for (const fs::path& file : found) files.push_back({file, input});
    } else {
      files.push_back({input, {}});
    }
  }
  return files;
}

void add_model_option(CLI::App& command, std::vector<std::string>& models,
                      const std::string& help) {
  command.add_option("-m,--model", models, help)
      ->type_name("MODEL")
      ->expected(1)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
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
