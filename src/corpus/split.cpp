#include "mer/corpus/split.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <numeric>
#include <random>
#include <stdexcept>

#include "mer/core/error.hpp"
#include "mer/core/random.hpp"
#include "mer/core/text.hpp"

namespace mer {
namespace {

/// Songs that must stay together.
struct Group {
  std::string name;
  std::vector<std::size_t> songs;   ///< indices into Manifest::songs
  std::vector<double> class_count;  ///< songs of each stratum
  double size() const { return static_cast<double>(songs.size()); }
};

/// What parts shall have in proportion: the classes, and of songs without one the quadrants of
/// valence and arousal; those of which neither is known are one more.
std::size_t count_strata(const Manifest& manifest) { return manifest.classes.size() + 5; }

std::size_t stratum_of(const Song& song, const Manifest& manifest) {
  if (!song.label.empty()) return static_cast<std::size_t>(manifest.class_index(song.label));
  const std::size_t first = manifest.classes.size();
  if (std::isnan(song.valence) || std::isnan(song.arousal)) return first + 4;
  return first + (song.valence > 0.0 ? 1U : 0U) + (song.arousal > 0.0 ? 2U : 0U);
}

/// The groups of some songs, sorted by name, so that what follows does not depend on the order of
/// the manifest's lines.
std::vector<Group> groups_of(const Manifest& manifest, const std::vector<std::size_t>& songs,
                             SplitOptions::GroupBy group_by) {
  std::map<std::string, Group> by_name;
  const std::vector<std::string> names = names_of_units(manifest, group_by);
  for (const std::size_t index : songs) {
    const Song& song = manifest.songs[index];
    const std::string& name = names[index];
    Group& group = by_name[name];
    group.name = name;
    group.class_count.resize(count_strata(manifest), 0.0);
    group.songs.push_back(index);
    group.class_count[stratum_of(song, manifest)] += 1.0;
  }
  std::vector<Group> groups;
  for (auto& [name, group] : by_name) groups.push_back(std::move(group));
  return groups;
}

/// Divides groups among parts so that the parts' class counts come near shares of the whole.
///
/// The groups are shuffled, then taken largest first; each goes where it lowers
/// Σ_{part, class} (count − target)² / target most, as scikit-learn's StratifiedGroupKFold does
/// with a like measure. Then single groups move and pairs swap as long as that lowers the sum
/// further or gives a part a class that it lacks.
class Divider {
 public:
  /// @param shares  one a part, positive, sum 1
  Divider(std::vector<Group> groups, std::vector<double> shares, std::size_t num_classes)
      : groups_(std::move(groups)),
        num_classes_(num_classes),
        target_(shares.size(), std::vector<double>(num_classes, 0.0)),
        count_(target_),
        part_of_(groups_.size(), 0) {
    for (const Group& group : groups_) {
      for (std::size_t part = 0; part < shares.size(); ++part) {
        for (std::size_t c = 0; c < num_classes; ++c) {
          target_[part][c] += shares[part] * group.class_count[c];
        }
      }
    }
  }

  /// The part of each group, in the order given to the constructor.
  std::vector<std::size_t> divide(std::uint64_t seed) {
    assign_greedily(seed);
    for (int pass = 0; pass < kMaxPasses; ++pass) {
      if (!move_single_groups() && !(pass < kMaxSwapPasses && swap_pairs())) break;
    }
    return part_of_;
  }

  /// Of the first `required` strata, and any song.
  bool every_part_has_every_class(std::size_t required) const {
    return std::all_of(count_.begin(), count_.end(), [&](const std::vector<double>& counts) {
      return std::find(counts.begin(), counts.begin() + static_cast<std::ptrdiff_t>(required),
                       0.0) == counts.begin() + static_cast<std::ptrdiff_t>(required) &&
             std::accumulate(counts.begin(), counts.end(), 0.0) > 0.0;
    });
  }

 private:
  static constexpr int kMaxPasses = 50;
  static constexpr int kMaxSwapPasses = 3;
  static constexpr double kEpsilon = 1e-9;
  /// A class that a part lacks outweighs any imbalance of counts.
  static constexpr double kMissingClass = 1e9;

  double cost(std::size_t part, std::size_t c, double count, bool mind_missing) const {
    const double target = target_[part][c];
    if (target <= 0.0) return 0.0;  // no songs of this class at all
    const double excess = count - target;
    return excess * excess / target + (mind_missing && count <= 0.0 ? kMissingClass : 0.0);
  }

  /// How the sum changes when `part` gains `gained`'s songs and loses `lost`'s (either may be
  /// null).
  double change(std::size_t part, const Group* gained, const Group* lost, bool mind_missing) const {
    double sum = 0.0;
    for (std::size_t c = 0; c < num_classes_; ++c) {
      const double delta =
          (gained ? gained->class_count[c] : 0.0) - (lost ? lost->class_count[c] : 0.0);
      if (delta == 0.0) continue;
      const double now = count_[part][c];
      sum += cost(part, c, now + delta, mind_missing) - cost(part, c, now, mind_missing);
    }
    return sum;
  }

  void add(std::size_t part, const Group& group, double sign) {
    for (std::size_t c = 0; c < num_classes_; ++c) count_[part][c] += sign * group.class_count[c];
  }

  void assign_greedily(std::uint64_t seed) {
    std::vector<std::size_t> order(groups_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::mt19937_64 rng(seed);
    shuffle(order, rng);
    std::stable_sort(order.begin(), order.end(), [this](std::size_t a, std::size_t b) {
      return groups_[a].songs.size() > groups_[b].songs.size();
    });
    for (const std::size_t g : order) {
      std::size_t best = 0;
      double best_change = change(0, &groups_[g], nullptr, false);
      for (std::size_t part = 1; part < count_.size(); ++part) {
        const double candidate = change(part, &groups_[g], nullptr, false);
        if (candidate < best_change - kEpsilon) {
          best = part;
          best_change = candidate;
        }
      }
      part_of_[g] = best;
      add(best, groups_[g], 1.0);
    }
  }

  bool move_single_groups() {
    bool improved = false;
    for (std::size_t g = 0; g < groups_.size(); ++g) {
      const std::size_t from = part_of_[g];
      const double leaving = change(from, nullptr, &groups_[g], true);
      for (std::size_t part = 0; part < count_.size(); ++part) {
        if (part == from || leaving + change(part, &groups_[g], nullptr, true) >= -kEpsilon) {
          continue;
        }
        add(from, groups_[g], -1.0);
        add(part, groups_[g], 1.0);
        part_of_[g] = part;
        improved = true;
        break;
      }
    }
    return improved;
  }

  bool swap_pairs() {
    // Pairs grow with the square; beyond this the greedy result is even enough by sheer number.
    if (groups_.size() > kMaxSwapGroups) return false;
    bool improved = false;
    for (std::size_t a = 0; a < groups_.size(); ++a) {
      for (std::size_t b = a + 1; b < groups_.size(); ++b) {
        const std::size_t part_a = part_of_[a];
        const std::size_t part_b = part_of_[b];
        if (part_a == part_b || change(part_a, &groups_[b], &groups_[a], true) +
                                        change(part_b, &groups_[a], &groups_[b], true) >=
                                    -kEpsilon) {
          continue;
        }
        add(part_a, groups_[a], -1.0);
        add(part_b, groups_[b], -1.0);
        add(part_a, groups_[b], 1.0);
        add(part_b, groups_[a], 1.0);
        std::swap(part_of_[a], part_of_[b]);
        improved = true;
      }
    }
    return improved;
  }

  static constexpr std::size_t kMaxSwapGroups = 3000;

  std::vector<Group> groups_;
  std::size_t num_classes_;
  std::vector<std::vector<double>> target_;  ///< [part][class]
  std::vector<std::vector<double>> count_;   ///< [part][class]
  std::vector<std::size_t> part_of_;         ///< [group]
};

std::vector<std::size_t> all_songs(const Manifest& manifest) {
  std::vector<std::size_t> songs(manifest.songs.size());
  std::iota(songs.begin(), songs.end(), std::size_t{0});
  return songs;
}

/// Each class needs a group for every part, or the part could not be scored on it.
void require_groups(const Manifest& manifest, const std::vector<Group>& groups, std::size_t wanted,
                    const std::string& what, const SplitOptions& options) {
  for (std::size_t c = 0; c < manifest.classes.size(); ++c) {
    std::size_t holding = 0;
    std::size_t songs = 0;
    for (const Group& group : groups) {
      if (group.class_count[c] > 0.0) ++holding;
      songs += static_cast<std::size_t>(group.class_count[c]);
    }
    if (holding >= wanted) continue;
    const bool grouped = options.group_by == SplitOptions::GroupBy::kGroup && manifest.has_groups;
    const std::string songs_text = std::to_string(songs) + (songs == 1 ? " song" : " songs");
    throw UsageError(
        manifest.file.string() + ": class '" + manifest.classes[c] + "' has " +
            (grouped ? std::to_string(holding) + (holding == 1 ? " group (" : " groups (") +
                           songs_text + ")"
                     : songs_text) +
            ", too few for " + what + ", which needs " + std::to_string(wanted),
        "add songs of this class, or ask for fewer parts (data.split.ratios, data.split.folds)");
  }
}

/// The part names with a positive ratio, and their shares.
struct Parts {
  std::vector<std::string> names;
  std::vector<double> shares;
};

Parts parts_of(const std::vector<double>& ratios) {
  const std::vector<std::string> names = {kTrain, kValidation, kTest};
  Parts parts;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (ratios[i] <= 0.0) continue;
    parts.names.push_back(names[i]);
    parts.shares.push_back(ratios[i]);
  }
  return parts;
}

/// Divides `songs` and writes the parts' names into `split`.
void divide_songs(const Manifest& manifest, const std::vector<std::size_t>& songs,
                  const Parts& parts, const SplitOptions& options, std::uint64_t seed,
                  const std::string& what, Split& split) {
  std::vector<Group> groups = groups_of(manifest, songs, options.group_by);
  require_groups(manifest, groups, parts.names.size(), what, options);
  Divider divider(groups, parts.shares, count_strata(manifest));
  const std::vector<std::size_t> part_of = divider.divide(seed);
  if (!divider.every_part_has_every_class(manifest.classes.size())) {
    throw UsageError(manifest.file.string() +
                         ": the groups can't be divided so that every part of " + what +
                         (manifest.classes.empty() ? " has songs" : " has songs of every class"),
                     "check the group column: groups of many songs and classes may be too large");
  }
  for (std::size_t g = 0; g < groups.size(); ++g) {
    for (const std::size_t song : groups[g].songs) split[song] = parts.names[part_of[g]];
  }
}

std::uint64_t seed_for(const SplitOptions& options, const char* purpose, std::uint64_t number) {
  return mix_seed({static_cast<std::uint64_t>(options.seed), seed_of(purpose), number});
}

/// Leaves out training songs beyond their share.
void thin_training(const Manifest& manifest, const SplitOptions& options, std::uint64_t number,
                   Split& split) {
  if (options.train_fraction >= 1.0) return;
  divide_songs(manifest, songs_in(split, kTrain),
               {{kTrain, kUnused}, {options.train_fraction, 1.0 - options.train_fraction}}, options,
               seed_for(options, "train_fraction", number),
               "a share of " + format_number(options.train_fraction) + " of the training songs",
               split);
}

Split given_split(const Manifest& manifest, const SplitOptions& options) {
  Split split;
  for (const Song& song : manifest.songs) {
    if (song.split.empty()) {
      throw UsageError(manifest.file.string() + ":" + std::to_string(song.line) +
                           ": the split is empty, while the manifest has a split column",
                       "write train, validation or test, or remove the column");
    }
    split.push_back(song.split);
  }
  if (songs_in(split, kTrain).empty()) {
    throw UsageError(manifest.file.string() + ": no song is in the split 'train'",
                     "mark songs to train on, or remove the split column");
  }
  if (songs_in(split, kValidation).empty() && options.ratios[1] > 0.0) {
    const double share = options.ratios[1] / (options.ratios[0] + options.ratios[1]);
    divide_songs(manifest, songs_in(split, kTrain), {{kTrain, kValidation}, {1.0 - share, share}},
                 options, seed_for(options, "validation", 0),
                 "drawing validation songs from the given split 'train'", split);
  }
  return split;
}

}  // namespace

void SplitOptions::visit(OptionsVisitor& v) {
  v.field("ratios", ratios, between(0, 1),
          "shares of songs for [train, validation, test]; sum 1, 0 leaves a part out");
  v.field("seed", seed, at_least(0), "seed of the split");
  v.choice("group_by", group_by, {{"group", GroupBy::kGroup}, {"none", GroupBy::kNone}},
           "what never crosses parts: the manifest's groups, or only single songs");
  v.choice("unit", unit, {{"song", Unit::kSong}, {"segment", Unit::kSegment}},
           "what is divided; segment is WRONG and only measures how much leakage adds");
  v.choice("near_duplicates", near_duplicates,
           {{"keep_together", NearDuplicates::kKeepTogether}, {"ignore", NearDuplicates::kIgnore}},
           "the same recording twice: sought by Chromaprint and kept in one part, or not sought");
  v.field("folds", folds, between(0, 1000),
          "0 = one split; k of 2 or more = k-fold cross-validation, each song tested once");
  v.field("validation_fraction", validation_fraction, between(0, 0.5),
          "with folds: this share of a fold's training songs validates");
  v.field("train_fraction", train_fraction, above_up_to(0, 1),
          "of the training songs this share is used, for learning curves");
}

void SplitOptions::validate() const {
  const double sum = std::accumulate(ratios.begin(), ratios.end(), 0.0);
  if (ratios.size() != 3 || std::abs(sum - 1.0) > 1e-6) {
    std::vector<std::string> words;
    for (const double ratio : ratios) words.push_back(format_number(ratio));
    throw UsageError("data.split.ratios [" + join(words, ", ") +
                         "] must be three numbers whose sum is 1: train, validation, test",
                     "for example data.split.ratios=[0.7,0.2,0.1]");
  }
  if (ratios[0] <= 0.0) {
    throw UsageError("data.split.ratios leaves nothing to train on", "the first number is train");
  }
  if (folds == 1) {
    throw UsageError("data.split.folds is 1, it must be 0 or at least 2",
                     "0 makes one split by data.split.ratios");
  }
}

std::vector<std::string> names_of_units(const Manifest& manifest, SplitOptions::GroupBy group_by) {
  std::vector<std::string> names;
  names.reserve(manifest.songs.size());
  for (const Song& song : manifest.songs) {
    names.push_back(group_by == SplitOptions::GroupBy::kGroup ? song.group : song.id);
  }
  for (const NearDuplicate& pair : manifest.near_duplicates) {
    const std::string first = names[pair.first];
    const std::string second = names[pair.second];
    std::replace(names.begin(), names.end(), std::max(first, second), std::min(first, second));
  }
  return names;
}

Split make_split(const Manifest& manifest, const SplitOptions& options) {
  options.validate();
  Split split(manifest.songs.size());
  if (manifest.has_splits) {
    split = given_split(manifest, options);
  } else {
    const Parts parts = parts_of(options.ratios);
    divide_songs(manifest, all_songs(manifest), parts, options, seed_for(options, "split", 0),
                 "a split into " + join(parts.names, ", "), split);
  }
  thin_training(manifest, options, 0, split);
  return split;
}

std::vector<Split> make_folds(const Manifest& manifest, const SplitOptions& options) {
  options.validate();
  if (options.folds < 2) throw std::invalid_argument("make_folds: fewer than 2 folds");
  if (manifest.has_splits) {
    throw UsageError(manifest.file.string() +
                         ": the manifest has a split column, so data.split.folds " +
                         std::to_string(options.folds) + " has nothing to decide",
                     "remove the column, or set data.split.folds to 0");
  }
  const std::size_t num_folds = static_cast<std::size_t>(options.folds);
  Parts folds;
  for (std::size_t fold = 0; fold < num_folds; ++fold) {
    folds.names.push_back(std::to_string(fold));
    folds.shares.push_back(1.0 / static_cast<double>(num_folds));
  }
  Split fold_of(manifest.songs.size());
  divide_songs(manifest, all_songs(manifest), folds, options, seed_for(options, "folds", 0),
               std::to_string(num_folds) + " folds", fold_of);

  std::vector<Split> splits;
  for (std::size_t fold = 0; fold < num_folds; ++fold) {
    Split split(manifest.songs.size(), kTrain);
    for (std::size_t song = 0; song < split.size(); ++song) {
      if (fold_of[song] == folds.names[fold]) split[song] = kTest;
    }
    if (options.validation_fraction > 0.0) {
      divide_songs(
          manifest, songs_in(split, kTrain),
          {{kTrain, kValidation}, {1.0 - options.validation_fraction, options.validation_fraction}},
          options, seed_for(options, "validation", fold + 1),
          "the training and validation songs of fold " + std::to_string(fold + 1), split);
    }
    thin_training(manifest, options, fold + 1, split);
    splits.push_back(std::move(split));
  }
  return splits;
}

std::vector<std::size_t> songs_in(const Split& split, const std::string& part) {
  std::vector<std::size_t> songs;
  for (std::size_t i = 0; i < split.size(); ++i) {
    if (split[i] == part) songs.push_back(i);
  }
  return songs;
}

}  // namespace mer
