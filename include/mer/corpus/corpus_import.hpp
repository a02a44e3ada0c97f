#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "mer/core/named_table.hpp"
#include "mer/core/options.hpp"
#include "mer/core/progress.hpp"

namespace mer {

/// What an import found.
struct ImportReport {
  std::size_t songs = 0;
  std::size_t groups = 0;  ///< 0 when the corpus names none
  std::vector<std::string> classes;
  std::size_t tags = 0;               ///< how many, where songs have several labels
  std::vector<std::string> notes;     ///< what was done by the way, e.g. songs left out by a rule
  std::vector<std::string> warnings;  ///< e.g. no groups: songs of one artist may cross a split

  /// A file of the corpus that is at fault; the others are in the manifest.
  struct Failure {
    std::string message;
    std::string hint;
  };
  std::vector<Failure> failures;
};

/// What an import is told, whichever the corpus.
struct ImportJob {
  std::filesystem::path folder;    ///< of the corpus
  std::filesystem::path manifest;  ///< to write, with paths relative to it
  Progress progress = {};
  std::function<bool()> stop = {};  ///< asked now and then
};

/// What makes a manifest of one corpus.
struct Importer {
  std::string help;  ///< which emotion, whose, from where: a line of `mer import --help`
  std::vector<OptionText> options;  ///< flags of `mer import`, with their defaults
  /// @throws UsageError for an option that is none of its own, or when the folder isn't the corpus
  /// @throws Interrupted when the job's `stop` said so
  std::function<ImportReport(const ImportJob& job, ConfigDocument& options)> run;
};

/// An importer with options of its own, a struct with visit().
template <class Options>
Importer importer(std::string help, ImportReport (*import)(const ImportJob&, const Options&)) {
  return {std::move(help), option_texts(Options{}),
          [import](const ImportJob& job, ConfigDocument& given) {
            Options options;
            given.read(options);
            return import(job, options);
          }};
}
/// One without.
Importer importer(std::string help, ImportReport (*import)(const ImportJob&));

/// All that `mer import` can name.
using ImporterTable = NamedTable<Importer>;
ImporterTable builtin_importers();

}  // namespace mer
