#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "arguments.hpp"
#include "feature_settings.hpp"
#include "mer/report/descriptor_table.hpp"

namespace mer::app {

struct FeaturesArgs {
  std::vector<std::string> inputs;
  std::string output;
  std::string format;
  std::filesystem::path plot;
  int jobs = 0;
  bool descriptors = false;
  bool list = false;
  bool print_config = false;
  bool estimate_tuning = false;
  std::string embeddings;  ///< a network or a model; empty for none
  std::string per;         ///< patch, segment, song; empty for the first that it has
  ConfigArgs config;
};

/// A song's embeddings, a row a part of it.
struct SongRows {
  RowMatrixXf values;
  std::vector<PartOfSong> parts;  ///< parallel to the rows
  std::vector<std::string> warnings;
};

/// What makes the rows that `--embeddings` writes.
struct RowMaker {
  std::vector<Descriptor> columns;
  TensorMetadata metadata;
  std::string part;  ///< what a row is of: patch, segment
  /// Called by several threads at once. @throws InputError for a song that can't be used
  std::function<SongRows(const std::filesystem::path& audio_file)> rows_of;
};
/// Writes the rows of all songs in one file, or the mean over each song's kept parts.
int write_embeddings(const FeaturesArgs& args, const RowMaker& maker);

[[gnu::weak]] int run_embeddings(const FeaturesArgs& args, const FeatureSettings& settings);

}  // namespace mer::app
