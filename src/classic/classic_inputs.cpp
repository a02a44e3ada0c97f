#include "mer/classic/classic_inputs.hpp"

#include <stdexcept>

namespace mer {
namespace {

SongVectorBuilder song_vector_of(const ClassicOptions& options, const SongSources& sources) {
  SongVectorSources seen;
  seen.recipe = sources.recipe;
  if (options.sees("descriptors")) seen.descriptors = sources.descriptors;
  if (options.sees("embeddings")) {
    if (sources.embedding_columns < 1) {
      throw std::invalid_argument("ClassicInputs: there are no embeddings");
    }
    seen.embedding_columns = sources.embedding_columns;
  }
  seen.over_songs = options.song_vector_over == ClassicOptions::Over::kSong;
  return SongVectorBuilder(seen);
}

}  // namespace

ClassicInputs::ClassicInputs(const ClassicOptions& options, const SongSources& sources,
                             std::optional<Standardization> standardization)
    : standardization_(std::move(standardization)), song_vector_(song_vector_of(options, sources)) {
  if (options.sees("statistics")) {
    statistics_.emplace(sources.layout, sources.inputs, options.percentiles, standardization_);
  }
}

bool ClassicInputs::needs_standardization(const ClassicOptions& options,
                                          const SongSources& sources) {
  return options.sees("statistics") &&
         FrameStatistics::needs_standardization(sources.layout, sources.inputs);
}

int ClassicInputs::num_columns() const {
  return (statistics_ ? statistics_->num_columns() : 0) + song_vector_.num_columns();
}

RowMatrixXf ClassicInputs::compute(const SongInputs& song, const Segment& segment) const {
  RowMatrixXf rows(num_branches(), num_columns());
  // All branches see the same song_vector, at the end of their rows.
  if (statistics_) {
    rows.leftCols(statistics_->num_columns()) = statistics_->compute(song.features, segment);
  }
  if (song_vector_.num_columns() > 0) {
    const Eigen::RowVectorXf song_vector = song_vector_.compute(song, segment).transpose();
    rows.rightCols(song_vector.size()).rowwise() = song_vector;
  }
  return rows;
}

}  // namespace mer
