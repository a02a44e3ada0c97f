#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "mer/experiment/claim.hpp"

namespace mer {

/// A value for a config key, and where it stands.
struct Setting {
  std::string key;   ///< dotted
  std::string yaml;  ///< on one line
  std::string place;
  std::filesystem::path base_dir;  ///< of a relative path
};
using Settings = std::vector<Setting>;

/// A config key that takes several values.
struct GridAxis {
  std::string key;
  Settings values;
};

/// A base config with settings of its own: a column of the table.
struct SweepVariant {
  std::string name;  ///< empty when the file has none
  std::filesystem::path base;
  Settings set;
};

/// A cell that the file names.
struct NamedCell {
  std::string name;
  std::string place;
  std::filesystem::path base;  ///< in place of the variant's; empty = that one
  Settings set;
  std::map<std::string, Settings> set_in;  ///< by variant
  std::vector<std::string> only_in;        ///< variants; empty = all
  std::string reference;                   ///< a named cell; empty = as SweepFile::reference says
  /// Named cells that answer together: nothing is trained, see ensemble_results(). Empty = a run.
  std::vector<std::string> ensemble;
};

/// The row that another one is compared with: the one of that name, or the one that differs in
/// these keys only (`cell` is the name of a named cell).
struct SweepReference {
  std::string name;
  std::map<std::string, std::string> keys;
  std::string place;
  bool given() const { return !name.empty() || !keys.empty(); }
};

/// The paper's numbers, in its own units (per cent, or a count, or a loss).
struct PaperNumbers {
  using Numbers = std::map<std::string, double>;                      ///< by row
  std::map<std::string, Numbers> by_measure;                          ///< see kPaperMeasures
  std::map<std::string, std::vector<std::vector<double>>> confusion;  ///< by row; % of the truth
};
extern const std::vector<std::string> kPaperMeasures;

inline constexpr const char* kScoreNone = "none";
/// The key of an axis whose values are seeds of the split and of training alike.
inline constexpr const char* kPairedRepeats = "repeats";

/// What `mer sweep -c` reads: a base config, what varies, and what the results are held against.
///
///   base: ../4qaed.yaml                   # or variants: {letter: {base: …, set: {…}}, small: …}
///   set: {train.epochs: 4}
///   grid: {model.name: [cnn, improved_cnn], segment.length_s: [3, 10]}
///   cells: [{name: a, set: {…}}, …]       # beside or times the grid; {name: c, ensemble: [a, b]}
///   seeds: [0, 1]                         # averaged over; splits: the same with data.split.seed
///   repeats: [0, 1]                       # in place of both: split 0 with seed 0, 1 with 1
///   reference: {model.name: cnn}
struct SweepFile {
  std::filesystem::path file;
  std::string title;
  std::vector<SweepVariant> variants;  ///< at least one
  Settings set;                        ///< for every cell
  std::vector<NamedCell> cells;        ///< may be empty
  std::vector<GridAxis> grid;
  std::vector<GridAxis> repeats;  ///< seed, data.split.seed: what a row is the mean over
  Settings overrides;             ///< --set of config keys

  /// The part of the split that is scored: test, validation, or none (only training is looked at).
  std::string score = "test";
  bool show_train_accuracy = false;  ///< and the gap to it
  bool show_training_segments = false;
  bool show_loss = false;
  bool show_embeddings = false;              ///< how far apart the classes' embeddings lie
  double loss_after = 0.0;                   ///< the mean loss counts rows after this iteration
  std::vector<std::string> confusion_order;  ///< classes of the confusion matrix; empty = not shown
  SweepReference reference;
  PaperNumbers paper;
  std::vector<Claim> claims;
  std::vector<std::string> notes;  ///< lines below the table
};

/// Reads a sweep strictly.
/// @param assignments  `KEY=VALUE` of the command line: keys of the sweep file itself (`seeds=[0]`,
///                     `only=[small]`) or else of every cell's config
/// @throws UsageError naming file and line, with the nearest known key
SweepFile read_sweep_file(const std::filesystem::path& file,
                          const std::vector<std::string>& assignments);

}  // namespace mer
