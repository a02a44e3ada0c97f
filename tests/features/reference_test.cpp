// Agreement with librosa, SciPy and NumPy in double precision on tests/fixtures/reference.

#include "reference.hpp"

#include <gtest/gtest.h>

#include "mer/features/feature_extractor.hpp"
#include "mer/features/lpc.hpp"
#include "mer/features/residual_phase.hpp"

namespace mer {
namespace {

FeatureSet features(SpectrogramKind spectrogram, MelScale scale = MelScale::kSlaney) {
  FeatureOptions options;
  options.spectrogram = spectrogram;
  options.mel.scale = scale;
  return extract_features(test::reference_signal(), options, VadOptions(), test::kRate);
}

// [columns, frames], as in the fixtures
Eigen::MatrixXd columns_of(const FeatureSet& set, const std::string& group) {
  const FeatureExtractor extractor(FeatureOptions(), test::kRate);
  const ColumnGroup& columns = extractor.layout().group(group);
  return set.lld.middleCols(columns.first_column, columns.num_columns).transpose().cast<double>();
}

double relative_rms(const Eigen::MatrixXd& value, const Eigen::MatrixXd& reference) {
  EXPECT_EQ(value.rows(), reference.rows());
  EXPECT_EQ(value.cols(), reference.cols());
  return (value - reference).norm() / reference.norm();
}

TEST(Reference, PowerSpectrum) {
  const Eigen::MatrixXd power = test::read_npy("power_frames");
  const FeatureSet set = features(SpectrogramKind::kLinear);
  for (Eigen::Index i = 0; i < power.cols(); ++i) {
    const Eigen::VectorXd frame =
        set.spectrogram.row(test::kReferenceFrames[i]).transpose().cast<double>();
    EXPECT_LT(relative_rms(frame, power.col(i)), 1e-6) << "frame " << test::kReferenceFrames[i];
  }
}

TEST(Reference, SlaneyMel) {
  const Eigen::MatrixXd mel =
      features(SpectrogramKind::kMel).spectrogram.transpose().cast<double>();
  EXPECT_LT(relative_rms(mel, test::read_npy("mel_slaney")), 1e-6);
}

TEST(Reference, HtkMel) {
  const Eigen::MatrixXd mel =
      features(SpectrogramKind::kMel, MelScale::kHtk).spectrogram.transpose().cast<double>();
  EXPECT_LT(relative_rms(mel, test::read_npy("mel_htk")), 1e-6);
}

TEST(Reference, MfccWithin5ThousandthsOfADecibelEverywhere) {
  for (const MelScale scale : {MelScale::kSlaney, MelScale::kHtk}) {
    const Eigen::MatrixXd mfcc = columns_of(features(SpectrogramKind::kLogMel, scale), "mfcc");
    const Eigen::MatrixXd expected =
        test::read_npy(scale == MelScale::kSlaney ? "mfcc_slaney" : "mfcc_htk");
    EXPECT_LT((mfcc - expected).cwiseAbs().maxCoeff(), 5e-3);
  }
}

TEST(Reference, CepstrumOfTheResidualsPhase) {
  // The phase is arbitrary where the residual is nearly nothing, so single precision shows there.
  const Eigen::MatrixXd cepstrum = columns_of(features(SpectrogramKind::kLogMel), "residual_phase");
  const Eigen::MatrixXd expected = test::read_npy("residual_phase_cepstrum");
  ASSERT_EQ(cepstrum.cols(), expected.cols());
  for (Eigen::Index frame = 0; frame < expected.cols(); ++frame) {
    EXPECT_LT((cepstrum.col(frame) - expected.col(frame)).cwiseAbs().maxCoeff(), 5e-3)
        << "frame " << frame;
  }
}

TEST(Reference, ContrastOfSoundingFrames) {
  // Frames 56 to 62 are digital silence, where librosa's clip 80 dB below the clip's maximum makes
  // the contrast 14.8 dB; here it is 0.
  const Eigen::MatrixXd contrast = columns_of(features(SpectrogramKind::kLogMel), "contrast");
  const Eigen::MatrixXd expected = test::read_npy("contrast");
  EXPECT_LT(relative_rms(contrast.leftCols(56), expected.leftCols(56)), 1e-5);
  EXPECT_LT(relative_rms(contrast.rightCols(22), expected.rightCols(22)), 1e-5);
  EXPECT_EQ(contrast.middleCols(56, 7).cwiseAbs().maxCoeff(), 0.0);
}

TEST(Reference, Chroma) {
  const Eigen::MatrixXd chroma = columns_of(features(SpectrogramKind::kLogMel), "chroma");
  EXPECT_LT((chroma - test::read_npy("chroma")).cwiseAbs().maxCoeff(), 1e-5);
}

TEST(Reference, LinearPredictionResidualAndItsPhase) {
  const std::vector<float> signal = test::reference_signal();
  const Eigen::MatrixXd coefficients = test::read_npy("lpc16_autocorr_hann_wnc");
  const Eigen::MatrixXd residual = test::read_npy("residual16_autocorr_hann_wnc");
  const Eigen::MatrixXd envelope = test::read_npy("envelope16_autocorr_hann_wnc");
  const Eigen::MatrixXd cosine = test::read_npy("resphase_cos16_autocorr_hann_wnc");
  ResidualPhase phase(ResidualPhaseOptions(), 2048);
  for (Eigen::Index i = 0; i < 6; ++i) {
    const int frame = test::kReferenceFrames[i];
    std::vector<float> samples(16 + 2048, 0.0F);  // the reference's history is zero
    std::copy_n(signal.begin() + 1024 * frame, 2048, samples.begin() + 16);
    const Eigen::ArrayXd rp = phase.compute(samples).cast<double>();

    double largest = 0.0;
    for (Eigen::Index k = 0; k <= 16; ++k) {
      largest = std::max(largest, std::abs(phase.coefficients()[static_cast<std::size_t>(k)] -
                                           coefficients(i, k)));
    }
    EXPECT_LT(largest, 1e-9) << "coefficients, frame " << frame;
    EXPECT_LT(relative_rms(phase.residual().matrix().transpose().cast<double>(), residual.row(i)),
              1e-6)
        << "residual, frame " << frame;

    // Where the envelope is small the phase is arbitrary.
    double sum = 0.0;
    int count = 0;
    for (Eigen::Index n = 0; n < 2048; ++n) {
      if (envelope(i, n) < 0.01 * envelope.row(i).maxCoeff()) continue;
      sum += (rp[n] - cosine(i, n)) * (rp[n] - cosine(i, n));
      ++count;
    }
    ASSERT_GT(count, 0);
    EXPECT_LT(std::sqrt(sum / count), 1e-5) << "cosine of the phase, frame " << frame;
  }
}

TEST(Reference, BurgsMethod) {
  const std::vector<float> signal = test::reference_signal();
  const Eigen::MatrixXd expected = test::read_npy("lpc16_burg");
  Burg burg(16, 2048);
  for (Eigen::Index i = 0; i < 6; ++i) {
    const auto start = signal.begin() + 1024 * test::kReferenceFrames[i];
    const auto found = burg.compute(std::vector<double>(start, start + 2048));
    for (Eigen::Index k = 0; k <= 16; ++k) {
      EXPECT_NEAR(found[static_cast<std::size_t>(k)], expected(i, k), 1e-6) << i << ", " << k;
    }
  }
}

TEST(Reference, PitchAgreesWithLibrosasYinOnTheVowelAndTheSine) {
  const Eigen::MatrixXd expected = test::read_npy("yin_f0");
  const Eigen::MatrixXd f0 = columns_of(features(SpectrogramKind::kLogMel), "f0");
  for (const Eigen::Index frame : {2, 10, 18, 66, 75, 84}) {
    EXPECT_NEAR(55.0 * std::exp2(f0(0, frame) / 12.0) / expected(frame), 1.0, 0.01) << frame;
  }
}

}  // namespace
}  // namespace mer
