#include "mer/experiment/sweep_plan.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "mer/core/error.hpp"
#include "mer/core/text.hpp"
#include "mer/corpus/manifest.hpp"

namespace mer {
namespace {

constexpr const char* kCellKey = "cell";

/// A text as a part of a file's name.
std::string file_name_of(const std::string& text) {
  std::string name;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '.' || c == '_' || c == '-';
    if (plain) {
      name += c;
    } else if (!name.empty() && name.back() != '-') {
      name += '-';
    }
  }
  while (!name.empty() && name.back() == '-') name.pop_back();
  return name;
}

bool is_word(const std::string& text) {
  return !text.empty() && std::isalpha(static_cast<unsigned char>(text.front())) != 0 &&
         text != "true" && text != "false";
}

/// `cnn` for a word, `length_s-10` for a number; the whole key where another ends alike.
std::string part_of_name(const GridAxis& axis, const std::string& value,
                         const std::vector<GridAxis>& axes) {
  if (is_word(value)) return file_name_of(value);
  const auto leaf = [](const std::string& key) { return key.substr(key.rfind('.') + 1); };
  const auto alike = std::count_if(axes.begin(), axes.end(), [&](const GridAxis& other) {
    return leaf(other.key) == leaf(axis.key);
  });
  return file_name_of((alike > 1 ? axis.key : leaf(axis.key)) + "-" + value);
}

std::string joined(const std::vector<std::string>& parts) { return join(parts, "_"); }

/// Calls `visit` with one setting of each axis, the last axis fastest.
template <class Visit>
void for_each_choice(const std::vector<GridAxis>& axes, const Visit& visit) {
  std::vector<const Setting*> choice(axes.size());
  const auto descend = [&](const auto& self, std::size_t axis) -> void {
    if (axis == axes.size()) {
      visit(std::as_const(choice));
      return;
    }
    for (const Setting& value : axes[axis].values) {
      choice[axis] = &value;
      self(self, axis + 1);
    }
  };
  descend(descend, 0);
}

void apply_settings(const Settings& settings, ConfigDocument& document) {
  for (const Setting& setting : settings) {
    document.set(setting.key, setting.yaml, setting.place, setting.base_dir);
  }
}

void apply_repeat(const std::string& key, const Setting& value, ConfigDocument& document) {
  for (const char* seed : {"train.seed", "data.split.seed"}) {
    if (key == seed || key == kPairedRepeats) {
      document.set(seed, value.yaml, value.place, value.base_dir);
    }
  }
}

class Planner {
 public:
  explicit Planner(SweepFile file) { plan_.file = std::move(file); }

  SweepPlan plan() {
    check_variants_of_cells();
    const SweepFile& file = plan_.file;
    for (const SweepVariant& variant : file.variants) {
      if (file.cells.empty()) {
        add_rows(variant, nullptr);
      } else {
        for (const NamedCell& cell : file.cells) {
          const auto& only = cell.only_in;
          const bool wanted =
              only.empty() || std::find(only.begin(), only.end(), variant.name) != only.end();
          if (wanted) add_rows(variant, &cell);
        }
      }
    }
    if (plan_.cells.empty()) throw UsageError(file.file.string() + ": the sweep has no cells");
    join_cells();
    refuse_equal_names();
    refuse_equal_configs();
    find_references();
    check_row_names();
    return std::move(plan_);
  }

 private:
  void check_variants_of_cells() const {
    // `only` may have left variants out: then any name may be meant.
    std::set<std::string> names;
    for (const SweepVariant& variant : plan_.file.variants) names.insert(variant.name);
    const bool has_variants = !names.contains("");
    for (const NamedCell& cell : plan_.file.cells) {
      if (!has_variants && (!cell.set_in.empty() || !cell.only_in.empty())) {
        throw UsageError(
            cell.place + ": cell '" + cell.name + "' speaks of variants, the sweep has none",
            "give `variants: {NAME: {base: FILE}}`, or remove set_in and only_in");
      }
    }
  }

  void add_rows(const SweepVariant& variant, const NamedCell* cell) {
    const std::vector<GridAxis>& grid = plan_.file.grid;
    for_each_choice(grid, [&](const std::vector<const Setting*>& choice) {
      SweepRow row;
      row.variant = variant.name;
      std::vector<std::string> parts;
      if (cell != nullptr) {
        parts.push_back(file_name_of(cell->name));
        row.keys[kCellKey] = cell->name;
      }
      for (std::size_t axis = 0; axis < grid.size(); ++axis) {
        parts.push_back(part_of_name(grid[axis], choice[axis]->yaml, grid));
        row.keys[grid[axis].key] = choice[axis]->yaml;
      }
      row.name = parts.empty() ? "cell" : joined(parts);
      plan_.rows.push_back(std::move(row));
      if (cell == nullptr || cell->ensemble.empty()) add_cells(variant, cell, choice);
    });
  }

  /// Gives the rows that answer for others their cells, one for each seed and split.
  void join_cells() {
    for (const NamedCell& cell : plan_.file.cells) {
      if (cell.ensemble.empty()) continue;
      for (std::size_t r = 0; r < plan_.rows.size(); ++r) {
        if (plan_.rows[r].keys.at(kCellKey) == cell.name) join_row(cell, r);
      }
    }
  }

  void join_row(const NamedCell& cell, std::size_t row_number) {
    SweepRow& row = plan_.rows[row_number];
    std::vector<const SweepRow*> members;
    for (const std::string& name : cell.ensemble) {
      auto wanted = row.keys;
      wanted[kCellKey] = name;
      const auto member =
          std::find_if(plan_.rows.begin(), plan_.rows.end(), [&](const SweepRow& one) {
            return one.keys == wanted && one.variant == row.variant && !one.cells.empty();
          });
      if (member == plan_.rows.end()) {
        throw UsageError(cell.place + ": cell '" + cell.name + "' is an ensemble with '" + name +
                             "', which is no other cell" +
                             (row.variant.empty() ? "" : " of variant '" + row.variant + "'"),
                         "name cells that are trained, or ensembles above this one");
      }
      members.push_back(&*member);
    }
    for (std::size_t repeat = 0; repeat < members.front()->cells.size(); ++repeat) {
      SweepCell joined;
      const SweepCell& first = plan_.cells[members.front()->cells[repeat]];
      joined.row = row_number;
      joined.repeat = first.repeat;
      joined.name = row.full_name() + (joined.repeat.empty() ? "" : "_" + joined.repeat);
      joined.config = first.config;
      for (const SweepRow* member : members) joined.members.push_back(member->cells[repeat]);
      row.cells.push_back(plan_.cells.size());
      plan_.cells.push_back(std::move(joined));
    }
  }

  void add_cells(const SweepVariant& variant, const NamedCell* named,
                 const std::vector<const Setting*>& grid) {
    SweepRow& row = plan_.rows.back();
    const std::vector<GridAxis>& axes = plan_.file.repeats;
    for_each_choice(axes, [&](const std::vector<const Setting*>& repeat) {
      const std::filesystem::path& base =
          named != nullptr && !named->base.empty() ? named->base : variant.base;
      ConfigDocument document = base.empty() ? ConfigDocument() : ConfigDocument::load(base);
      apply_settings(plan_.file.set, document);
      apply_settings(variant.set, document);
      if (named != nullptr) {
        apply_settings(named->set, document);
        const auto own = named->set_in.find(variant.name);
        if (own != named->set_in.end()) apply_settings(own->second, document);
      }
      std::vector<std::string> repeat_parts;
      for (const Setting* setting : grid) apply_settings({*setting}, document);
      for (std::size_t axis = 0; axis < axes.size(); ++axis) {
        apply_repeat(axes[axis].key, *repeat[axis], document);
        const std::string word = axes[axis].key == "train.seed"     ? "seed"
                                 : axes[axis].key == kPairedRepeats ? "repeat"
                                                                    : "split";
        repeat_parts.push_back(file_name_of(word + "-" + repeat[axis]->yaml));
      }
      apply_settings(plan_.file.overrides, document);

      SweepCell cell;
      cell.row = plan_.rows.size() - 1;
      cell.repeat = joined(repeat_parts);
      cell.name = row.full_name() + (cell.repeat.empty() ? "" : "_" + cell.repeat);
      document.read(cell.config);
      std::filesystem::path& store = cell.config.data.store;
      if (store.empty()) store = std::filesystem::absolute("mer-store");
      row.cells.push_back(plan_.cells.size());
      plan_.cells.push_back(std::move(cell));
    });
  }

  void refuse_equal_names() const {
    std::set<std::string> names;
    for (const SweepCell& cell : plan_.cells) {
      if (names.insert(cell.name).second) continue;
      throw UsageError(plan_.file.file.string() + ": two cells are called '" + cell.name + "'",
                       "a value stands twice in a list, or two cells have the same name");
    }
  }

  void refuse_equal_configs() const {
    std::map<std::string, const SweepCell*> by_options;
    for (const SweepCell& cell : plan_.cells) {
      if (!cell.is_run()) continue;
      const auto [found, is_new] = by_options.emplace(deciding_options(cell.config).dump(), &cell);
      if (is_new) continue;
      throw UsageError(
          plan_.file.file.string() + ": cells '" + found->second->name + "' and '" + cell.name +
              "' have the same effective config",
          "what tells them apart is overridden, e.g. by --set of a key that the grid varies");
    }
  }

  std::vector<std::string> row_names() const {
    std::vector<std::string> names;
    for (const SweepRow& row : plan_.rows) {
      if (std::find(names.begin(), names.end(), row.name) == names.end()) {
        names.push_back(row.name);
      }
    }
    return names;
  }

  void require_row(const std::string& name, const std::string& place,
                   const std::string& what) const {
    const auto names = row_names();
    if (std::find(names.begin(), names.end(), name) != names.end()) return;
    const auto near = nearest_word(name, names);
    throw UsageError(place + ": " + what + " '" + name + "' is no cell of this sweep",
                     near ? "did you mean '" + *near + "'?" : "cells: " + join(names, ", "));
  }

  void find_references() {
    find_references_of_cells();
    const SweepReference& reference = plan_.file.reference;
    if (!reference.given()) return;
    if (!reference.name.empty()) require_row(reference.name, reference.place, "the reference");
    for (const auto& [key, value] : reference.keys) require_key(key, value, reference.place);
    for (std::size_t r = 0; r < plan_.rows.size(); ++r) {
      SweepRow& row = plan_.rows[r];
      if (row.reference) continue;
      auto wanted = row.keys;
      for (const auto& [key, value] : reference.keys) wanted[key] = value;
      for (std::size_t other = 0; other < plan_.rows.size(); ++other) {
        const SweepRow& candidate = plan_.rows[other];
        if (other == r || candidate.variant != row.variant) continue;
        const bool is_it =
            reference.name.empty() ? candidate.keys == wanted : candidate.name == reference.name;
        if (is_it) row.reference = other;
      }
    }
    // A row that is another's reference by name has none itself; by keys it would be its own.
    for (SweepRow& row : plan_.rows) {
      if (!reference.name.empty() && row.name == reference.name) row.reference.reset();
    }
  }

  /// Named cells that name their reference: the cell of that name with the same grid values.
  void find_references_of_cells() {
    for (const NamedCell& cell : plan_.file.cells) {
      if (cell.reference.empty()) continue;
      require_key(kCellKey, cell.reference, cell.place);
      for (SweepRow& row : plan_.rows) {
        if (row.keys.at(kCellKey) != cell.name) continue;
        auto wanted = row.keys;
        wanted[kCellKey] = cell.reference;
        for (std::size_t other = 0; other < plan_.rows.size(); ++other) {
          const SweepRow& candidate = plan_.rows[other];
          const bool is_it = candidate.keys == wanted && candidate.variant == row.variant;
          if (is_it && &candidate != &row) row.reference = other;
        }
      }
    }
  }

  void require_key(const std::string& key, const std::string& value,
                   const std::string& place) const {
    std::set<std::string> values;
    std::set<std::string> keys;
    for (const SweepRow& row : plan_.rows) {
      for (const auto& [name, text] : row.keys) {
        keys.insert(name);
        if (name == key) values.insert(text);
      }
    }
    if (values.contains(value)) return;
    const std::vector<std::string> known_keys(keys.begin(), keys.end());
    const std::vector<std::string> known_values(values.begin(), values.end());
    const bool unknown_key = !keys.contains(key);
    const auto near =
        unknown_key ? nearest_word(key, known_keys) : nearest_word(value, known_values);
    throw UsageError(
        place + ": the reference's " +
            (unknown_key ? "key '" + key + "' does not vary in this sweep"
                         : "value '" + value + "' is not among those of '" + key + "'"),
        near ? "did you mean '" + *near + "'?"
             : "there are " + join(unknown_key ? known_keys : known_values, ", "));
  }

  void check_row_names() const {
    const std::string file = plan_.file.file.string();
    for (const auto& [measure, rows] : plan_.file.paper.by_measure) {
      for (const auto& [row, number] : rows) require_row(row, file, "paper." + measure + ":");
    }
    for (const auto& [row, matrix] : plan_.file.paper.confusion) {
      require_row(row, file, "paper.confusion:");
    }
    for (const Claim& claim : plan_.file.claims) {
      for (const Comparison& comparison : claim.holds_if) {
        for (const ClaimTerm* term : {&comparison.larger, &comparison.smaller}) {
          if (!term->row.empty()) require_row(term->row, claim.place, "the claim's");
          if (term->needs_training_songs() && !plan_.file.show_train_accuracy) {
            throw UsageError(
                claim.place + ": '" + term->text() + "' needs the training songs scored",
                "add train_accuracy to `show:`");
          }
        }
      }
    }
  }

  SweepPlan plan_;
};

/// Songs of each class in a part.
void require_every_class(const Manifest& manifest, const Split& split, const std::string& part,
                         const std::string& where) {
  const std::vector<std::size_t> songs = songs_in(split, part);
  for (const std::string& name : manifest.classes) {
    const bool has = std::any_of(songs.begin(), songs.end(), [&](std::size_t song) {
      return manifest.songs[song].label == name;
    });
    if (has) continue;
    throw UsageError(where + ": no song of class '" + name + "' in the part '" + part + "'",
                     "add songs of this class, or change data.split");
  }
}

}  // namespace

std::size_t SweepPlan::num_runs() const {
  return static_cast<std::size_t>(std::count_if(
      cells.begin(), cells.end(), [](const SweepCell& cell) { return cell.is_run(); }));
}

SweepPlan plan_sweep(SweepFile file) { return Planner(std::move(file)).plan(); }

nlohmann::ordered_json deciding_options(const RunConfig& config) {
  nlohmann::ordered_json json = to_json(config);
  json["data"].erase("store");
  for (const char* key : {"replicas", "threads", "fold_jobs"}) json["train"].erase(key);
  return json;
}

void check_songs(const SweepPlan& plan) {
  std::set<std::filesystem::path> checked;
  for (const SweepCell& cell : plan.cells) {
    const DataOptions& data = cell.config.data;
    // Segments are known only when the features are there.
    if (data.split.unit == SplitOptions::Unit::kSegment) continue;
    if (checked.insert(data.manifest).second) check_songs(plan, data.load_manifest());
  }
}

void check_songs(const SweepPlan& plan, const Manifest& manifest) {
  std::set<std::string> checked;
  for (const SweepCell& cell : plan.cells) {
    const DataOptions& data = cell.config.data;
    if (data.split.unit == SplitOptions::Unit::kSegment || data.manifest != manifest.file) continue;
    if (!checked.insert(to_json(data.split).dump()).second) continue;
    const bool folds = data.split.folds > 0;
    if (folds && plan.file.score == kValidation) {
      throw UsageError(plan.file.file.string() + ": score: " + plan.file.score +
                           " does not go with data.split.folds",
                       "folds are scored on their test songs");
    }
    const std::vector<Split> splits = folds ? make_folds(manifest, data.split)
                                            : std::vector<Split>{make_split(manifest, data.split)};
    for (std::size_t i = 0; i < splits.size(); ++i) {
      const std::string where =
          manifest.file.string() + (folds ? ", fold " + std::to_string(i + 1) : "");
      require_every_class(manifest, splits[i], kTrain, where);
      if (plan.file.score != kScoreNone) {
        require_every_class(manifest, splits[i], plan.file.score, where);
      }
    }
  }
}

std::vector<std::size_t> cells_with_distinct_features(const SweepPlan& plan,
                                                      const std::vector<std::size_t>& cells) {
  std::set<std::string> seen;
  std::vector<std::size_t> distinct;
  for (const std::size_t cell : cells) {
    const RunConfig& config = plan.cells[cell].config;
    std::string key = config.data.manifest.string() + "\n" + config.data.store.string() + "\n" +
                      config.recipe.store_key();
    if (config.sees_embeddings()) key += to_json(config.embed).dump();
    if (seen.insert(key).second) distinct.push_back(cell);
  }
  return distinct;
}

}  // namespace mer
