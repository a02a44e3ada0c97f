#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "mer/config/run_config.hpp"
#include "mer/runs/bundled_files.hpp"

namespace CLI {
class App;
class Option;
class Validator;
}  // namespace CLI

namespace mer::app {

/// `-c CONFIG [--set KEY=VALUE]…`, shared by the verbs that read a config.
struct ConfigArgs {
  std::filesystem::path config;
  std::vector<std::string> set;

  /// The sections that the verb looks at; --set of another one is refused. Empty for all.
  std::vector<std::string> sections;

  void add_to(CLI::App& command, bool required);
  /// Puts what --set says over a document.
  /// @throws UsageError for a key that this verb makes nothing of
  void override_in(ConfigDocument& document) const;
  /// Defaults < file < --set. `data.store` becomes mer-store/ in the working directory when empty.
  RunConfig read() const;
  /// The same with another document in the place of the file.
  RunConfig read_over(ConfigDocument document) const;
};

/// An audio file that the command line asks for.
struct Input {
  std::filesystem::path path;
  std::filesystem::path folder;  ///< the folder INPUT that it was found in; empty for a file INPUT
};

/// All that the command line asks for.
struct Inputs {
  std::vector<Input> songs;  ///< each file once, however often and by whatever spelling it is named
  std::size_t num_failed = 0;  ///< folders that could not be read, as has been said

  std::vector<std::filesystem::path> paths() const;
  /// The folders that were searched.
  std::vector<std::filesystem::path> folders() const;
};

/// Files as given, folders searched, `-` read from stdin; in the order of the command line. A list
/// on stdin has a path a line, or ends each with a NUL; `#` lines of playlists are none.
/// @throws UsageError for a folder without audio
Inputs expand_inputs(const std::vector<std::string>& inputs);

/// An option that may be given several times and takes one value each time: CLI11 by itself would
/// also take the words that follow it.
CLI::Option* one_value_each(CLI::Option* option);
/// What `mer predict --format jsonl` wrote, as a positional argument.
void add_list_argument(CLI::App& command, std::filesystem::path& list);
/// `-m MODEL…`
void add_model_option(CLI::App& command, std::vector<std::string>& models, const std::string& help);
/// `--map-path FROM=TO…`
void add_map_path_option(CLI::App& command, std::vector<std::string>& words);
/// `--embeddings PLACE…`
void add_embeddings_option(CLI::App& command, std::vector<std::filesystem::path>& places);
/// `-j N`
void add_jobs_option(CLI::App& command, int& jobs, const std::string& help);

/// What is installed beside the executable, else the source tree's.
BundledFiles bundled_files();

/// Turns the name of an installed config into its path; refuses a name of nothing.
CLI::Validator config_name();

/// The models of the command line, or the bundled one, which is then named on stderr.
std::vector<FoundModel> find_models(const std::vector<std::string>& names);
/// Their files.
std::vector<std::filesystem::path> files_of(const std::vector<FoundModel>& models);

}  // namespace mer::app
