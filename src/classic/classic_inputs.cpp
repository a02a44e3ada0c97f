#include "mer/classic/classic_inputs.hpp"

#include <stdexcept>

namespace mer {
namespace {

SegmentSummary summary_of(const ClassicOptions& options, const SongSources& sources) {
  SummarySources seen;
  seen.recipe = sources.recipe;
  if (options.sees("descriptors")) seen.descriptors = sources.descriptors;
  if (options.sees("embeddings")) {
    if (sources.embedding_columns < 1) {
      throw std::invalid_argument("ClassicInputs: there are no embeddings");
    }
    seen.embedding_columns = sources.embedding_columns;
  }
  seen.over_songs = options.statistics_over == ClassicOptions::Over::kSong;
  return SegmentSummary(seen);
}

}  // namespace

ClassicInputs::ClassicInputs(const ClassicOptions& options, const SongSources& sources,
                             std::optional<Standardisation> standardisation)
    : standardisation_(std::move(standardisation)), summary_(summary_of(options, sources)) {
  if (options.sees("statistics")) {
    statistics_.emplace(sources.layout, sources.inputs, options.percentiles, standardisation_);
  }
}

bool ClassicInputs::needs_standardisation(const ClassicOptions& options,
                                          const SongSources& sources) {
  return options.sees("statistics") &&
         FrameStatistics::needs_standardisation(sources.layout, sources.inputs);
}

int ClassicInputs::num_columns() const {
  return (statistics_ ? statistics_->num_columns() : 0) + summary_.num_columns();
}

RowMatrixXf ClassicInputs::compute(const SongInputs& song, const Segment& segment) const {
  RowMatrixXf rows(num_branches(), num_columns());
  // All branches see the same summary, at the end of their rows.
  if (statistics_) {
    rows.leftCols(statistics_->num_columns()) = statistics_->compute(song.features, segment);
  }
  if (summary_.num_columns() > 0) {
    const Eigen::RowVectorXf summary = summary_.compute(song, segment).transpose();
    rows.rightCols(summary.size()).rowwise() = summary;
  }
  return rows;
}

}  // namespace mer
