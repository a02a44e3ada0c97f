#pragma once

#include <optional>
#include <string>

namespace mer::importing {

/// The class of a quadrant's name ("Q1"…"Q4" → happy, anger, sad, relaxed); nothing for others.
std::optional<std::string> label_of_quadrant(const std::string& name);

/// The class of the quadrant in which a point of the valence–arousal plane lies; neither may be 0.
std::string label_of_ratings(double valence, double arousal);

/// Ratings are decimal numbers: 5.8 of 1…9 becomes 0.2, not a little less.
double rounded(double value);

}  // namespace mer::importing
