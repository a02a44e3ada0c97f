#include "texture.hpp"

#include <algorithm>
#include <cmath>

#include "makers.hpp"

namespace mer::descriptors {
namespace {

constexpr int kNumTextureGroups = 12;
constexpr float kRollOff = 0.85F;
const float kDbToAmplitude = static_cast<float>(std::log(10.0) / 20.0);

struct Courses {
  explicit Courses(Eigen::Index size)
      : centroid(size),
        spread(size),
        entropy(size),
        flatness(size),
        crest(size),
        roll_off(size),
        tilt(size) {}
  Course centroid, spread, entropy, flatness, crest, roll_off, tilt;
};

float to_db(float power) { return 10.0F * std::log10(power); }

}  // namespace

RowArrayXf band_groups(const RowArrayXf& mel_db, int num_groups) {
  RowArrayXf groups(mel_db.rows(), num_groups);
  const Eigen::Index bands = mel_db.cols();
  for (int group = 0; group < num_groups; ++group) {
    const Eigen::Index first = std::min(bands - 1, group * bands / num_groups);
    const Eigen::Index end = std::max(first + 1, (group + 1) * bands / num_groups);
    groups.col(group) = mel_db.middleCols(first, end - first).rowwise().mean();
  }
  return groups;
}

Texture::Texture(const Eigen::ArrayXd& band_hz) {
  // Least squares over octaves: the slope is the scalar product with these.
  Eigen::ArrayXd octaves = (band_hz / 1000.0).log() / std::log(2.0);
  octaves -= octaves.mean();
  const double square = octaves.square().sum();
  tilt_weights_ = (square > 0.0 ? octaves / square : octaves).cast<float>();
}

void Texture::compute(const Frames& frames, Writer& out) const {
  const Eigen::Index size = frames.size();
  const Eigen::Index bands = frames.mel_db.cols();
  const float num_bands = static_cast<float>(bands);
  const Eigen::ArrayXf place =
      Eigen::ArrayXf::LinSpaced(bands, 0.5F / num_bands, 1.0F - 0.5F / num_bands);
  const float log_bands = std::log(std::max(2.0F, num_bands));
  Courses courses(size);
  Eigen::ArrayXf db(bands);
  Eigen::ArrayXf amplitude(bands);
  Eigen::ArrayXf power(bands);
  for (Eigen::Index t = 0; t < size; ++t) {
    db = frames.mel_db.row(t).transpose();
    amplitude = (db * kDbToAmplitude).exp();
    power = amplitude.square();
    const float sum = amplitude.sum();
    const float total = power.sum();
    const float centroid = (amplitude * place).sum() / sum;
    courses.centroid[t] = centroid;
    courses.spread[t] = std::sqrt((amplitude * (place - centroid).square()).sum() / sum);
    // −Σ p ln p with p = amplitude / sum, ln amplitude = db · kDbToAmplitude
    courses.entropy[t] =
        (std::log(sum) - kDbToAmplitude * (amplitude * db).sum() / sum) / log_bands;
    const float mean_db = to_db(total / num_bands);
    courses.flatness[t] = db.mean() - mean_db;
    courses.crest[t] = db.maxCoeff() - mean_db;
    courses.tilt[t] = (db * tilt_weights_).sum();
    float below = 0.0F;
    Eigen::Index band = 0;
    while (band + 1 < bands && (below += power[band]) < kRollOff * total) ++band;
    courses.roll_off[t] = place[band];
  }
  out.add_course("centroid", "share of the mel range", courses.centroid);
  out.add_course("spread", "share of the mel range", courses.spread);
  out.add_course("spectral_entropy", "1", courses.entropy);
  out.add_course("flatness", "dB", courses.flatness);
  out.add_course("crest", "dB", courses.crest);
  out.add_course("roll_off", "share of the mel range", courses.roll_off);
  out.add_course("tilt", "dB/octave", courses.tilt);

  Course flux = Course::Zero(std::max<Eigen::Index>(0, size - 1));
  if (size > 1) {
    flux = (frames.mel_db.bottomRows(size - 1) - frames.mel_db.topRows(size - 1))
               .abs()
               .rowwise()
               .mean();
  }
  out.add_course("flux", "dB", flux);
  for (int i = 0; i < frames.contrast_db.cols(); ++i) {
    const Course contrast = frames.contrast_db.col(i);
    out.add("contrast_mean_", i, "dB", mean(contrast));
    out.add("contrast_deviation_", i, "dB", deviation(contrast));
  }
  const RowArrayXf groups = band_groups(frames.mel_db, kNumTextureGroups);
  const float all = size == 0 ? 0.0F : groups.mean();
  for (int i = 0; i < kNumTextureGroups; ++i) {
    const Course group = groups.col(i);
    out.add("band_level_", i, "dB", mean(group) - all);
    out.add("band_deviation_", i, "dB", deviation(group));
  }
}

DescriptorFamily texture_family() {
  return {"Peeters (2004)",
          "brightness, noisiness and their movement",
          true,
          {},
          make_of_bands<Texture>};
}

}  // namespace mer::descriptors
