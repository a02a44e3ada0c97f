#include "mer/classic/classic_inputs.hpp"

#include <stdexcept>
#include <string>

namespace mer {
namespace {

/// Rows of a matrix that lie anywhere.
RowMatrixXf gather(const Eigen::Map<const RowMatrixXf>& all, std::span<const std::int32_t> rows) {
  RowMatrixXf gathered(static_cast<Eigen::Index>(rows.size()), all.cols());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    gathered.row(static_cast<Eigen::Index>(i)) = all.row(rows[i]);
  }
  return gathered;
}

}  // namespace

ClassicInputs::ClassicInputs(const ClassicOptions& options, const SongSources& sources,
                             std::optional<Standardisation> standardisation)
    : over_songs_(options.statistics_over == ClassicOptions::Over::kSong),
      sample_rate_hz_(sources.recipe.audio.sample_rate_hz),
      window_samples_(sources.recipe.features.frame.window_samples),
      embedding_columns_(options.sees("embeddings") ? sources.embedding_columns : 0),
      standardisation_(std::move(standardisation)) {
  if (options.sees("embeddings") && embedding_columns_ < 1) {
    throw std::invalid_argument("ClassicInputs: there are no embeddings");
  }
  if (options.sees("statistics")) {
    statistics_.emplace(sources.layout, sources.inputs, options.percentiles, standardisation_);
  }
  if (options.sees("descriptors")) {
    descriptors_.emplace(sources.descriptors, sources.recipe.features, sample_rate_hz_);
  }
}

bool ClassicInputs::needs_standardisation(const ClassicOptions& options,
                                          const SongSources& sources) {
  return options.sees("statistics") &&
         FrameStatistics::needs_standardisation(sources.layout, sources.inputs);
}

int ClassicInputs::num_columns() const {
  return (statistics_ ? statistics_->num_columns() : 0) +
         (descriptors_ ? descriptors_->size() : 0) + static_cast<int>(2 * embedding_columns_);
}

Eigen::VectorXf ClassicInputs::descriptors_of(const SongFeatures& song,
                                              const Segment& segment) const {
  const std::vector<std::int32_t>& kept = song.kept_frames();
  if (segment.first < 0 || segment.length < 1 ||
      segment.first + segment.length > static_cast<std::int64_t>(kept.size())) {
    throw std::invalid_argument("ClassicInputs: the segment is empty or outside the song");
  }
  const std::span<const std::int32_t> frames(kept.data() + segment.first,
                                             static_cast<std::size_t>(segment.length));
  const std::span<const float> all_energy_db = song.energy_db();
  std::vector<float> energy_db;
  for (const std::int32_t frame : frames) {
    energy_db.push_back(all_energy_db[static_cast<std::size_t>(frame)]);
  }
  return descriptors_->compute(gather(song.spectrogram(), frames), gather(song.lld(), frames),
                               energy_db);
}

Eigen::VectorXf ClassicInputs::embeddings_of(const SongInputs& song, const Segment& segment) const {
  if (song.embeddings == nullptr || song.embeddings->matrix().cols() != embedding_columns_) {
    throw std::invalid_argument("ClassicInputs: the song has no embeddings, or others");
  }
  if (over_songs_) return song.embeddings->mean_and_deviation();
  return song.embeddings->mean_and_deviation(
      time_span(song.features, segment, sample_rate_hz_, window_samples_));
}

RowMatrixXf ClassicInputs::compute(const SongInputs& song, const Segment& segment) const {
  RowMatrixXf rows(num_branches(), num_columns());
  Eigen::Index column = 0;
  const auto add = [&](const RowMatrixXf& block) {
    // All branches see the same where a block has one row for all of them.
    for (Eigen::Index branch = 0; branch < rows.rows(); ++branch) {
      rows.row(branch).segment(column, block.cols()) = block.row(block.rows() == 1 ? 0 : branch);
    }
    column += block.cols();
  };
  if (statistics_) add(statistics_->compute(song.features, segment));
  if (descriptors_) add(descriptors_of(song.features, segment).transpose());
  if (sees_embeddings()) add(embeddings_of(song, segment).transpose());
  return rows;
}

}  // namespace mer
