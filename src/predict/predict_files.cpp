#include "mer/predict/predict_files.hpp"

#include <algorithm>
#include <exception>
#include <iterator>
#include <map>
#include <mutex>
#include <stdexcept>
#include <utility>

#include "mer/classic/domain_shift.hpp"
#include "mer/core/error.hpp"
#include "mer/core/parallel.hpp"
#include "mer/nn/network_runner.hpp"

namespace mer {
namespace {

/// Hands finished results on in the order of their numbers, each as soon as all before it are done.
class InOrder {
 public:
  explicit InOrder(const std::function<void(FileResult)>& on_result) : on_result_(on_result) {}

  void add(std::size_t index, FileResult result) {
    const std::scoped_lock lock(mutex_);
    waiting_.emplace(index, std::move(result));
    for (auto first = waiting_.begin(); first != waiting_.end() && first->first == count_.done;
         first = waiting_.begin()) {
      FileResult next = std::move(first->second);
      waiting_.erase(first);
      ++count_.done;
      if (!next.ok()) ++count_.failed;
      on_result_(std::move(next));
    }
  }
  BatchCount count() const { return count_; }

 private:
  const std::function<void(FileResult)>& on_result_;
  std::mutex mutex_;
  std::map<std::size_t, FileResult> waiting_;
  BatchCount count_;
};

FileResult predict_one(const Predictor& predictor, const std::filesystem::path& file,
                       const PredictFilesOptions& options, const std::function<bool()>& stop) {
  FileResult result;
  result.path = file.string();
  result.stamp = stamp_of(file);
  try {
    SongPrediction song = predictor.predict_file(file, options.max_seconds, stop);
    result.uncertain = !song.probabilities.empty() && song.confidence() < options.min_confidence;
    result.prediction = std::move(song);
  } catch (const InputError& error) {
    result.error = error.what();
    result.hint = error.hint();
  } catch (const Error&) {  // a full disk is no fault of the song: it ends the batch
    throw;
  } catch (const std::exception& error) {  // e.g. memory that ran out on this file
    result.error = result.path + ": " + error.what();
  }
  if (!result.ok() && result.error.empty()) result.error = result.path + ": failed";
  return result;
}

/// Before each song, since a thread takes LibTorch's number when it first uses it.
void limit_torch_threads(int jobs) { set_torch_threads(jobs == 1 ? available_cores() : 1); }

/// What is said of one segment only, for a row of expand_to_segments().
SongPrediction only_segment(SongPrediction song, int segment) {
  const auto place = static_cast<std::size_t>(segment);
  if (place >= song.segments.size()) {
    throw UsageError("segment " + std::to_string(segment + 1) + " of a song with " +
                         std::to_string(song.segments.size()),
                     "the model cuts songs into other segments than the split was made of");
  }
  song.segments = {song.segments[place]};
  song.probabilities = song.segments.front().probabilities;
  return song;
}

/// Half of the songs, so that looking at them costs less than answering; means of 128 are exact
/// enough, and those of less than 32 say little.
std::size_t songs_to_look_at(std::size_t count) {
  return std::min(count, std::clamp<std::size_t>(count / 2, 32, 128));
}

/// @param rows_of  what Predictor::adapt() wants of an item; @throws InputError
template <class Item>
std::optional<LibraryAdaptation> adapt_to(
    Predictor& predictor, const std::vector<Item>& items, int jobs, const Progress& progress,
    const std::function<bool()>& stop,
    const std::function<Predictor::AdaptationRows(const Item&)>& rows_of) {
  if (!predictor.can_adapt()) return std::nullopt;
  const std::size_t count = songs_to_look_at(items.size());
  std::vector<std::optional<Predictor::AdaptationRows>> found(count);
  std::mutex progress_mutex;
  std::size_t done = 0;
  parallel_for_each(
      count, jobs,
      [&](std::size_t i) {
        limit_torch_threads(jobs);
        try {
          found[i] = rows_of(items[i * items.size() / count]);
        } catch (const InputError&) {
          // predict_files() says so
        }
        const std::scoped_lock lock(progress_mutex);
        if (progress) progress(++done, count, "");
      },
      stop);
  std::vector<Predictor::AdaptationRows> songs;
  for (auto& song : found) {
    if (song) songs.push_back(std::move(*song));
  }
  if (stop && stop()) throw Interrupted("interrupted");
  static_assert(LibraryAdaptation::kFewestSongs == DomainShift::kFewestSongs);
  if (std::ssize(songs) < LibraryAdaptation::kFewestSongs) return std::nullopt;
  return LibraryAdaptation{songs.size(), predictor.adapt(songs)};
}

}  // namespace

std::optional<LibraryAdaptation> adapt_to_files(Predictor& predictor,
                                                const std::vector<std::filesystem::path>& inputs,
                                                const PredictFilesOptions& options,
                                                const Progress& progress,
                                                const std::function<bool()>& stop) {
  return adapt_to<std::filesystem::path>(
      predictor, inputs, options.jobs, progress, stop, [&](const std::filesystem::path& file) {
        return predictor.adaptation_rows_of_file(file, options.max_seconds, stop);
      });
}

std::optional<LibraryAdaptation> adapt_to_songs(Predictor& predictor,
                                                const std::vector<SongFiles>& songs, int jobs) {
  std::vector<SongFiles> complete;
  std::ranges::copy_if(songs, std::back_inserter(complete), &SongFiles::complete);
  return adapt_to<SongFiles>(predictor, complete, jobs, {}, {}, [&](const SongFiles& files) {
    return predictor.adaptation_rows(files);
  });
}

BatchCount predict_files(const Predictor& predictor,
                         const std::vector<std::filesystem::path>& inputs,
                         const PredictFilesOptions& options,
                         const std::function<void(FileResult)>& on_result,
                         const std::function<bool()>& stop) {
  InOrder results(on_result);
  try {
    parallel_for_each(
        inputs.size(), options.jobs,
        [&](std::size_t index) {
          limit_torch_threads(options.jobs);
          results.add(index, predict_one(predictor, inputs[index], options, stop));
        },
        stop);
  } catch (const Interrupted&) {
    // in the middle of a song
  }
  return results.count();
}

Evaluation evaluate_songs(const Predictor& predictor, const std::string& model,
                          const std::string& split, const Manifest& manifest,
                          const std::vector<std::size_t>& songs,
                          const std::vector<SongFiles>& files, int jobs, const Progress& progress) {
  if (files.size() != songs.size()) {
    throw std::invalid_argument("evaluate_songs: files of " + std::to_string(files.size()) +
                                " songs for " + std::to_string(songs.size()) + " songs");
  }
  require_known_labels(manifest, songs, predictor.classes());
  std::vector<std::optional<SongPrediction>> predictions(songs.size());
  std::mutex progress_mutex;
  std::size_t done = 0;
  parallel_for_each(songs.size(), jobs, [&](std::size_t index) {
    limit_torch_threads(jobs);
    const Song& song = manifest.songs[songs[index]];
    if (files[index].complete()) {
      predictions[index] = predictor.predict(files[index]);
      if (song.segment >= 0) {
        predictions[index] = only_segment(std::move(*predictions[index]), song.segment);
      }
    }
    const std::scoped_lock lock(progress_mutex);
    if (progress) progress(++done, songs.size(), song.listed_path);
  });

  std::vector<ScoredSong> scored;
  std::vector<std::string> failed;
  for (std::size_t i = 0; i < songs.size(); ++i) {
    const Song& song = manifest.songs[songs[i]];
    if (predictions[i]) {
      scored.push_back({song, std::move(*predictions[i])});
    } else {
      failed.push_back(song.listed_path);
    }
  }
  return score_songs(model, split, predictor.answers(), std::move(scored), std::move(failed));
}

}  // namespace mer
