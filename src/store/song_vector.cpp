#include "mer/store/song_vector.hpp"

#include <span>
#include <stdexcept>
#include <vector>

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

SongVectorBuilder::SongVectorBuilder(const SongVectorSources& sources)
    : over_songs_(sources.over_songs),
      sample_rate_hz_(sources.recipe.audio.sample_rate_hz),
      window_samples_(sources.recipe.features.frame.window_samples),
      embedding_columns_(sources.embedding_columns) {
  if (sources.descriptors) {
    descriptors_.emplace(*sources.descriptors, sources.recipe.features, sample_rate_hz_);
  }
}

int SongVectorBuilder::num_columns() const {
  return (descriptors_ ? descriptors_->size() : 0) + static_cast<int>(2 * embedding_columns_);
}

Eigen::VectorXf SongVectorBuilder::descriptors_of(const SongFeatures& song,
                                                  const Segment& segment) const {
  const std::span<const std::int32_t> frames(song.kept_frames().data() + segment.first,
                                             static_cast<std::size_t>(segment.length));
  const std::span<const float> all_energy_db = song.energy_db();
  std::vector<float> energy_db;
  for (const std::int32_t frame : frames) {
    energy_db.push_back(all_energy_db[static_cast<std::size_t>(frame)]);
  }
  return descriptors_->compute(gather(song.spectrogram(), frames), gather(song.lld(), frames),
                               energy_db);
}

Eigen::VectorXf SongVectorBuilder::embeddings_of(const SongInputs& song,
                                                 const Segment& segment) const {
  if (song.embeddings == nullptr || song.embeddings->matrix().cols() != embedding_columns_) {
    throw std::invalid_argument("SongVectorBuilder: the song has no embeddings, or others");
  }
  if (over_songs_) return song.embeddings->mean_and_deviation();
  return song.embeddings->mean_and_deviation(
      time_span(song.features, segment, sample_rate_hz_, window_samples_));
}

Eigen::VectorXf SongVectorBuilder::compute(const SongInputs& song, const Segment& segment) const {
  const auto num_kept = static_cast<std::int64_t>(song.features.kept_frames().size());
  const Segment wanted = over_songs_ ? Segment{0, num_kept} : segment;
  if (wanted.first < 0 || wanted.length < 1 || wanted.first + wanted.length > num_kept) {
    throw std::invalid_argument("SongVectorBuilder: the segment is empty or outside the song");
  }
  Eigen::VectorXf values(num_columns());
  Eigen::Index used = 0;
  const auto add = [&](const Eigen::VectorXf& block) {
    values.segment(used, block.size()) = block;
    used += block.size();
  };
  if (descriptors_) add(descriptors_of(song.features, wanted));
  if (sees_embeddings()) add(embeddings_of(song, wanted));
  return values;
}

}  // namespace mer
