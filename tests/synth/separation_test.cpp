#include <fftw3.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <iostream>
#include <map>
#include <numbers>
#include <numeric>
#include <span>

#include "mer/core/parallel.hpp"
#include "test_synth.hpp"

namespace mer {
namespace {

// How well the demo corpus' emotions can be told apart: by no single descriptor, but by several.
// Descriptors are of the composition (what a score tells) and of the sound (what a program hears).

constexpr int kRateHz = 22050;
constexpr std::size_t kFrame = 2048;
constexpr std::size_t kHop = 1024;
constexpr std::size_t kSongs = 128;
constexpr double kHeardSeconds = 8.0;  // rendering the whole songs would take too long for a test

using Descriptors = std::vector<std::pair<std::string, double>>;

Descriptors describe_score(const Composition& song) {
  double notes = 0.0, pitch = 0.0, velocity = 0.0, duration = 0.0, drums = 0.0, drive = 0.0;
  const std::vector<Note>& melody = song.tracks.front().notes;
  for (const Note& note : melody) {
    pitch += note.pitch;
    duration += note.duration_s;
  }
  for (const Track& track : song.tracks) {
    drive = std::max(drive, static_cast<double>(track.timbre.drive));
    for (const Note& note : track.notes) {
      notes += 1.0;
      velocity += note.velocity;
      drums += track.instrument == Instrument::kDrums ? 1.0 : 0.0;
    }
  }
  const auto melody_notes = static_cast<double>(melody.size());
  return {{"tempo", song.tempo_bpm},
          {"major or minor", song.is_major ? 1.0 : 0.0},
          {"melody pitch", pitch / melody_notes},
          {"melody notes a second", melody_notes / song.seconds},
          {"all notes a second", notes / song.seconds},
          {"melody note length", duration / melody_notes},
          {"velocity", velocity / notes},
          {"drum strokes a second", drums / song.seconds},
          {"amplifier drive", drive},
          {"room", song.room_size},
          {"brightness setting", song.tracks.front().timbre.brightness},
          {"tracks", static_cast<double>(song.tracks.size())},
          {"trait: mode", song.traits.mode},
          {"trait: consonance", song.traits.consonance},
          {"trait: contour", song.traits.contour},
          {"trait: percussion", song.traits.percussion},
          {"trait: dynamics", song.traits.dynamics},
          {"trait: staccato", song.traits.staccato},
          {"trait: roughness", song.traits.roughness}};
}

/// Magnitude spectra of Hann-windowed frames.
class Spectra {
 public:
  explicit Spectra(std::span<const float> samples) {
    fftwf_plan plan = fftwf_plan_dft_r2c_1d(
        kFrame, in_.data(), reinterpret_cast<fftwf_complex*>(out_.data()), FFTW_ESTIMATE);
    for (std::size_t begin = 0; begin + kFrame <= samples.size(); begin += kHop) {
      for (std::size_t i = 0; i < kFrame; ++i) {
        const double x = static_cast<double>(i) / static_cast<double>(kFrame);
        in_[i] =
            samples[begin + i] * static_cast<float>(0.5 - 0.5 * std::cos(2 * std::numbers::pi * x));
      }
      fftwf_execute(plan);
      std::vector<double>& frame = frames.emplace_back(out_.size());
      for (std::size_t k = 0; k < out_.size(); ++k) frame[k] = std::abs(out_[k]);
    }
    fftwf_destroy_plan(plan);
  }
  std::vector<std::vector<double>> frames;

 private:
  std::vector<float> in_ = std::vector<float>(kFrame);
  std::vector<std::complex<float>> out_ = std::vector<std::complex<float>>(kFrame / 2 + 1);
};

/// Correlation of a chroma with the best-fitting major key less that with the best minor key
/// (profiles: Krumhansl & Kessler 1982).
double majorness(const std::array<double, 12>& chroma) {
  constexpr std::array kMajor = {6.35, 2.23, 3.48, 2.33, 4.38, 4.09,
                                 2.52, 5.19, 2.39, 3.66, 2.29, 2.88};
  constexpr std::array kMinor = {6.33, 2.68, 3.52, 5.38, 2.60, 3.53,
                                 2.54, 4.75, 3.98, 2.69, 3.34, 3.17};
  const auto best = [&](const std::array<double, 12>& profile) {
    double highest = -1.0;
    const double mean_p = std::accumulate(profile.begin(), profile.end(), 0.0) / 12;
    const double mean_c = std::accumulate(chroma.begin(), chroma.end(), 0.0) / 12;
    for (std::size_t tonic = 0; tonic < 12; ++tonic) {
      double pc = 0.0, pp = 1e-12, cc = 1e-12;
      for (std::size_t i = 0; i < 12; ++i) {
        const double p = profile[i] - mean_p;
        const double c = chroma[(i + tonic) % 12] - mean_c;
        pc += p * c;
        pp += p * p;
        cc += c * c;
      }
      highest = std::max(highest, pc / std::sqrt(pp * cc));
    }
    return highest;
  };
  return best(kMajor) - best(kMinor);
}

Descriptors describe_sound(std::span<const float> samples) {
  double power = 0.0, crossings = 0.0;
  for (std::size_t i = 1; i < samples.size(); ++i) {
    power += static_cast<double>(samples[i]) * samples[i];
    crossings += (samples[i] >= 0.0F) != (samples[i - 1] >= 0.0F) ? 1.0 : 0.0;
  }
  const Spectra spectra(samples);
  double centroid = 0.0, rolloff = 0.0, flatness = 0.0, sounding = 0.0;
  std::vector<double> flux;
  std::array<double, 12> chroma{};
  std::vector<double> frame_level;
  for (std::size_t t = 0; t < spectra.frames.size(); ++t) {
    const std::vector<double>& frame = spectra.frames[t];
    double sum = 0.0, weighted = 0.0, logs = 0.0;
    for (std::size_t k = 1; k < frame.size(); ++k) {
      const double hz = static_cast<double>(k) * kRateHz / static_cast<double>(kFrame);
      sum += frame[k];
      weighted += hz * frame[k];
      logs += std::log(frame[k] + 1e-6);
      if (hz > 80 && hz < 2500) {
        const double pitch = 69 + 12 * std::log2(hz / 440);
        chroma[static_cast<std::size_t>(std::lround(pitch)) % 12] += frame[k] * frame[k] / hz;
      }
    }
    frame_level.push_back(sum);
    if (sum < 1e-2) continue;
    sounding += 1.0;
    centroid += weighted / sum;
    flatness += logs / static_cast<double>(frame.size()) -
                std::log(sum / static_cast<double>(frame.size()));
    double run = 0.0;
    for (std::size_t k = 1; k < frame.size(); ++k) {
      run += frame[k];
      if (run >= 0.85 * sum) {
        rolloff += static_cast<double>(k);
        break;
      }
    }
    if (t == 0) continue;
    double rise = 0.0;
    for (std::size_t k = 1; k < frame.size(); ++k) {
      rise += std::max(0.0, std::log1p(10 * frame[k]) - std::log1p(10 * spectra.frames[t - 1][k]));
    }
    flux.push_back(rise);
  }
  double mean_flux = 0.0, onsets = 0.0;
  for (const double value : flux) mean_flux += value / static_cast<double>(flux.size());
  for (std::size_t t = 1; t + 1 < flux.size(); ++t) {
    onsets +=
        flux[t] > 1.3 * mean_flux && flux[t] >= flux[t - 1] && flux[t] > flux[t + 1] ? 1.0 : 0.0;
  }
  const double mean_level = std::accumulate(frame_level.begin(), frame_level.end(), 0.0) /
                            static_cast<double>(frame_level.size());
  const auto quiet = std::count_if(frame_level.begin(), frame_level.end(),
                                   [&](double level) { return level < mean_level; });
  for (double& value : chroma) value = std::sqrt(value);
  const double num_samples = static_cast<double>(samples.size());
  return {{"rms (dB)", 10 * std::log10(power / num_samples + 1e-12)},
          {"zero crossings", crossings / num_samples},
          {"centroid", std::log(centroid / sounding)},
          {"rolloff", std::log(rolloff / sounding)},
          {"flatness", flatness / sounding},
          {"flux", mean_flux},
          {"onsets a second", onsets / (num_samples / kRateHz)},
          {"share of quiet frames",
           static_cast<double>(quiet) / static_cast<double>(frame_level.size())},
          {"majorness of the chroma", majorness(chroma)}};
}

struct Corpus {
  std::vector<std::size_t> labels;
  std::vector<Descriptors> score;
  std::vector<Descriptors> sound;
};

const Corpus& demo_corpus() {
  static const Corpus corpus = [] {
    SynthOptions options;
    options.songs = kSongs;
    const std::vector<SongPlan> plans = plan_corpus(options);
    Corpus made;
    made.labels.resize(kSongs);
    made.score.resize(kSongs);
    std::vector<std::vector<float>> songs(kSongs);
    parallel_for_each(kSongs, 0, [&](std::size_t i) {
      const SongPlan& plan = plans[i];
      const auto composed = [&plan](double seconds) {
        return compose(plan.emotion, plan.song_seed, plan.artist_seed, seconds);
      };
      made.labels[i] = static_cast<std::size_t>(plan.emotion);
      made.score[i] = describe_score(composed(options.seconds));
      songs[i] = render(composed(kHeardSeconds), kRateHz);
    });
    for (const auto& samples : songs) made.sound.push_back(describe_sound(samples));
    return made;
  }();
  return corpus;
}

/// The best that any cutting of one axis into at most four intervals with a class each can do: more
/// than one threshold could. Dynamic programming over the sorted values; equal values stay
/// together.
double best_interval_accuracy(std::span<const double> values, std::span<const std::size_t> labels) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  std::vector<std::array<int, 4>> before = {{0, 0, 0, 0}};  // counts of each class before a cut
  for (std::size_t i = 0; i < order.size(); ++i) {
    std::array<int, 4> counts = before.back();
    if (i > 0 && values[order[i]] == values[order[i - 1]]) {
      ++before.back()[labels[order[i]]];
      continue;
    }
    ++counts[labels[order[i]]];
    before.push_back(counts);
  }
  std::vector<int> best(before.size(), 0);
  for (int intervals = 0; intervals < 4; ++intervals) {
    std::vector<int> next = best;
    for (std::size_t end = 1; end < before.size(); ++end) {
      for (std::size_t begin = 0; begin < end; ++begin) {
        int most = 0;
        for (std::size_t c = 0; c < 4; ++c)
          most = std::max(most, before[end][c] - before[begin][c]);
        const int base = intervals == 0 ? (begin == 0 ? 0 : -1000000) : best[begin];
        next[end] = std::max(next[end], base + most);
      }
    }
    best = next;
  }
  return static_cast<double>(best.back()) / static_cast<double>(values.size());
}

/// Linear discriminant analysis with a shrunken pooled covariance, each fifth of the songs told by
/// the others (whole artists together would need the plan; neighbors share one, so fifths are
/// runs).
double lda_accuracy(const std::vector<std::vector<double>>& rows,
                    std::span<const std::size_t> labels) {
  const std::size_t dims = rows.front().size();
  int right = 0;
  for (std::size_t fold = 0; fold < 5; ++fold) {
    const auto is_test = [&](std::size_t i) { return i * 5 / rows.size() == fold; };
    std::vector<double> mean(dims), scale(dims);
    double count = 0.0;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (is_test(i)) continue;
      count += 1.0;
      for (std::size_t d = 0; d < dims; ++d) mean[d] += rows[i][d];
    }
    for (double& value : mean) value /= count;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (is_test(i)) continue;
      for (std::size_t d = 0; d < dims; ++d) scale[d] += std::pow(rows[i][d] - mean[d], 2) / count;
    }
    const auto standardized = [&](std::size_t i, std::size_t d) {
      return (rows[i][d] - mean[d]) / std::sqrt(scale[d] + 1e-12);
    };
    std::array<std::vector<double>, 4> center;
    std::array<double, 4> size{};
    center.fill(std::vector<double>(dims));
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (is_test(i)) continue;
      size[labels[i]] += 1.0;
      for (std::size_t d = 0; d < dims; ++d) center[labels[i]][d] += standardized(i, d);
    }
    for (std::size_t c = 0; c < 4; ++c) {
      for (double& value : center[c]) value /= size[c];
    }
    std::vector<std::vector<double>> pooled(dims, std::vector<double>(dims));
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (is_test(i)) continue;
      for (std::size_t a = 0; a < dims; ++a) {
        for (std::size_t b = 0; b < dims; ++b) {
          pooled[a][b] += (standardized(i, a) - center[labels[i]][a]) *
                          (standardized(i, b) - center[labels[i]][b]) / count;
        }
      }
    }
    for (std::size_t d = 0; d < dims; ++d) pooled[d][d] += 0.1;
    // Solves pooled · w_c = center_c for the four classes by Gauss–Jordan elimination.
    std::vector<std::array<double, 4>> w(dims);
    for (std::size_t d = 0; d < dims; ++d) {
      for (std::size_t c = 0; c < 4; ++c) w[d][c] = center[c][d];
    }
    for (std::size_t pivot = 0; pivot < dims; ++pivot) {
      for (std::size_t row = 0; row < dims; ++row) {
        if (row == pivot) continue;
        const double factor = pooled[row][pivot] / pooled[pivot][pivot];
        for (std::size_t d = 0; d < dims; ++d) pooled[row][d] -= factor * pooled[pivot][d];
        for (std::size_t c = 0; c < 4; ++c) w[row][c] -= factor * w[pivot][c];
      }
    }
    for (std::size_t d = 0; d < dims; ++d) {
      for (double& value : w[d]) value /= pooled[d][d];
    }
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (!is_test(i)) continue;
      std::array<double, 4> scores{};
      for (std::size_t c = 0; c < 4; ++c) {
        for (std::size_t d = 0; d < dims; ++d) {
          scores[c] += w[d][c] * (standardized(i, d) - 0.5 * center[c][d]);
        }
      }
      const auto told = std::max_element(scores.begin(), scores.end()) - scores.begin();
      right += static_cast<std::size_t>(told) == labels[i] ? 1 : 0;
    }
  }
  return static_cast<double>(right) / static_cast<double>(rows.size());
}

std::vector<std::vector<double>> table_of(const std::vector<Descriptors>& songs) {
  std::vector<std::vector<double>> rows;
  for (const Descriptors& song : songs) {
    std::vector<double>& row = rows.emplace_back();
    for (const auto& [name, value] : song) row.push_back(value);
  }
  return rows;
}

void expect_no_single_descriptor_tells(const std::vector<Descriptors>& songs,
                                       std::span<const std::size_t> labels) {
  for (std::size_t d = 0; d < songs.front().size(); ++d) {
    std::vector<double> values;
    for (const Descriptors& song : songs) values.push_back(song[d].second);
    const double accuracy = best_interval_accuracy(values, labels);
    std::cout << "  " << songs.front()[d].first << ": " << accuracy << "\n";
    EXPECT_LE(accuracy, 0.60) << songs.front()[d].first;
  }
}

TEST(IntervalAccuracy, IsOneForClassesThatAreIntervalsAndAQuarterForAConstant) {
  const std::vector<double> values = {1, 2, 3, 4, 5, 6, 7, 8};
  const std::vector<std::size_t> sorted = {2, 2, 0, 0, 1, 1, 3, 3};
  EXPECT_EQ(best_interval_accuracy(values, sorted), 1.0);
  EXPECT_EQ(best_interval_accuracy(std::vector<double>(8, 1.0), sorted), 0.25);
  // 0 1 0 1 0 1 0 1: three intervals of one each are right, and three of the five that remain.
  const std::vector<std::size_t> alternating = {0, 1, 0, 1, 0, 1, 0, 1};
  EXPECT_EQ(best_interval_accuracy(values, alternating), 0.75);
}

TEST(DemoCorpus, NoSingleDescriptorOfTheScoreTellsMoreThanSixtyPercent) {
  expect_no_single_descriptor_tells(demo_corpus().score, demo_corpus().labels);
}

TEST(DemoCorpus, NoSingleDescriptorOfTheSoundTellsMoreThanSixtyPercent) {
  expect_no_single_descriptor_tells(demo_corpus().sound, demo_corpus().labels);
}

TEST(DemoCorpus, TheDescriptorsTogetherTellMoreThanThreeQuarters) {
  const Corpus& corpus = demo_corpus();
  std::vector<std::vector<double>> rows = table_of(corpus.score);
  const std::vector<std::vector<double>> sound = table_of(corpus.sound);
  const double heard = lda_accuracy(sound, corpus.labels);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    rows[i].insert(rows[i].end(), sound[i].begin(), sound[i].end());
  }
  const double all = lda_accuracy(rows, corpus.labels);
  std::cout << "  sound alone: " << heard << ", with the score: " << all << "\n";
  EXPECT_GE(all, 0.75);
  EXPECT_GE(heard, 0.40);  // of eight seconds; chance is 0.25
}

}  // namespace
}  // namespace mer
