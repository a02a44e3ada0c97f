#include "mer/metrics/ensemble.hpp"

#include <map>
#include <stdexcept>

#include "likelihood.hpp"
#include "mer/core/error.hpp"

namespace mer {
namespace {

/// Moves weight between models so that the joined negative log-likelihood falls.
class WeightFit {
 public:
  WeightFit(std::span<const ProbabilityRows> models, std::span<const int> truth)
      : truth_(truth), weights_(models.size(), 1.0 / static_cast<double>(models.size())) {
    for (const ProbabilityRows& model : models) logs_.push_back(logarithms(model));
  }

  std::vector<double> run() {
    constexpr int kMaxSweeps = 200;
    constexpr double kStill = 1e-10;
    if (truth_.empty()) return weights_;
    for (int sweep = 0; sweep < kMaxSweeps; ++sweep) {
      double moved = 0.0;
      for (std::size_t a = 0; a < weights_.size(); ++a) {
        for (std::size_t b = a + 1; b < weights_.size(); ++b) moved += move_between(a, b);
      }
      if (moved < kStill) break;
    }
    return weights_;
  }

 private:
  /// Shares the two models' weight out between them; returns how much moved.
  double move_between(std::size_t a, std::size_t b) {
    const double both = weights_[a] + weights_[b];
    if (both == 0.0) return 0.0;
    const double before = weights_[a];
    const double after = minimize(0.0, both, before, [&](double weight) {
      weights_[a] = weight;
      weights_[b] = both - weight;
      return slope(a, b);
    });
    weights_[a] = after;
    weights_[b] = both - after;
    return std::abs(after - before);
  }

  double slope(std::size_t a, std::size_t b) const {
    NllSlope slope(truth_.size());
    std::vector<double> scores;
    std::vector<double> direction;
    for (std::size_t i = 0; i < truth_.size(); ++i) {
      const std::size_t num_classes = logs_[a][i].size();
      scores.assign(num_classes, 0.0);
      direction.resize(num_classes);
      for (std::size_t c = 0; c < num_classes; ++c) {
        for (std::size_t m = 0; m < weights_.size(); ++m) scores[c] += weights_[m] * logs_[m][i][c];
        direction[c] = logs_[a][i][c] - logs_[b][i][c];
      }
      slope.add(scores, direction, truth_[i]);
    }
    return slope.value();
  }

  std::span<const int> truth_;
  std::vector<double> weights_;
  std::vector<ProbabilityRows> logs_;
};

/// The same songs in the order of `first`.
ProbabilityRows in_order_of(const LabelledProbabilities& first,
                            const LabelledProbabilities& other) {
  std::map<std::string, std::size_t> places;
  for (std::size_t i = 0; i < other.ids.size(); ++i) places[other.ids[i]] = i;
  ProbabilityRows rows;
  for (std::size_t i = 0; i < first.ids.size(); ++i) {
    const auto found = places.find(first.ids[i]);
    if (found == places.end() || other.truth[found->second] != first.truth[i]) break;
    rows.push_back(other.probabilities[found->second]);
  }
  if (rows.size() != first.ids.size() || places.size() != rows.size()) {
    throw UsageError("the models' predictions are not of the same songs with the same labels: " +
                         std::to_string(first.ids.size()) + " and " +
                         std::to_string(other.ids.size()) + " songs",
                     "weights are fitted on songs that all models have predicted");
  }
  return rows;
}

}  // namespace

Ensemble Ensemble::of_equals(std::size_t num_members) {
  return {std::vector<double>(num_members, 1.0 / static_cast<double>(num_members)), 1.0};
}

std::vector<double> Ensemble::answer(const ProbabilityRows& members) const {
  if (members.empty() || members.size() != weights.size()) {
    throw std::invalid_argument("Ensemble: " + std::to_string(members.size()) + " members with " +
                                std::to_string(weights.size()) + " weights");
  }
  std::vector<double> together(members.front().size(), 0.0);
  for (std::size_t m = 0; m < members.size(); ++m) {
    for (std::size_t c = 0; c < together.size(); ++c) {
      together[c] += weights[m] * log_of(members[m][c]);
    }
  }
  softmax(together);
  return with_temperature(together, temperature);
}

std::vector<double> fit_weights(std::span<const ProbabilityRows> models,
                                std::span<const int> truth) {
  if (models.empty()) throw std::invalid_argument("fit_weights: no models");
  for (const ProbabilityRows& model : models) calibration(model, truth);  // checks
  return WeightFit(models, truth).run();
}

void LabelledProbabilities::append(const LabelledProbabilities& others) {
  ids.insert(ids.end(), others.ids.begin(), others.ids.end());
  truth.insert(truth.end(), others.truth.begin(), others.truth.end());
  probabilities.insert(probabilities.end(), others.probabilities.begin(),
                       others.probabilities.end());
}

void LabelledProbabilities::apply_temperature(double temperature) {
  for (auto& row : probabilities) row = with_temperature(row, temperature);
}

EnsembleFit fit_ensemble(const std::vector<LabelledProbabilities>& models) {
  if (models.empty()) throw std::invalid_argument("fit_ensemble: no models");
  const LabelledProbabilities& first = models.front();
  if (first.ids.size() < EnsembleFit::kFewestSongs) {
    throw UsageError(std::to_string(first.ids.size()) + " songs are too few to fit on",
                     "at least " + std::to_string(EnsembleFit::kFewestSongs) + " are needed");
  }
  std::vector<ProbabilityRows> rows;
  for (const LabelledProbabilities& model : models) rows.push_back(in_order_of(first, model));
  EnsembleFit fit;
  const Ensemble ensemble{fit_weights(rows, first.truth), 1.0};
  ProbabilityRows together;
  for (std::size_t i = 0; i < first.truth.size(); ++i) {
    ProbabilityRows members;
    for (const ProbabilityRows& of_model : rows) members.push_back(of_model[i]);
    together.push_back(models.size() == 1 ? members.front() : ensemble.answer(members));
  }
  fit.weights = ensemble.weights;
  fit.temperature = fit_temperature(together, first.truth);
  return fit;
}

}  // namespace mer
