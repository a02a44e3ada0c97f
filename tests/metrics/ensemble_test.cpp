#include "mer/metrics/ensemble.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "../support/temporary_folder.hpp"
#include "mer/core/error.hpp"

namespace mer {
namespace {

using test::message_of;
using testing::DoubleNear;
using testing::ElementsAre;
using testing::HasSubstr;

/// Songs "0", "1", … of two classes, so many of each hundred of class 0.
LabelledProbabilities songs_at(std::size_t count, const std::vector<double>& probabilities,
                               std::size_t num_first) {
  LabelledProbabilities songs;
  for (std::size_t i = 0; i < count; ++i) {
    songs.ids.push_back(std::to_string(i));
    songs.truth.push_back(i < num_first ? 0 : 1);
    songs.probabilities.push_back(probabilities);
  }
  return songs;
}

TEST(FitEnsemble, OfOneModelFitsItsTemperature) {
  const EnsembleFit fit = fit_ensemble({songs_at(20, {0.9, 0.1}, 14)});
  EXPECT_THAT(fit.weights, ElementsAre(1.0));
  // 0.9^b / (0.9^b + 0.1^b) = 0.7.
  EXPECT_NEAR(fit.temperature.temperature, std::log(9.0) / std::log(7.0 / 3.0), 1e-9);
  EXPECT_EQ(fit.temperature.count, 20);
}

TEST(FitEnsemble, MatchesSongsByIdAndWeighsTheModelThatKnowsMore) {
  LabelledProbabilities knows = songs_at(40, {0.5, 0.5}, 20);
  for (std::size_t i = 0; i < 40; ++i) {
    const double right = i % 10 == 0 ? 0.2 : 0.8;  // four of forty wrong
    knows.probabilities[i] =
        knows.truth[i] == 0 ? std::vector{right, 1.0 - right} : std::vector{1.0 - right, right};
  }
  LabelledProbabilities guesses = songs_at(40, {0.9, 0.1}, 20);  // "0" of every song
  std::reverse(guesses.ids.begin(), guesses.ids.end());
  std::reverse(guesses.truth.begin(), guesses.truth.end());
  const EnsembleFit fit = fit_ensemble({guesses, knows});
  EXPECT_THAT(fit.weights, ElementsAre(DoubleNear(0.0, 1e-6), DoubleNear(1.0, 1e-6)));
  // 0.8 is right 9 times of 10: b = ln 9 / ln 4, sharper than it was.
  EXPECT_NEAR(fit.temperature.temperature, std::log(4.0) / std::log(9.0), 1e-6);
  EXPECT_LT(fit.temperature.nll_after, fit.temperature.nll_before);
}

TEST(FitEnsemble, RefusesFewSongsAndDifferentOnes) {
  EXPECT_THAT(message_of<UsageError>([] {
                fit_ensemble({songs_at(19, {0.9, 0.1}, 14)});
              }),
              HasSubstr("19 songs are too few to fit on"));
  const LabelledProbabilities songs = songs_at(20, {0.9, 0.1}, 14);
  LabelledProbabilities relabelled = songs;
  relabelled.truth[3] = 1;
  LabelledProbabilities more = songs_at(21, {0.9, 0.1}, 14);
  for (const LabelledProbabilities& other : {relabelled, more}) {
    EXPECT_THAT(message_of<UsageError>([&] {
                  fit_ensemble({songs, other});
                }),
                HasSubstr("not of the same songs with the same labels: 20 and "));
  }
}

}  // namespace
}  // namespace mer
