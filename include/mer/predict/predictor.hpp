#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "mer/config/recipe.hpp"
#include "mer/embed/embedding_extractor.hpp"
#include "mer/predict/evaluation.hpp"
#include "mer/runs/prediction.hpp"
#include "mer/store/song_features.hpp"

namespace mer {

/// The files that a song is predicted from; an empty path is one that could not be made.
struct SongFiles {
  std::vector<std::filesystem::path> features;    ///< parallel to Predictor::recipes()
  std::vector<std::filesystem::path> embeddings;  ///< parallel to Predictor::extractors()

  bool complete() const;  ///< none is missing
};

/// What a network has before its last layer, a row a segment.
struct SegmentEmbeddings {
  std::vector<TimeSpan> spans;  ///< in the source file
  RowMatrixXf values;           ///< [segments, size]
  std::vector<std::string> warnings;
};

/// A trained system, or several whose log-probabilities are averaged, ready to answer.
///
/// A network answers for segments; a classical system for segments or for whole songs, as it was
/// trained: its one segment is then the song.
///
/// Several models may want features of different recipes; each gets its own. A model's song is the
/// mean over its segments, to which its temperature is then applied (with_temperature()); segments
/// are shown at the same temperature. Models without one have 1. Several models answer as an
/// Ensemble does, for songs and, where all cut songs of one recipe alike, for segments; where they
/// don't, the segments shown are the first model's own. Valence and arousal are the mean over
/// segments, then over the models that say so.
///
/// Segments follow the model's `segment.test_hop_s`. A song with less music than a segment
/// gets a warning; for a network it is padded to one, masked.
class Predictor {
 public:
  /// @param model_files  each a best/last/bundled .safetensors, or one that holds several models
  ///                     (write_ensemble()), with weights of its own; all must agree in their
  ///                     classes. Several files weigh the same
  /// @param weights      of the frozen networks whose embeddings the models see
  /// @throws UsageError naming the file and what is wrong with it, the classes that disagree, or
  ///         weights that are missing or others
  static Predictor load(const std::vector<std::filesystem::path>& model_files,
                        const std::string& device, const WeightFiles& weights = {});
  ~Predictor();
  Predictor(Predictor&&) noexcept;
  Predictor& operator=(Predictor&&) noexcept;

  const std::vector<std::string>& classes() const;
  /// Of the features that the models want, each once, in the models' order.
  const std::vector<Recipe>& recipes() const;
  /// Of the embeddings that they want, the same; for whole songs. Often empty.
  const std::vector<EmbeddingExtractor>& extractors() const;
  /// The training songs' class counts, summed over the models; parallel to classes().
  const std::vector<std::int64_t>& training_counts() const;
  /// What the models answer together, and the training songs' class counts, summed over them.
  ModelAnswers answers() const;

  /// From here on the model also says what follows from what it knows anyway. For people who ask
  /// about songs; scores are of what a model was trained to answer.
  ///
  /// derive_values(): valence and arousal in −1…1 from the probabilities of the four classes of
  /// Quadrants (SongPrediction::derives_values); nothing for other models and those that answer
  /// these themselves.
  void derive_values();
  /// add_tags(): the tags of the bundled taggers whose embeddings the model sees (TaggerTags).
  /// @param weights  as load() got them
  /// @throws UsageError when the model has tags of its own, or sees no bundled tagger
  void add_tags(const WeightFiles& weights);

  /// Safe from several threads: nothing is written to, and a network in evaluation mode keeps no
  /// state. Callers with threads of their own set LibTorch's to 1 (set_torch_threads), or each call
  /// starts a pool of its own.
  /// @throws InputError when VAD kept no frame
  /// @throws UsageError when features or embeddings were made with another recipe (both values
  ///         named)
  SongPrediction predict(const SongFiles& song) const;
  /// The same for models that want features of one recipe and no embeddings.
  SongPrediction predict(const SongFeatures& song) const;

  /// What adapt() looks at of a song: of each model that can adapt, rows of numbers.
  using AdaptationRows = std::vector<std::vector<RowMatrixXf>>;
  /// Whether one of the models can adapt: a classical system that was trained with classes in
  /// enough groups (DomainShift), not networks and models of earlier versions.
  bool can_adapt() const;
  AdaptationRows adaptation_rows(const SongFiles& song) const;
  /// @param max_seconds, stop  as in predict_file()
  AdaptationRows adaptation_rows_of_file(const std::filesystem::path& audio_file,
                                         double max_seconds,
                                         const std::function<bool()>& stop = {}) const;
  /// From here on answers are set against these songs' own mean and deviation, as far as they are
  /// of another kind than the training songs; of one mood they may be (DomainShift).
  /// @param songs  LibraryAdaptation::kFewestSongs at least
  /// @return       its strength, 0…1, the largest of the models': 0 = answers are as before
  /// @throws std::invalid_argument for fewer songs, or when no model can adapt
  double adapt(const std::vector<AdaptationRows>& songs);

  /// What the first model's axes are found from: see SongAxes.
  std::vector<double> song_vector(const SongFiles& song) const;

  /// Decodes, once for each recipe and extractor, and answers; features go through files in the
  /// system's temporary folder, in constant memory, and nothing is left there. Safe from several
  /// threads. The recipes' audio.start_s and audio.duration_s don't count here.
  /// @param max_seconds  analyse at most this much from the start; 0 = the whole file
  /// @param stop         asked as the file is read
  /// @throws InputError for a file that can't be used
  /// @throws Interrupted when `stop` said so
  /// @throws Error when the temporary folder is full or can't be written
  SongPrediction predict_file(const std::filesystem::path& audio_file, double max_seconds,
                              const std::function<bool()>& stop = {}) const;

  /// The same of the embeddings of a model that is one network.
  /// @throws std::invalid_argument for other models
  SegmentEmbeddings embed_file(const std::filesystem::path& audio_file, double max_seconds,
                               const std::function<bool()>& stop = {}) const;

 private:
  struct Impl;
  SongFiles make_files(const std::filesystem::path& folder, const std::filesystem::path& audio_file,
                       double max_seconds, const std::function<bool()>& stop) const;

  std::unique_ptr<Impl> impl_;
  explicit Predictor(std::unique_ptr<Impl> impl);
};

}  // namespace mer
