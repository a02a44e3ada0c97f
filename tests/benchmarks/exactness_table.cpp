#include "exactness_table.hpp"

#include <cstdio>

#include "../features/reference.hpp"
#include "mer/features/feature_extractor.hpp"
#include "mer/features/lpc.hpp"
#include "mer/features/residual_phase.hpp"

namespace mer::test {
namespace {

// Frames 56 to 62 are digital silence, where librosa's clip 80 dB below the clip's maximum makes
// the contrast 14.8 dB; here it is 0.
constexpr int kFirstSilent = 56;
constexpr int kFirstAfterSilence = 63;

FeatureSet features_of(SpectrogramKind spectrogram, MelScale scale = MelScale::kSlaney) {
  FeatureOptions options;
  options.spectrogram = spectrogram;
  options.mel.scale = scale;
  return extract_features(reference_signal(), options, VadOptions(), kRate);
}

Eigen::MatrixXd columns_of(const FeatureSet& set, const char* group) {
  const FeatureExtractor extractor(FeatureOptions(), kRate);
  const ColumnGroup& columns = extractor.layout().group(group);
  return set.lld.middleCols(columns.first_column, columns.num_columns).transpose().cast<double>();
}

double relative_rms(const Eigen::MatrixXd& value, const Eigen::MatrixXd& reference) {
  return (value - reference).norm() / reference.norm();
}

double largest(const Eigen::MatrixXd& value, const Eigen::MatrixXd& reference) {
  return (value - reference).cwiseAbs().maxCoeff();
}

void print_row(const char* what, const char* measure, double error, const char* aim) {
  std::printf("| %s | %s | %.1e | %s |\n", what, measure, error, aim);
}

void print_spectra() {
  const Eigen::MatrixXd power = read_npy("power_frames");
  const FeatureSet linear = features_of(SpectrogramKind::kLinear);
  double worst = 0.0;
  for (Eigen::Index i = 0; i < power.cols(); ++i) {
    const Eigen::VectorXd frame =
        linear.spectrogram.row(kReferenceFrames[i]).transpose().cast<double>();
    worst = std::max(worst, relative_rms(frame, power.col(i)));
  }
  print_row("power spectrum", "relative RMS, worst frame", worst, "1e-5");
  for (const MelScale scale : {MelScale::kSlaney, MelScale::kHtk}) {
    const bool slaney = scale == MelScale::kSlaney;
    const Eigen::MatrixXd mel =
        features_of(SpectrogramKind::kMel, scale).spectrogram.transpose().cast<double>();
    print_row(slaney ? "mel, Slaney" : "mel, HTK", "relative RMS",
              relative_rms(mel, read_npy(slaney ? "mel_slaney" : "mel_htk")), "1e-5");
    const Eigen::MatrixXd mfcc = columns_of(features_of(SpectrogramKind::kLogMel, scale), "mfcc");
    print_row(slaney ? "MFCC, Slaney" : "MFCC, HTK", "largest difference (dB)",
              largest(mfcc, read_npy(slaney ? "mfcc_slaney" : "mfcc_htk")), "0.005");
  }
}

void print_contrast_and_chroma() {
  const FeatureSet set = features_of(SpectrogramKind::kLogMel);
  const Eigen::MatrixXd contrast = columns_of(set, "contrast");
  const Eigen::MatrixXd expected = read_npy("contrast");
  const Eigen::Index rest = contrast.cols() - kFirstAfterSilence;
  print_row("contrast of the sounding frames", "largest difference (dB)",
            std::max(largest(contrast.leftCols(kFirstSilent), expected.leftCols(kFirstSilent)),
                     largest(contrast.rightCols(rest), expected.rightCols(rest))),
            "1e-3");
  print_row("chroma", "largest difference", largest(columns_of(set, "chroma"), read_npy("chroma")),
            "1e-3");
}

void print_linear_prediction() {
  const std::vector<float> signal = reference_signal();
  const Eigen::MatrixXd coefficients = read_npy("lpc16_autocorr_hann_wnc");
  const Eigen::MatrixXd residual = read_npy("residual16_autocorr_hann_wnc");
  const Eigen::MatrixXd envelope = read_npy("envelope16_autocorr_hann_wnc");
  const Eigen::MatrixXd cosine = read_npy("resphase_cos16_autocorr_hann_wnc");
  const Eigen::MatrixXd burg_expected = read_npy("lpc16_burg");
  ResidualPhase phase(ResidualPhaseOptions(), 2048);
  Burg burg(16, 2048);
  double worst_coefficient = 0.0;
  double worst_residual = 0.0;
  double worst_phase = 0.0;
  double worst_weighted = 0.0;
  double worst_burg = 0.0;
  for (Eigen::Index i = 0; i < coefficients.rows(); ++i) {
    const auto start = signal.begin() + 1024 * kReferenceFrames[i];
    std::vector<float> samples(16 + 2048, 0.0F);  // the reference's history is zero
    std::copy_n(start, 2048, samples.begin() + 16);
    const Eigen::ArrayXd found = phase.compute(samples).cast<double>();
    const auto burg_found = burg.compute(std::vector<double>(start, start + 2048));
    for (Eigen::Index k = 0; k <= 16; ++k) {
      const std::size_t at = static_cast<std::size_t>(k);
      worst_coefficient =
          std::max(worst_coefficient, std::abs(phase.coefficients()[at] - coefficients(i, k)));
      worst_burg = std::max(worst_burg, std::abs(burg_found[at] - burg_expected(i, k)));
    }
    worst_residual = std::max(
        worst_residual,
        relative_rms(phase.residual().matrix().transpose().cast<double>(), residual.row(i)));
    // Where the envelope is small the phase is arbitrary.
    const Eigen::ArrayXd weights = envelope.row(i).transpose().array();
    const Eigen::ArrayXd error = found - cosine.row(i).transpose().array();
    const Eigen::ArrayXd loud = (weights > 0.01 * weights.maxCoeff()).cast<double>();
    worst_phase = std::max(worst_phase, std::sqrt((loud * error.square()).sum() / loud.sum()));
    worst_weighted = std::max(worst_weighted, std::sqrt((weights * error.square()).sum() /
                                                        std::max(weights.sum(), 1e-300)));
  }
  print_row("LPC of order 16, white-noise corrected", "largest difference", worst_coefficient,
            "1e-5");
  print_row("its residual", "relative RMS, worst frame", worst_residual, "1e-5");
  print_row("cosine of the residual's phase", "RMS where the envelope exceeds 1 % of its maximum",
            worst_phase, "1e-5");
  print_row("the same", "RMS weighted by the envelope", worst_weighted, "1e-5");
  print_row("LPC of order 16 by Burg", "largest difference", worst_burg, "1e-5");
}

}  // namespace

void print_exactness() {
  std::printf(
      "| against librosa 0.11 / SciPy in double precision | measure | error | aim |\n"
      "|---|---|---|---|\n");
  print_spectra();
  print_contrast_and_chroma();
  print_linear_prediction();
  std::printf("\n");
}

}  // namespace mer::test
