#pragma once

#include <array>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "mer/config/recipe.hpp"
#include "mer/core/tensor_file.hpp"
#include "mer/features/descriptors.hpp"
#include "mer/predict/song_axes.hpp"
#include "mer/runs/model_card.hpp"
#include "mer/store/segments.hpp"
#include "mer/store/song_inputs.hpp"

namespace mer {

/// What one system says about a song, segment by segment.
struct SystemAnswer {
  std::vector<Segment> segments;
  std::vector<std::vector<double>> probabilities;  ///< parallel to segments
  std::vector<double> song;                        ///< their mean, as TrainedSystem::answer() says
  /// Mean over segments of what a network has before its last layer, or of what a classical
  /// system's classifiers see.
  std::vector<double> embedding;
  std::vector<float> segment_embeddings;  ///< a network's, row-major
  /// Valence and arousal of segments, where the system predicts them; else empty.
  std::vector<std::array<double, 2>> values;
  /// Of the song, where the system predicts them; else NaN.
  double valence = std::numeric_limits<double>::quiet_NaN();
  double arousal = std::numeric_limits<double>::quiet_NaN();
  std::vector<double> tags;  ///< of the song, parallel to ModelCard::tags
};

/// A model file, ready to answer.
class TrainedSystem {
 public:
  /// A network or a classical system, as the file's card says.
  /// @throws UsageError naming the file and what is wrong with it
  static std::unique_ptr<TrainedSystem> load(const TensorFile& file, const std::string& device);
  virtual ~TrainedSystem() = default;

  const std::string& file() const { return file_; }
  const ModelCard& card() const { return card_; }
  const Recipe& recipe() const { return recipe_; }
  /// The extractor's recipe of the embeddings that it sees; null when it sees none.
  nlohmann::ordered_json embedding_recipe() const;

  /// Whether two systems cut every song into the same segments.
  bool cuts_like(const TrainedSystem& other) const;
  /// What to tell of a song with so much music; empty when it fills a segment.
  virtual std::string note_on_length(std::int64_t num_kept) const;
  /// Whether so much music is two thirds of a segment or more.
  bool mostly_fills_segment(std::int64_t num_kept) const;
  /// All probabilities at the card's temperature, the song's after its mean was taken. Safe from
  /// several threads.
  /// @param song  at least one frame is kept; with embeddings when the system sees some
  SystemAnswer answer(const SongInputs& song) const;
  /// Of classical systems that know what another kind of music is (DomainShift): what adapt() wants
  /// of a song, at most kAdaptationRows of its segments, and setting answers against such songs.
  virtual bool can_adapt() const { return false; }
  virtual std::vector<RowMatrixXf> adaptation_rows(const SongInputs& /*song*/) const { return {}; }
  virtual double adapt(const std::vector<std::vector<RowMatrixXf>>& /*songs*/) { return 0.0; }
  double seconds(std::int64_t frames) const;
  /// None in models that were trained without.
  const std::optional<SongAxes>& axes() const { return axes_; }

 protected:
  static constexpr std::size_t kAdaptationRows = 8;

  /// @param answers_for_songs  a segment is a whole song
  TrainedSystem(const TensorFile& file, bool answers_for_songs);

  const FeatureLayout& layout() const { return layout_; }
  std::int64_t segment_frames() const { return segment_frames_; }
  std::vector<Segment> segments_of(const SongInputs& song) const;
  /// Class probabilities at temperature 1, and the rest that it has to say, of the answer's
  /// segments.
  virtual void fill(const SongInputs& song, SystemAnswer& answer) const = 0;
  /// Of the musical descriptors that it sees.
  DescriptorOptions descriptor_options() const;
  std::int64_t embedding_columns() const;  ///< of a patch of the embeddings that it sees
  [[noreturn]] void refuse(const std::string& reason) const;
  /// @throws UsageError unless all are finite
  void require_finite(const std::vector<double>& probabilities) const;

 private:
  void require_columns(const SongFeatures& song) const;

  std::string file_;
  ModelCard card_;
  Recipe recipe_;
  SegmentOptions segment_;
  FeatureLayout layout_;
  std::optional<SongAxes> axes_;
  bool answers_for_songs_;
  std::int64_t segment_frames_;
  std::int64_t hop_frames_;
  std::int64_t padded_frames_;
};

/// The two kinds of systems.
std::unique_ptr<TrainedSystem> load_network_system(const TensorFile& file,
                                                   const std::string& device);
std::unique_ptr<TrainedSystem> load_classic_system(const TensorFile& file);

}  // namespace mer
