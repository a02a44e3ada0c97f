#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "mer/core/progress.hpp"
#include "mer/corpus/manifest.hpp"
#include "mer/predict/evaluation.hpp"
#include "mer/predict/predictor.hpp"
#include "mer/runs/prediction.hpp"

namespace mer {

struct PredictFilesOptions {
  int jobs = 0;                 ///< files at a time; 0 = one per core
  double max_seconds = 0.0;     ///< analyse at most this much of each file; 0 = all of it
  double min_confidence = 0.0;  ///< below this, FileResult::uncertain is set
};

/// How many files a batch worked on.
struct BatchCount {
  std::size_t done = 0;
  std::size_t failed = 0;  ///< of those done
};

/// Predicts files, several at a time. What is wrong with one file becomes its FileResult and the
/// rest go on; what is wrong with the system (disk, temporary folder) ends the batch as an Error.
///
/// @param on_result  called once a file, in the order of `inputs`, one call at a time, as soon as
///                   every earlier file is done; from worker threads. What it throws ends the
///                   batch and is thrown again here.
/// @param stop       asked before each file and as it is read; true = go no further. The results
///                   until then are delivered and are a prefix of `inputs`.
///
/// With jobs other than 1, LibTorch is set to one thread inside each operation
/// (set_torch_threads), here and from then on: the files are what runs in parallel.
BatchCount predict_files(const Predictor& predictor,
                         const std::vector<std::filesystem::path>& inputs,
                         const PredictFilesOptions& options,
                         const std::function<void(FileResult)>& on_result,
                         const std::function<bool()>& stop = {});

/// What Predictor::adapt() was asked with and said.
struct LibraryAdaptation {
  static constexpr int kFewestSongs = 10;

  std::size_t num_songs = 0;  ///< that were looked at
  double strength = 0.0;
};

/// Lets a predictor adapt to a library: half of its songs, 32 at least and 128 at most, evenly
/// chosen, are looked at.
/// Those that can't be read are left out here; predict_files() says what is wrong with them.
///
/// @param options  jobs and max_seconds
/// @return none, and nothing has changed, when fewer than kFewestSongs could be read
///         or no model can adapt
/// @throws Interrupted when `stop` said so
/// @throws Error when the temporary folder is full or can't be written
std::optional<LibraryAdaptation> adapt_to_files(Predictor& predictor,
                                                const std::vector<std::filesystem::path>& inputs,
                                                const PredictFilesOptions& options,
                                                const Progress& progress,
                                                const std::function<bool()>& stop = {});
/// The same from feature files.
std::optional<LibraryAdaptation> adapt_to_songs(Predictor& predictor,
                                                const std::vector<SongFiles>& songs, int jobs);

/// Predicts songs of a manifest from their feature files and scores them.
///
/// @param model     how the user named the model
/// @param split     name of the part that `songs` is, "all" for a whole manifest
/// @param songs     indices into manifest.songs
/// @param files     parallel to `songs`; a song whose files aren't complete could not be read and
///                  counts as failed
/// @param jobs      songs at a time, 0 = one per core; LibTorch's threads as in predict_files()
/// @throws UsageError when a label is unknown to the model (before any song is predicted) or
///         features were made with another recipe
Evaluation evaluate_songs(const Predictor& predictor, const std::string& model,
                          const std::string& split, const Manifest& manifest,
                          const std::vector<std::size_t>& songs,
                          const std::vector<SongFiles>& files, int jobs, const Progress& progress);

}  // namespace mer
