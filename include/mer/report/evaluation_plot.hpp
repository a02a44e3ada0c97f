#pragma once

#include <span>
#include <string>
#include <vector>

#include "mer/metrics/calibration.hpp"
#include "mer/metrics/embedding_scores.hpp"
#include "mer/metrics/tag_scores.hpp"
#include "mer/report/figure.hpp"

namespace mer {

struct Evaluation;
struct ScoredSong;

/// Accuracy over confidence, a bar a bin, with the diagonal of perfect calibration and, below, how
/// many items each bin holds. What lies below the diagonal is overconfident.
Figure reliability_figure(const Calibration& calibration);

/// Accuracy of the surest items over their share of all, with the confidence that separates them
/// from the rest.
/// @param points  of accuracy_over_coverage(); none give an empty picture
Figure coverage_figure(const std::vector<CoveragePoint>& points);

/// Songs on the plane in which their embeddings spread most, a colour and a shape a class, with the
/// classes' centers.
/// @param truth   the class of each
Figure embedding_figure(const PrincipalPlane& plane, std::span<const int> truth,
                        const std::vector<std::string>& classes);

/// Songs on the plane of valence and arousal: the truth as a circle where it is known, the
/// prediction as a disk, an arrow from one to the other. No script where nothing is predicted.
Figure valence_arousal_figure(const std::vector<ScoredSong>& songs);

/// Prediction over truth of valence and of arousal, with the diagonal. No script where no song has
/// both.
Figure agreement_figure(const std::vector<ScoredSong>& songs);

/// ROC-AUC and PR-AUC of each label and their means, bars with intervals; beside the latter the
/// share of the songs that have the label, which guessing reaches.
Figure tags_figure(const TagScores& scores, const std::vector<std::string>& tags);

/// Those that an evaluation allows: confusion, reliability, coverage, embeddings, valence_arousal,
/// agreement, tags.
std::vector<Figure> evaluation_figures(const Evaluation& evaluation);

}  // namespace mer
