#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "mer/core/options.hpp"
#include "mer/corpus/manifest.hpp"

namespace mer {

inline constexpr const char* kTrain = "train";
inline constexpr const char* kValidation = "validation";
inline constexpr const char* kTest = "test";
inline constexpr const char* kUnused = "unused";  ///< what train_fraction leaves out

/// How songs are divided. Always over songs, before any segment is cut.
struct SplitOptions {
  std::vector<double> ratios = {0.7, 0.2, 0.1};  ///< train, validation, test; sum 1
  std::int64_t seed = 0;
  enum class GroupBy { kGroup, kNone } group_by = GroupBy::kGroup;
  /// What is divided. kSegment is wrong: pieces of one song get into training and test, and a
  /// network is then praised for knowing songs again. It exists to measure by how much.
  enum class Unit { kSong, kSegment } unit = Unit::kSong;
  /// Songs that are one recording: sought and kept in one part, or not sought.
  enum class NearDuplicates {
    kKeepTogether,
    kIgnore
  } near_duplicates = NearDuplicates::kKeepTogether;
  int folds = 0;  ///< 0 = one split; k ≥ 2 = k-fold cross-validation
  double validation_fraction =
      0.15;  ///< with folds: this share of a fold's training groups validates
  /// Of the songs that would be trained on, this share is; the rest is "unused". For learning
  /// curves: who validates and who is tested stays the same.
  double train_fraction = 1.0;

  void visit(OptionsVisitor& v);
  void validate() const;
};

/// The part that each song of a manifest belongs to, parallel to Manifest::songs.
using Split = std::vector<std::string>;

/// What stays together, by name, parallel to Manifest::songs: the group (or the song's id), one
/// name for those that near-duplicates join.
std::vector<std::string> names_of_units(const Manifest& manifest, SplitOptions::GroupBy group_by);

/// Divides songs by the ratios: stratified by class, and songs without one by the quadrant of their
/// valence and arousal, as well as groups allow; no group and no pair of Manifest::near_duplicates
/// in two parts.
/// A manifest with a split column is taken as it is (rows without a value are an error that names
/// the line); when it has train and test only, validation groups are drawn from train.
Split make_split(const Manifest& manifest, const SplitOptions& options);

/// k splits; each song is in the test part of exactly one. Stratified, grouped; the validation part
/// is drawn from the training groups of the fold.
std::vector<Split> make_folds(const Manifest& manifest, const SplitOptions& options);

/// Indices of the songs in a part, in manifest order.
std::vector<std::size_t> songs_in(const Split& split, const std::string& part);

}  // namespace mer
