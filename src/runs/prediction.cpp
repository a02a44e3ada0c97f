#include "mer/runs/prediction.hpp"

#include "mer/metrics/scores.hpp"

namespace mer {

int SongPrediction::predicted() const { return argmax(probabilities); }

double SongPrediction::confidence() const {
  return probabilities.at(static_cast<std::size_t>(predicted()));
}

}  // namespace mer
