#pragma once

#include "mer/corpus/manifest.hpp"
#include "mer/store/feature_store.hpp"
#include "mer/store/segments.hpp"

namespace mer {

/// Makes a row of every segment of every song, so that a split divides segments.
///
/// That is WRONG: pieces of one song are then trained on and tested, and scores say how well songs
/// are known again. SplitOptions::Unit::kSegment exists to measure by how much.
///
/// A row has the id `<song>#<number>`, its Song::segment and its song's feature file; a song that
/// could not be read stays one row.
/// @param features  of all songs, as FeatureStore::fill() reports them; changed along
/// @throws UsageError when the manifest has a split column, or already an id of that form
void expand_to_segments(const Recipe& recipe, const SegmentOptions& segment, Manifest& manifest,
                        FeatureStore::Report& features);

/// A song's grid of segments.
/// @param testing  with the hop for validation, test and prediction instead of the one for training
std::vector<Segment> grid_of(const SongFeatures& song, const Recipe& recipe,
                             const SegmentOptions& segment, bool testing);

}  // namespace mer
