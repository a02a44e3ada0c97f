#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "mer/runs/evaluation_files.hpp"

namespace mer {

/// Group names as numbers; a song without a group is one of its own.
class GroupNumbers {
 public:
  int of(const Song& song);

 private:
  std::map<std::string, int> numbers_;
};

/// Scores of what a model answers beside classes, each over the songs for which truth and
/// prediction are known; none without such songs.
std::optional<RegressionScores> score_numbers(const std::vector<ScoredSong>& songs,
                                              double Song::*truth,
                                              double SongPrediction::*predicted,
                                              std::uint64_t seed);
/// Of each axis; each song's curve is read once.
struct AxesOverTime {
  std::optional<CurveScores> valence, arousal;
};
AxesOverTime score_curves(const std::vector<ScoredSong>& songs, std::uint64_t seed);
std::optional<TagScores> score_tags(const std::vector<ScoredSong>& songs,
                                    const std::vector<std::string>& tags, std::uint64_t seed);

/// The part of `mer eval`'s table that shows them; empty without any.
std::string task_table(const Evaluation& evaluation);

}  // namespace mer
