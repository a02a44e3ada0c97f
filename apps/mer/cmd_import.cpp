#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "command.hpp"
#include "mer/core/atomic_file.hpp"
#include "mer/core/error.hpp"
#include "mer/core/files.hpp"
#include "mer/core/text.hpp"
#include "mer/corpus/corpus_import.hpp"
#include "mer/corpus/near_duplicates.hpp"
#include "mer/runs/output_file.hpp"
#include "terminal.hpp"
#include "validators.hpp"

namespace mer::app {
namespace {

namespace fs = std::filesystem;

struct ImportArgs {
  std::string corpus;
  ImportJob job;
  std::map<std::string, std::string> options;  ///< of whichever corpora; those that were given
};

std::vector<std::string> corpora_with(const std::string& option) {
  std::vector<std::string> names;
  for (const auto& [name, importer] : builtin_importers()) {
    for (const OptionText& own : importer.options) {
      if (own.key == option) names.push_back(name);
    }
  }
  return names;
}

/// What an option means for each corpus, and its default there.
std::string help_of(const std::string& key) {
  std::vector<std::pair<std::string, std::vector<std::string>>> corpora_of;  // help → names
  for (const auto& [name, importer] : builtin_importers()) {
    for (const OptionText& own : importer.options) {
      if (own.key != key) continue;
      const std::string help = own.help + (own.value == "\"\"" ? "" : " [" + own.value + "]");
      const auto same = std::find_if(corpora_of.begin(), corpora_of.end(),
                                     [&](const auto& entry) { return entry.first == help; });
      if (same != corpora_of.end()) {
        same->second.push_back(name);
      } else {
        corpora_of.push_back({help, {name}});
      }
    }
  }
  std::vector<std::string> lines;
  for (const auto& [help, names] : corpora_of) lines.push_back(join(names, ", ") + ": " + help);
  return join(lines, "; ");
}

ImportReport import_corpus(const ImportArgs& args) {
  ConfigDocument options;
  for (const auto& [key, value] : args.options) {
    const std::string flag = "--" + key;
    const std::vector<std::string> meant = corpora_with(key);
    // One that means nothing for the corpus would otherwise be unknown without a reason.
    if (std::find(meant.begin(), meant.end(), args.corpus) == meant.end()) {
      throw UsageError(flag + " means nothing for '" + args.corpus + "'",
                       "leave it out: it is for " + join(meant, " and "));
    }
    std::string yaml = "'";
    for (const char c : value) yaml += c == '\'' ? "''" : std::string(1, c);
    options.set(key, yaml + "'", flag + " " + value, {});
  }
  const fs::path& manifest = args.job.manifest;
  if (!manifest.parent_path().empty()) make_folder(manifest.parent_path());
  require_output(manifest, OutputKind::kManifest);
  AtomicFile::remove_abandoned(manifest.parent_path());
  catch_interrupts();
  ProgressLine line("importing");
  ImportJob job = args.job;
  job.progress = line.callback();
  job.stop = interrupted;
  return builtin_importers().at(args.corpus, "corpus '" + args.corpus + "'").run(job, options);
}

/// Names songs that are one recording. What the corpus' own split tears apart stays so.
/// @return  how many pairs there are
std::size_t warn_of_near_duplicates(const std::filesystem::path& file) {
  Manifest manifest = Manifest::load(file);
  std::vector<std::string> unread;
  {
    ProgressLine line("near-duplicates");
    unread = mark_near_duplicates(manifest, line.callback(), interrupted);
  }
  if (!unread.empty()) {
    log_error(std::to_string(unread.size()) + " songs can't be read: " + unread.front(),
              "training leaves them out");
  }
  std::vector<Split> given(manifest.has_splits ? 1 : 0);
  for (Split& split : given) {
    for (const Song& song : manifest.songs) split.push_back(song.split);
  }
  for (const std::string& line : describe_near_duplicates(manifest, given)) log_warning(line);
  return manifest.near_duplicates.size();
}

int run_import(const ImportArgs& args) {
  const ImportReport report = import_corpus(args);
  for (const ImportReport::Failure& failure : report.failures) {
    log_error(failure.message, failure.hint);
  }
  for (const std::string& warning : report.warnings) log_warning(warning);
  for (const std::string& note : report.notes) log_info(note);
  if (report.songs == 0) {
    log_error("no clip could be read, no manifest is written", "see above");
    return kSomeInputsFailed;
  }
  std::string line = std::to_string(report.songs) + " songs";
  if (!report.classes.empty()) line += ", classes " + join(report.classes, ", ");
  if (report.tags > 0) line += ", " + std::to_string(report.tags) + " different labels";
  if (report.groups > 0) line += ", " + std::to_string(report.groups) + " groups";
  const std::size_t pairs = warn_of_near_duplicates(args.job.manifest);
  if (pairs > 0) line += ", " + std::to_string(pairs) + " pairs of near-duplicates";
  log_info(line + ": " + args.job.manifest.string());
  return report.failures.empty() ? kDone : kSomeInputsFailed;
}

std::string footer() {
  constexpr std::size_t kNames = 9;  // columns
  std::string text =
      "Corpora (perceived: what the music expresses; induced: what listeners felt):\n";
  for (const auto& [name, importer] : builtin_importers()) {
    const std::size_t spaces = name.size() < kNames ? kNames - name.size() : 1;
    text += "  " + name + std::string(spaces, ' ') + importer.help + "\n";
  }
  return text +
         "Example:\n  mer import folder ~/music/by-mood -o mood.csv\n"
         "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 some clips could not be rendered, 130 "
         "interrupted";
}

}  // namespace

std::function<int()> add_import(CLI::App& cmd) {
  auto args = std::make_shared<ImportArgs>();
  cmd.add_option("corpus", args->corpus, "Which corpus, see below")
      ->required()
      ->check(one_of(builtin_importers().names()));
  cmd.add_option("dir", args->job.folder, "The corpus' folder")->required()->type_name("DIR");
  cmd.add_option("-o,--output", args->job.manifest, "The manifest to write")
      ->required()
      ->type_name("FILE");
  std::set<std::string> added;
  for (const auto& [name, importer] : builtin_importers()) {
    for (const OptionText& option : importer.options) {
      if (!added.insert(option.key).second) continue;
      // --jobs has its short form in every command.
      cmd.add_option(option.key == "jobs" ? "-j,--jobs" : "--" + option.key,
                     args->options[option.key], help_of(option.key))
          ->type_name("VALUE");
    }
  }
  add_verbosity_options(cmd);
  cmd.footer(footer());
  return [args, &cmd] {
    std::erase_if(args->options,
                  [&](const auto& option) { return cmd.count("--" + option.first) == 0; });
    return run_import(*args);
  };
}

}  // namespace mer::app
