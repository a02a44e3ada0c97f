#include "mer/experiment/sweep_file.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <set>

#include "mer/core/error.hpp"
#include "mer/core/options.hpp"
#include "mer/core/text.hpp"

namespace mer {

const std::vector<std::string> kPaperMeasures = {"accuracy", "train_accuracy", "gap",
                                                 "training_segments", "loss"};

namespace {

using Kind = ConfigValue::Kind;

const std::vector<std::string> kTopKeys = {
    "title",     "base",   "variants", "only",  "set",  "cells",      "grid",
    "seeds",     "splits", "repeats",  "score", "show", "loss_after", "confusion_order",
    "reference", "paper",  "claims",   "notes"};
const std::vector<std::string> kShown = {"train_accuracy", "training_segments", "loss",
                                         "embeddings"};

[[noreturn]] void refuse(const ConfigValue& value, const std::string& key,
                         const std::string& wanted, const std::string& hint = {}) {
  const std::string found = value.kind == Kind::kEmpty ? "empty" : "'" + value.text + "'";
  throw UsageError(value.place + ": '" + key + "' is " + found + ", allowed: " + wanted, hint);
}

/// A scalar's text in a form that YAML takes for a scalar again.
std::string as_scalar(const std::string& text) {
  if (text.find_first_of(":#[]{},&*!|>'\"%@`\n") == std::string::npos) return text;
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string text_of(const ConfigValue& value, const std::string& key) {
  if (value.kind != Kind::kScalar) refuse(value, key, "text");
  return value.text;
}

double number_of(const ConfigValue& value, const std::string& key) {
  double number = 0.0;
  const char* end = value.text.data() + value.text.size();
  const auto [parsed, error] = std::from_chars(value.text.data(), end, number);
  if (value.kind != Kind::kScalar || error != std::errc() || parsed != end) {
    refuse(value, key, "a number");
  }
  return number;
}

/// @param key  no string: GCC 14 would fear that the list is that temporary's
const std::vector<ConfigValue>& list_of(const ConfigValue& value, std::string_view key) {
  if (value.kind != Kind::kList) refuse(value, std::string(key), "a list");
  return value.items;
}

std::vector<std::string> words_of(const ConfigValue& value, const std::string& key) {
  std::vector<std::string> words;
  for (const ConfigValue& item : list_of(value, key)) words.push_back(text_of(item, key));
  return words;
}

std::string one_of(const std::string& word, const std::vector<std::string>& allowed,
                   const ConfigValue& value, const std::string& key) {
  if (std::find(allowed.begin(), allowed.end(), word) != allowed.end()) return word;
  const auto near = nearest_word(word, allowed);
  refuse(value, key, "one of " + join(allowed, ", "), near ? "did you mean '" + *near + "'?" : "");
}

/// The entries of a map, each of which must be asked for.
class Keys {
 public:
  Keys(const ConfigValue& value, std::string name) : value_(value), name_(std::move(name)) {
    if (value.kind != Kind::kMap) refuse(value, name_, "keys with values");
  }
  /// Null when absent.
  const ConfigValue* take(const std::string& key) {
    known_.push_back(key);
    for (const ConfigValue& value : value_.entries) {
      const std::string& word = value.key;
      if (word == key) return &value;
    }
    return nullptr;
  }
  const ConfigValue& need(const std::string& key) {
    if (const ConfigValue* value = take(key)) return *value;
    throw UsageError(value_.place + ": '" + name_ + "' lacks the key '" + key + "'");
  }
  void finish() const {
    for (const ConfigValue& value : value_.entries) {
      const std::string& word = value.key;
      if (std::find(known_.begin(), known_.end(), word) != known_.end()) continue;
      const auto near = nearest_word(word, known_);
      throw UsageError(
          value.place + ": unknown key '" + (name_.empty() ? "" : name_ + ".") + word + "'",
          near ? "did you mean '" + *near + "'?" : "known keys here: " + join(known_, ", "));
    }
  }

 private:
  const ConfigValue& value_;
  std::string name_;
  std::vector<std::string> known_;
};

class Reader {
 public:
  Reader(const std::filesystem::path& file, const ConfigValue& root)
      : folder_(file.has_parent_path() ? file.parent_path() : "."), keys_(root, "") {
    sweep_.file = file;
  }

  SweepFile read() {
    if (const ConfigValue* title = keys_.take("title")) sweep_.title = text_of(*title, "title");
    read_variants();
    if (const ConfigValue* set = keys_.take("set")) add_settings(*set, "", sweep_.set);
    if (const ConfigValue* cells = keys_.take("cells")) read_cells(*cells);
    if (const ConfigValue* grid = keys_.take("grid")) read_grid(*grid, "");
    read_repeats("seeds", "train.seed");
    read_repeats("splits", "data.split.seed");
    read_paired_repeats();
    read_what_is_shown();
    if (const ConfigValue* value = keys_.take("reference")) read_reference(*value);
    if (const ConfigValue* paper = keys_.take("paper")) read_paper(*paper);
    if (const ConfigValue* claims = keys_.take("claims")) read_claims(*claims);
    if (const ConfigValue* notes = keys_.take("notes")) sweep_.notes = words_of(*notes, "notes");
    keys_.finish();
    return std::move(sweep_);
  }

 private:
  std::filesystem::path path_of(const ConfigValue& value, const std::string& key) const {
    const std::filesystem::path path = text_of(value, key);
    const bool from_command_line = value.place.starts_with("--set ");
    return from_command_line ? path : (folder_ / path).lexically_normal();
  }

  /// Nested maps are dotted keys; what comes later replaces what came before.
  void add_settings(const ConfigValue& value, const std::string& prefix, Settings& settings) const {
    if (value.kind == Kind::kEmpty && prefix.empty()) return;
    if (value.kind == Kind::kMap) {
      for (const ConfigValue& child : value.entries) {
        const std::string& word = child.key;
        add_settings(child, prefix.empty() ? word : prefix + "." + word, settings);
      }
      return;
    }
    if (prefix.empty()) refuse(value, "set", "keys of a config with their values");
    if (value.kind == Kind::kEmpty) refuse(value, prefix, "a value");
    std::erase_if(settings, [&](const Setting& setting) { return setting.key == prefix; });
    settings.push_back(setting_of(prefix, value));
  }

  Setting setting_of(const std::string& key, const ConfigValue& value) const {
    const bool from_command_line = value.place.starts_with("--set ");
    return {key, value.kind == Kind::kScalar ? as_scalar(value.text) : value.text, value.place,
            from_command_line ? std::filesystem::path() : folder_};
  }

  void read_variants() {
    std::filesystem::path base;
    if (const ConfigValue* value = keys_.take("base")) base = path_of(*value, "base");
    std::vector<std::string> names;
    if (const ConfigValue* variants = keys_.take("variants")) {
      if (variants->kind != Kind::kMap) refuse(*variants, "variants", "names with base and set");
      for (const ConfigValue& value : variants->entries) {
        const std::string& name = value.key;
        SweepVariant variant{name, base, {}};
        Keys keys(value, "variants." + name);
        if (const ConfigValue* own = keys.take("base")) variant.base = path_of(*own, "base");
        if (const ConfigValue* set = keys.take("set")) add_settings(*set, "", variant.set);
        keys.finish();
        names.push_back(name);
        sweep_.variants.push_back(std::move(variant));
      }
    }
    if (sweep_.variants.empty()) sweep_.variants.push_back({"", base, {}});
    if (const ConfigValue* only = keys_.take("only")) keep_only(*only, names);
  }

  void keep_only(const ConfigValue& only, const std::vector<std::string>& names) {
    std::set<std::string> kept;
    for (const std::string& name : words_of(only, "only")) {
      kept.insert(one_of(name, names, only, "only"));
    }
    if (kept.empty()) return;
    std::erase_if(sweep_.variants,
                  [&](const SweepVariant& variant) { return !kept.contains(variant.name); });
  }

  void read_cells(const ConfigValue& cells) {
    for (const ConfigValue& value : list_of(cells, "cells")) {
      Keys keys(value, "cells");
      NamedCell cell;
      cell.place = value.place;
      cell.name = text_of(keys.need("name"), "cells.name");
      if (const ConfigValue* base = keys.take("base")) cell.base = path_of(*base, "cells.base");
      if (const ConfigValue* set = keys.take("set")) add_settings(*set, "", cell.set);
      if (const ConfigValue* set_in = keys.take("set_in")) {
        if (set_in->kind != Kind::kMap) refuse(*set_in, "cells.set_in", "variants with settings");
        for (const ConfigValue& settings : set_in->entries) {
          const std::string& variant = settings.key;
          add_settings(settings, "", cell.set_in[variant]);
        }
      }
      if (const ConfigValue* only = keys.take("only_in")) {
        cell.only_in = words_of(*only, "cells.only_in");
      }
      if (const ConfigValue* reference = keys.take("reference")) {
        cell.reference = text_of(*reference, "cells.reference");
      }
      if (const ConfigValue* ensemble = keys.take("ensemble")) {
        cell.ensemble = words_of(*ensemble, "cells.ensemble");
        if (cell.ensemble.size() < 2 || !cell.base.empty() || !cell.set.empty() ||
            !cell.set_in.empty()) {
          refuse(*ensemble, "cells.ensemble",
                 "two or more other cells, and no settings beside them");
        }
      }
      keys.finish();
      sweep_.cells.push_back(std::move(cell));
    }
  }

  void read_grid(const ConfigValue& value, const std::string& prefix) {
    if (value.kind == Kind::kMap) {
      for (const ConfigValue& child : value.entries) {
        const std::string& word = child.key;
        read_grid(child, prefix.empty() ? word : prefix + "." + word);
      }
      return;
    }
    if (prefix.empty()) refuse(value, "grid", "keys of a config, each with a list of values");
    GridAxis axis = axis_of(value, "grid." + prefix, prefix);
    for (GridAxis& earlier : sweep_.grid) {
      if (earlier.key != prefix) continue;
      earlier = std::move(axis);
      return;
    }
    sweep_.grid.push_back(std::move(axis));
  }

  GridAxis axis_of(const ConfigValue& value, const std::string& name,
                   const std::string& key) const {
    GridAxis axis{key, {}};
    for (const ConfigValue& item : list_of(value, name)) {
      if (item.kind == Kind::kEmpty) refuse(item, name, "a list of values");
      axis.values.push_back(setting_of(key, item));
    }
    if (axis.values.empty()) refuse(value, name, "a list with at least one value");
    return axis;
  }

  /// `seeds` and `splits`, or the same keys in the grid.
  void read_repeats(const std::string& name, const std::string& key) {
    const ConfigValue* value = keys_.take(name);
    const auto in_grid = std::find_if(sweep_.grid.begin(), sweep_.grid.end(),
                                      [&](const GridAxis& axis) { return axis.key == key; });
    if (value != nullptr && in_grid != sweep_.grid.end()) {
      throw UsageError(value->place + ": '" + name + "' and 'grid." + key + "' say the same",
                       "remove one of the two");
    }
    if (value != nullptr) sweep_.repeats.push_back(axis_of(*value, name, key));
    if (in_grid != sweep_.grid.end()) {
      sweep_.repeats.push_back(std::move(*in_grid));
      sweep_.grid.erase(in_grid);
    }
  }

  /// Each number is the seed of a split and of what is trained on it.
  void read_paired_repeats() {
    const ConfigValue* value = keys_.take("repeats");
    if (value == nullptr) return;
    if (!sweep_.repeats.empty()) {
      throw UsageError(
          value->place + ": 'repeats' stands beside seeds or splits",
          "repeats: [0, 1] = split 0 with seed 0, split 1 with seed 1; seeds and splits "
          "take every pair");
    }
    sweep_.repeats.push_back(axis_of(*value, "repeats", kPairedRepeats));
  }

  void read_what_is_shown() {
    if (const ConfigValue* score = keys_.take("score")) {
      sweep_.score =
          one_of(text_of(*score, "score"), {"test", "validation", "none"}, *score, "score");
    }
    if (const ConfigValue* show = keys_.take("show")) {
      for (const std::string& raw : words_of(*show, "show")) {
        const std::string word = one_of(raw, kShown, *show, "show");
        if (word == "train_accuracy") sweep_.show_train_accuracy = true;
        if (word == "training_segments") sweep_.show_training_segments = true;
        if (word == "loss") sweep_.show_loss = true;
        if (word == "embeddings") sweep_.show_embeddings = true;
      }
    }
    if (const ConfigValue* after = keys_.take("loss_after")) {
      sweep_.loss_after = number_of(*after, "loss_after");
    }
    if (sweep_.score == kScoreNone && sweep_.show_train_accuracy) {
      throw UsageError(sweep_.file.string() +
                       ": score: none does not go with show: train_accuracy");
    }
    if (const ConfigValue* order = keys_.take("confusion_order")) {
      sweep_.confusion_order = words_of(*order, "confusion_order");
    }
  }

  void read_reference(const ConfigValue& value) {
    sweep_.reference.place = value.place;
    if (value.kind == Kind::kScalar) {
      sweep_.reference.name = value.text;
      return;
    }
    Settings keys;
    add_settings(value, "", keys);
    for (const Setting& setting : keys) sweep_.reference.keys[setting.key] = setting.yaml;
  }

  void read_paper(const ConfigValue& paper) {
    Keys keys(paper, "paper");
    for (const std::string& measure : kPaperMeasures) {
      const ConfigValue* rows = keys.take(measure);
      if (rows == nullptr) continue;
      const std::string name = "paper." + measure;
      if (rows->kind != Kind::kMap) refuse(*rows, name, "cells with numbers");
      for (const ConfigValue& value : rows->entries) {
        const std::string& row = value.key;
        sweep_.paper.by_measure[measure][row] = number_of(value, name + "." + row);
      }
    }
    if (const ConfigValue* rows = keys.take("confusion")) {
      if (rows->kind != Kind::kMap) refuse(*rows, "paper.confusion", "cells with matrices");
      for (const ConfigValue& matrix : rows->entries) read_confusion(matrix.key, matrix);
    }
    keys.finish();
  }

  void read_confusion(const std::string& row, const ConfigValue& matrix) {
    const std::string name = "paper.confusion." + row;
    auto& numbers = sweep_.paper.confusion[row];
    for (const ConfigValue& line : list_of(matrix, name)) {
      numbers.emplace_back();
      for (const ConfigValue& cell : list_of(line, name)) {
        numbers.back().push_back(number_of(cell, name));
      }
    }
    const std::size_t num_classes = sweep_.confusion_order.size();
    const bool fits = numbers.size() == num_classes &&
                      std::all_of(numbers.begin(), numbers.end(),
                                  [&](const auto& line) { return line.size() == num_classes; });
    if (!fits) {
      refuse(matrix, name,
             "a row and a column for each class of confusion_order (" +
                 std::to_string(num_classes) + ")");
    }
  }

  void read_claims(const ConfigValue& claims) {
    for (const ConfigValue& value : list_of(claims, "claims")) {
      Keys keys(value, "claims");
      Claim claim;
      claim.place = value.place;
      claim.says = text_of(keys.need("says"), "claims.says");
      if (const ConfigValue* paper = keys.take("paper")) {
        claim.paper = text_of(*paper, "claims.paper");
      }
      if (const ConfigValue* conditions = keys.take("holds_if")) {
        for (const ConfigValue& item : list_of(*conditions, "claims.holds_if")) {
          claim.holds_if.push_back(Comparison::parse(text_of(item, "claims.holds_if"), item.place));
        }
      }
      keys.finish();
      sweep_.claims.push_back(std::move(claim));
    }
  }

  std::filesystem::path folder_;
  Keys keys_;
  SweepFile sweep_;
};

}  // namespace

SweepFile read_sweep_file(const std::filesystem::path& file,
                          const std::vector<std::string>& assignments) {
  ConfigDocument document = ConfigDocument::load(file);
  Settings overrides;
  for (const std::string& assignment : assignments) {
    const std::size_t equals = assignment.find('=');
    const std::string key = assignment.substr(0, equals);
    const std::string first = key.substr(0, key.find('.'));
    if (std::find(kTopKeys.begin(), kTopKeys.end(), first) != kTopKeys.end()) {
      document.set(assignment);
      continue;
    }
    if (equals == std::string::npos || equals == 0) {
      throw UsageError("--set " + assignment + ": is not KEY=VALUE",
                       "for example --set data.manifest=songs.csv");
    }
    overrides.push_back({key, assignment.substr(equals + 1), "--set " + assignment, {}});
  }
  const ConfigValue root = document.tree();
  SweepFile sweep = Reader(file, root).read();
  sweep.overrides = std::move(overrides);
  return sweep;
}

}  // namespace mer
