#include "tonality.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "makers.hpp"

namespace mer::descriptors {
namespace {

// Probe-tone ratings of the twelve classes above the tonic, from Krumhansl & Kessler (1982).
constexpr std::array<float, kClasses> kMajor = {6.35F, 2.23F, 3.48F, 2.33F, 4.38F, 4.09F,
                                                2.52F, 5.19F, 2.39F, 3.66F, 2.29F, 2.88F};
constexpr std::array<float, kClasses> kMinor = {6.33F, 2.68F, 3.52F, 5.38F, 2.60F, 3.53F,
                                                2.54F, 4.75F, 3.98F, 2.69F, 3.34F, 3.17F};

constexpr double kChordSmoothingS = 0.4;
// Tonal centroids this far apart are compared, each smoothed so far to both sides.
constexpr double kMovementS = 0.25;
constexpr double kMovementSmoothingS = 0.1;

/// Harte's tonal centroid: circles of fifths, minor thirds and major thirds with radii 1, 1, 1/2.
Eigen::Matrix<float, kClasses, 6> tonal_centroid_basis() {
  Eigen::Matrix<float, kClasses, 6> basis;
  constexpr std::array<double, 3> kTurns = {7.0 / 6.0, 3.0 / 2.0, 2.0 / 3.0};
  constexpr std::array<double, 3> kRadii = {1.0, 1.0, 0.5};
  for (int c = 0; c < kClasses; ++c) {
    for (int circle = 0; circle < 3; ++circle) {
      const double angle = c * std::numbers::pi * kTurns[static_cast<std::size_t>(circle)];
      const double radius = kRadii[static_cast<std::size_t>(circle)];
      basis(c, 2 * circle) = static_cast<float>(radius * std::sin(angle));
      basis(c, 2 * circle + 1) = static_cast<float>(radius * std::cos(angle));
    }
  }
  return basis;
}

/// Entropy over its largest possible value; 0 for zeros.
double entropy(const Profile& profile) {
  double sum = 0.0;
  for (const float p : normalized(profile)) {
    if (p > 0.0F) sum -= p * std::log(p);
  }
  return sum / std::log(static_cast<double>(kClasses));
}

RowArrayXf smoothed_rows(const RowArrayXf& rows, int radius) {
  RowArrayXf result(rows.rows(), rows.cols());
  for (Eigen::Index c = 0; c < rows.cols(); ++c) result.col(c) = smoothed(rows.col(c), radius);
  return result;
}

/// How far the tonal centroid moves (Harte's harmonic change detection function).
Course tonal_movement(const Frames& frames) {
  static const Eigen::Matrix<float, kClasses, 6> basis = tonal_centroid_basis();
  RowArrayXf chroma = smoothed_rows(frames.chroma, frames.frames(kMovementSmoothingS));
  for (Eigen::Index t = 0; t < chroma.rows(); ++t)
    chroma.row(t) /= std::max(1e-6F, chroma.row(t).sum());
  const Eigen::Matrix<float, Eigen::Dynamic, 6, Eigen::RowMajor> centroids =
      chroma.matrix() * basis;
  const int lag = frames.frames(kMovementS);
  const Eigen::Index count = std::max<Eigen::Index>(0, chroma.rows() - lag);
  if (count == 0) return Course();
  return (centroids.bottomRows(count) - centroids.topRows(count)).rowwise().norm();
}

double changes_per_s(const std::vector<int>& states, const Frames& frames) {
  int changes = 0;
  for (std::size_t t = 1; t < states.size(); ++t) changes += states[t] != states[t - 1] ? 1 : 0;
  return states.size() < 2 ? 0.0 : changes * frames.per_s / static_cast<double>(states.size() - 1);
}

}  // namespace

Profile normalized(const Profile& profile) {
  const float sum = profile.sum();
  return sum > 0.0F ? Profile(profile / sum) : Profile(Profile::Zero());
}

Profile mean_chroma(const RowArrayXf& chroma, Eigen::Index first, Eigen::Index count) {
  if (count == 0) return Profile::Zero();
  return chroma.middleRows(first, count).colwise().mean().transpose();
}

KeyFinder::KeyFinder() {
  for (int key = 0; key < kKeys; ++key) {
    const auto& ratings = key < kClasses ? kMajor : kMinor;
    for (int c = 0; c < kClasses; ++c) {
      profiles_(key, c) =
          ratings[static_cast<std::size_t>((c - key % kClasses + kClasses) % kClasses)];
    }
    profiles_.row(key).array() -= profiles_.row(key).mean();
    profiles_.row(key).normalize();
  }
}

KeyScores KeyFinder::find(const Profile& profile) const {
  const Profile centered = profile - profile.mean();
  const float norm = centered.matrix().norm();
  KeyScores scores;
  if (!(norm > 1e-6F)) return scores;
  const Eigen::Matrix<float, kKeys, 1> correlations = profiles_ * centered.matrix() / norm;
  correlations.maxCoeff(&scores.key);
  scores.major = correlations.head<kClasses>().maxCoeff();
  scores.minor = correlations.tail<kClasses>().maxCoeff();
  return scores;
}

Tonality::Tonality(const TonalityOptions& options) : window_s_(options.key_window_s) {
  triads_.setZero();
  for (int chord = 0; chord < kChords; ++chord) {
    const int third = chord < kClasses ? 4 : 3;
    for (const int above : {0, third, 7}) {
      triads_((chord + above) % kClasses, chord) = 1.0F / std::sqrt(3.0F);
    }
  }
}

void Tonality::compute(const Frames& frames, Writer& out) const {
  const Profile mean_profile = mean_chroma(frames.chroma, 0, frames.size());
  const KeyScores scores = keys_.find(mean_profile);
  out.add("key_major", "1", scores.major);
  out.add("key_minor", "1", scores.minor);
  out.add("key_mode", "1", scores.major - scores.minor);
  const Profile degrees = normalized(mean_profile);
  for (int above = 0; above < kClasses; ++above) {
    out.add("degree_", above, "share", degrees[(scores.tonic() + above) % kClasses]);
  }
  add_windows(frames, out);
  add_chords(frames, out);
  const Course movement = tonal_movement(frames);
  out.add_course("tonal_movement", "1", movement);
  out.add(
      "tonal_movement_peaks_per_s", "1/s",
      movement.size() == 0
          ? 0.0
          : static_cast<double>(peaks(movement, frames.frames(0.1), frames.frames(0.5)).size()) *
                frames.per_s / static_cast<double>(movement.size()));
}

void Tonality::add_windows(const Frames& frames, Writer& out) const {
  const Eigen::Index window = std::min<Eigen::Index>(frames.frames(window_s_), frames.size());
  const Eigen::Index step = std::max<Eigen::Index>(1, window / 2);
  std::vector<KeyScores> windows;
  for (Eigen::Index start = 0; window > 0 && start + window <= frames.size(); start += step) {
    windows.push_back(keys_.find(mean_chroma(frames.chroma, start, window)));
  }
  const auto count = static_cast<Eigen::Index>(windows.size());
  Course major(count);
  Course minor(count);
  int changes = 0;
  for (Eigen::Index i = 0; i < count; ++i) {
    const auto at = static_cast<std::size_t>(i);
    major[i] = windows[at].major;
    minor[i] = windows[at].minor;
    if (i > 0 && windows[at].key != windows[at - 1].key) ++changes;
  }
  const Course mode = major - minor;
  out.add("key_major_course_mean", "1", mean(major));
  out.add("key_major_course_deviation", "1", deviation(major));
  out.add("key_minor_course_mean", "1", mean(minor));
  out.add("key_minor_course_deviation", "1", deviation(minor));
  out.add("key_mode_course_mean", "1", mean(mode));
  out.add("key_mode_course_deviation", "1", deviation(mode));
  out.add("key_clarity_course_mean", "1", mean(major.max(minor)));
  out.add("key_major_share", "1", mean((mode > 0.0F).cast<float>()));
  out.add("key_change_share", "1", count < 2 ? 0.0 : changes / static_cast<double>(count - 1));
}

void Tonality::add_chords(const Frames& frames, Writer& out) const {
  const Eigen::Index size = frames.size();
  RowArrayXf chroma = smoothed_rows(frames.chroma, frames.frames(kChordSmoothingS / 2.0));
  for (Eigen::Index t = 0; t < size; ++t) {
    chroma.row(t) /= std::max(1e-6F, chroma.row(t).matrix().norm());
  }
  const RowArrayXf fit = (chroma.matrix() * triads_).array();
  Course major(size);
  Course minor(size);
  std::vector<int> chords(static_cast<std::size_t>(size));
  for (Eigen::Index t = 0; t < size; ++t) {
    fit.row(t).maxCoeff(&chords[static_cast<std::size_t>(t)]);
    major[t] = fit.row(t).head<kClasses>().maxCoeff();
    minor[t] = fit.row(t).tail<kClasses>().maxCoeff();
  }
  const Course mode = major - minor;
  out.add("chord_major_mean", "1", mean(major));
  out.add("chord_minor_mean", "1", mean(minor));
  out.add("chord_mode_mean", "1", mean(mode));
  out.add("chord_mode_deviation", "1", deviation(mode));
  out.add("chord_major_share", "1", mean((mode > 0.0F).cast<float>()));
  out.add("chord_clarity_mean", "1", mean(major.max(minor)));
  out.add("chord_clarity_deviation", "1", deviation(major.max(minor)));
  out.add("chord_changes_per_s", "1/s", changes_per_s(chords, frames));
  Eigen::Array<float, kChords, 1> counts = Eigen::Array<float, kChords, 1>::Zero();
  for (const int chord : chords) counts[chord] += 1.0F;
  double variety = 0.0;
  for (const float n : counts) {
    if (n > 0.0F) variety -= n / static_cast<float>(size) * std::log(n / static_cast<float>(size));
  }
  out.add("chord_variety", "1", variety / std::log(static_cast<double>(kChords)));
}

ChromaShape::ChromaShape() {
  for (int c = 0; c < kClasses; ++c) {
    for (int wave = 1; wave <= 6; ++wave) {
      const double angle = 2.0 * std::numbers::pi * c * wave / kClasses;
      waves_(c, 2 * wave - 2) = static_cast<float>(std::cos(angle));
      waves_(c, 2 * wave - 1) = static_cast<float>(std::sin(angle));
    }
  }
}

void ChromaShape::compute(const Frames& frames, Writer& out) const {
  const Eigen::Index size = frames.size();
  const Profile profile = normalized(mean_chroma(frames.chroma, 0, size));
  Profile sorted = profile;
  std::sort(sorted.begin(), sorted.end(), std::greater<>());
  out.add("chroma_entropy", "1", entropy(profile));
  for (int i = 0; i < kClasses; ++i) out.add("chroma_sorted_", i, "share", sorted[i]);

  Profile relative = Profile::Zero();
  Course frame_entropy(size);
  RowArrayXf shares = frames.chroma;
  for (Eigen::Index t = 0; t < size; ++t) {
    const Profile row = normalized(frames.chroma.row(t).transpose());
    shares.row(t) = row.transpose();
    frame_entropy[t] = static_cast<float>(entropy(row));
    Eigen::Index strongest = 0;
    row.maxCoeff(&strongest);
    for (int above = 0; above < kClasses; ++above) {
      relative[above] += frames.chroma(t, (strongest + above) % kClasses);
    }
  }
  for (int above = 1; above < kClasses; ++above) {
    out.add("chroma_above_strongest_", above, "1",
            size == 0 ? 0.0 : relative[above] / static_cast<float>(size));
  }
  out.add_course("chroma_frame_entropy", "1", frame_entropy);
  const RowArrayXf waves = (shares.matrix() * waves_).array();
  const Eigen::Matrix<float, 1, 12> mean_waves = profile.matrix().transpose() * waves_;
  for (int wave = 1; wave <= 6; ++wave) {
    const int at = 2 * wave - 2;
    out.add("chroma_wave_", wave, "1", std::hypot(mean_waves[at], mean_waves[at + 1]));
    const Course course = (waves.col(at).square() + waves.col(at + 1).square()).sqrt();
    out.add("chroma_wave_mean_", wave, "1", mean(course));
    out.add("chroma_wave_deviation_", wave, "1", deviation(course));
  }
  const RowArrayXf centered =
      shares.rowwise() - (size == 0 ? Profile(Profile::Zero()) : profile).transpose();
  out.add("chroma_deviation", "1", size == 0 ? 0.0 : std::sqrt(centered.square().mean()));
}

DescriptorFamily tonality_family() {
  return {"Krumhansl & Kessler (1982), Harte et al. (2006)",
          "mode, key clarity, degrees, chords, harmonic movement",
          true,
          {{"", AnyOptions::of<TonalityOptions>()}},
          make_of_options<Tonality, TonalityOptions>};
}

DescriptorFamily chroma_shape_family() {
  return {"Bernardes et al. (2016)",
          "how many pitch classes sound and their intervals",
          true,
          {},
          make_plain<ChromaShape>};
}

}  // namespace mer::descriptors
