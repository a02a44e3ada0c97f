#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "mer/config/train_options.hpp"
#include "mer/core/tensor_file.hpp"
#include "mer/features/feature_options.hpp"
#include "mer/store/input_builder.hpp"
#include "mer/store/standardization.hpp"

namespace mer {

/// Rows of a whole batch, of all that share it, whose target is known, after mixing.
struct KnownTargets {
  std::int64_t classes = 0, values = 0, tags = 0;
};

/// What one optimizer step sees, in plain memory.
struct TrainingBatch {
  InputBatch inputs;
  // What a row should be answered with, 0 columns for no such task. NaN = not known.
  FloatTensor targets;                ///< [B, classes], rows sum to 1
  FloatTensor values = {{0, 0}, {}};  ///< [B, 2], valence and arousal
  FloatTensor tags = {{0, 0}, {}};    ///< [B, tags], 0 or 1
  KnownTargets known;
  std::vector<std::uint64_t> keys;  ///< one a row: (seed, iteration, song, item)
};

/// Random changes of standardized inputs, in this order:
///
/// 1. gain: the level of each segment's spectrogram by N(0, deviation) dB, exactly as if the song
///    had been louder (but for the floor of the logarithm), whatever standardization and pooling
///    over bands did (compressed_mel: bands that are not averaged only);
/// 2. mixup (Zhang et al. 2018): row ← λ·row + (1−λ)·partner in all inputs and in the targets,
///    λ ~ Beta(α, α) a row; a step is valid where one of the two is; a target that one of the two
///    lacks is the other's;
/// 3. noise: N(0, deviation) on every valid LLD value;
/// 4. frequency and time masks on the spectrogram (SpecAugment, Park et al. 2019): their width is
///    uniform from 0 to the longest, their place uniform; hidden values are 0, the training mean.
///
/// Everything is keyed on the rows' keys: neither the order of rows nor threads matter. Padding
/// stays 0.
class Augmentation {
 public:
  Augmentation(const TrainOptions& options, SpectrogramKind kind,
               const Standardization& standardization, int pooled_bands, const InputShape& shape);

  /// @param batch_key  of (seed, iteration), for who mixes with whom
  void apply(TrainingBatch& batch, std::uint64_t batch_key) const;
  /// The same for a part of a batch: row i is mixed with row partners[i]. Rows beyond the partners'
  /// number are there only as partners and are gone afterwards.
  void apply_to_part(TrainingBatch& batch, const std::vector<std::size_t>& partners) const;

  void change_level(TrainingBatch& batch) const;
  void mix(TrainingBatch& batch, std::uint64_t batch_key) const;
  void mix_with(TrainingBatch& batch, const std::vector<std::size_t>& partners) const;
  void add_noise(TrainingBatch& batch) const;
  void mask(TrainingBatch& batch) const;

 private:
  void change_compressed_level(TrainingBatch& batch, std::size_t row, float gain) const;

  TrainOptions options_;
  SpectrogramKind kind_;
  InputShape shape_;
  /// [bands]: what 1 dB (or, of a power spectrogram, one time its mean) is after standardizing and
  /// pooling.
  std::vector<float> band_step_;
  std::vector<float> band_mean_, band_deviation_;  ///< [bands], for compressed_mel only
};

/// A copy of some rows of a batch, in the given order.
TrainingBatch select_rows(const TrainingBatch& batch, const std::vector<std::size_t>& rows);
/// Keeps the first rows of a batch.
void keep_rows(TrainingBatch& batch, std::size_t num_rows);

/// Partner of every row: a random permutation that depends on the set of keys, not on their order.
std::vector<std::size_t> mixup_partners(const std::vector<std::uint64_t>& keys,
                                        std::uint64_t batch_key);

/// A draw from Beta(alpha, alpha), alpha > 0, stable for small alpha too.
/// Source: Marsaglia & Tsang (2000), with the boost of section 6 in the logarithmic domain.
double sample_beta(double alpha, std::mt19937_64& rng);

/// A run of hidden bands or steps.
struct Mask {
  std::int64_t first = 0;
  std::int64_t length = 0;
};
/// Length uniform in 0…floor(longest_share · size), then place uniform.
Mask sample_mask(std::int64_t size, double longest_share, std::mt19937_64& rng);

}  // namespace mer
