#include "mer/train/augmentation.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <span>
#include <stdexcept>
#include <type_traits>

#include "mer/core/error.hpp"
#include "mer/core/random.hpp"
#include "purposes.hpp"

namespace mer {
namespace {

/// The values of one row of a batch.
std::span<float> row_of(FloatTensor& tensor, std::size_t row) {
  const auto rows = static_cast<std::size_t>(tensor.shape.front());
  const std::size_t size = tensor.values.empty() ? 0 : tensor.values.size() / rows;
  return std::span(tensor.values).subspan(row * size, size);
}

/// Standard normal values, two from one 64-bit draw (Box–Muller on 24-bit uniforms, so at most 5.8
/// deviations): LLD noise is the one place that needs hundreds of thousands a second.
class NormalStream {
 public:
  explicit NormalStream(std::uint64_t seed) : rng_(seed) {}

  float operator()() {
    if (has_spare_) {
      has_spare_ = false;
      return spare_;
    }
    const std::uint64_t bits = rng_();
    constexpr float kStep = 0x1.0p-24F;
    const float uniform = static_cast<float>((bits & 0xFFFFFF) + 1) * kStep;  // (0, 1]
    const float angle = static_cast<float>(bits >> 40) * kStep * 2.0F * std::numbers::pi_v<float>;
    const float radius = std::sqrt(-2.0F * std::log(uniform));
    spare_ = radius * std::sin(angle);
    has_spare_ = true;
    return radius * std::cos(angle);
  }

 private:
  std::mt19937_64 rng_;
  float spare_ = 0.0F;
  bool has_spare_ = false;
};

/// log of a Gamma(shape, 1) draw.
double log_gamma_draw(double shape, std::mt19937_64& rng) {
  double boost = 0.0;
  if (shape < 1.0) {
    boost = std::log1p(-uniform_real(rng)) / shape;
    shape += 1.0;
  }
  const double d = shape - 1.0 / 3.0;
  const double c = 1.0 / std::sqrt(9.0 * d);
  for (;;) {
    const double x = normal_real(rng);
    const double root = 1.0 + c * x;
    if (root <= 0.0) continue;
    const double v = root * root * root;
    if (std::log1p(-uniform_real(rng)) < 0.5 * x * x + d - d * v + d * std::log(v)) {
      return std::log(d * v) + boost;
    }
  }
}

}  // namespace

double sample_beta(double alpha, std::mt19937_64& rng) {
  const double first = log_gamma_draw(alpha, rng);
  const double second = log_gamma_draw(alpha, rng);
  return 1.0 / (1.0 + std::exp(second - first));
}

Mask sample_mask(std::int64_t size, double longest_share, std::mt19937_64& rng) {
  const auto longest = static_cast<std::int64_t>(longest_share * static_cast<double>(size));
  Mask mask;
  mask.length =
      static_cast<std::int64_t>(uniform_index(rng, static_cast<std::uint64_t>(longest) + 1));
  mask.first = static_cast<std::int64_t>(
      uniform_index(rng, static_cast<std::uint64_t>(size - mask.length) + 1));
  return mask;
}

std::vector<std::size_t> mixup_partners(const std::vector<std::uint64_t>& keys,
                                        std::uint64_t batch_key) {
  std::vector<std::size_t> by_key(keys.size());
  std::iota(by_key.begin(), by_key.end(), std::size_t{0});
  std::sort(by_key.begin(), by_key.end(),
            [&](std::size_t a, std::size_t b) { return keys[a] < keys[b]; });
  std::vector<std::size_t> shuffled = by_key;
  std::mt19937_64 rng(mix_seed({batch_key, kMixupPairs}));
  shuffle(shuffled, rng);
  std::vector<std::size_t> partners(keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) partners[by_key[i]] = shuffled[i];
  return partners;
}

Augmentation::Augmentation(const TrainOptions& options, SpectrogramKind kind,
                           const Standardization& standardization, int pooled_bands,
                           const InputShape& shape)
    : options_(options), kind_(kind), shape_(shape) {
  if (kind == SpectrogramKind::kCompressedMel && options.gain_deviation_db > 0.0) {
    if (pooled_bands > 1) {
      throw UsageError(
          "'train.gain_deviation_db' has no exact form for compressed_mel bands that "
          "are averaged",
          "set inputs.spectrogram_pool_bands=1, or train.gain_deviation_db=0");
    }
    band_mean_ = standardization.spectrogram_mean;
    band_deviation_ = standardization.spectrogram_deviation;
  }
  const auto pool = static_cast<std::size_t>(pooled_bands);
  const std::size_t num_columns = standardization.spectrogram_deviation.size();
  for (std::size_t band = 0; band < static_cast<std::size_t>(shape.spectrogram_bands); ++band) {
    const std::size_t end = std::min((band + 1) * pool, num_columns);
    if (band * pool >= end) throw std::invalid_argument("more bands than the spectrogram has");
    double sum = 0.0;
    for (std::size_t column = band * pool; column < end; ++column) {
      const double unit = kind == SpectrogramKind::kLogMel
                              ? 1.0
                              : static_cast<double>(standardization.spectrogram_mean[column]);
      sum += unit / static_cast<double>(standardization.spectrogram_deviation[column]);
    }
    band_step_.push_back(static_cast<float>(sum / static_cast<double>(end - band * pool)));
  }
}

namespace {

/// All of a batch that has one entry a row but for the keys.
template <class Batch,
          class Tensor = std::conditional_t<std::is_const_v<Batch>, const FloatTensor, FloatTensor>>
std::vector<Tensor*> tensors_of(Batch& batch) {
  std::vector<Tensor*> tensors = {&batch.inputs.spectrogram,
                                  &batch.inputs.spectrogram_valid,
                                  &batch.inputs.lld_valid,
                                  &batch.inputs.song_vector,
                                  &batch.targets,
                                  &batch.values,
                                  &batch.tags};
  for (Tensor& branch : batch.inputs.lld) tensors.push_back(&branch);
  return tensors;
}

}  // namespace

TrainingBatch select_rows(const TrainingBatch& batch, const std::vector<std::size_t>& rows) {
  TrainingBatch selected;
  selected.inputs.lld.resize(batch.inputs.lld.size());
  const std::vector<const FloatTensor*> sources = tensors_of(batch);
  const std::vector<FloatTensor*> targets = tensors_of(selected);
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const FloatTensor& from = *sources[i];
    FloatTensor& to = *targets[i];
    to.shape = from.shape;
    to.shape.front() = static_cast<std::int64_t>(rows.size());
    const std::size_t row_size = from.values.size() / batch.keys.size();
    to.values.reserve(rows.size() * row_size);
    for (const std::size_t row : rows) {
      const auto begin = from.values.begin() + static_cast<std::ptrdiff_t>(row * row_size);
      to.values.insert(to.values.end(), begin, begin + static_cast<std::ptrdiff_t>(row_size));
    }
  }
  for (const std::size_t row : rows) selected.keys.push_back(batch.keys[row]);
  selected.known = batch.known;
  return selected;
}

void keep_rows(TrainingBatch& batch, std::size_t num_rows) {
  if (num_rows == batch.keys.size()) return;
  for (FloatTensor* tensor : tensors_of(batch)) {
    const std::size_t row_size = tensor->values.size() / batch.keys.size();
    tensor->values.resize(num_rows * row_size);
    tensor->shape.front() = static_cast<std::int64_t>(num_rows);
  }
  batch.keys.resize(num_rows);
}

void Augmentation::apply(TrainingBatch& batch, std::uint64_t batch_key) const {
  apply_to_part(batch, mixup_partners(batch.keys, batch_key));
}

void Augmentation::apply_to_part(TrainingBatch& batch,
                                 const std::vector<std::size_t>& partners) const {
  if (options_.gain_deviation_db > 0.0) change_level(batch);
  if (options_.mixup_alpha > 0.0) mix_with(batch, partners);
  keep_rows(batch, partners.size());
  if (options_.lld_noise_std > 0.0) add_noise(batch);
  if (options_.frequency_masks > 0 || options_.time_masks > 0) mask(batch);
}

// In decibels a gain of g adds g; in power p it multiplies by k = 10^(g/10), and
// (k·p − mean) / deviation = k·x + (k − 1)·mean / deviation for x = (p − mean) / deviation.
void Augmentation::change_level(TrainingBatch& batch) const {
  const auto bands = static_cast<std::size_t>(shape_.spectrogram_bands);
  const auto steps = static_cast<std::size_t>(shape_.spectrogram_steps);
  for (std::size_t row = 0; row < batch.keys.size(); ++row) {
    std::mt19937_64 rng(mix_seed({batch.keys[row], kGain}));
    const double gain_db = options_.gain_deviation_db * normal_real(rng);
    if (kind_ == SpectrogramKind::kCompressedMel) {
      change_compressed_level(batch, row, static_cast<float>(std::pow(10.0, gain_db / 10.0)));
      continue;
    }
    const bool decibels = kind_ == SpectrogramKind::kLogMel;
    const auto factor = static_cast<float>(decibels ? 1.0 : std::pow(10.0, gain_db / 10.0));
    const auto shift = static_cast<float>(decibels ? gain_db : std::pow(10.0, gain_db / 10.0) - 1);
    const std::span<float> values = row_of(batch.inputs.spectrogram, row);
    const std::span<float> valid = row_of(batch.inputs.spectrogram_valid, row);
    for (std::size_t band = 0; band < bands; ++band) {
      for (std::size_t step = 0; step < steps; ++step) {
        float& value = values[band * steps + step];
        value = valid[step] * (factor * value + shift * band_step_[band]);
      }
    }
  }
}

// log10(1 + 10⁴ · k · p) = log10(1 + k · (10^v − 1)) for v = log10(1 + 10⁴ · p)
void Augmentation::change_compressed_level(TrainingBatch& batch, std::size_t row,
                                           float gain) const {
  const std::span<float> values = row_of(batch.inputs.spectrogram, row);
  const std::span<float> valid = row_of(batch.inputs.spectrogram_valid, row);
  const std::size_t steps = valid.size();
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::size_t band = i / steps;
    const float compressed = values[i] * band_deviation_[band] + band_mean_[band];
    const float power = std::pow(10.0F, compressed) - 1.0F;
    const float louder = std::log10(1.0F + gain * std::max(power, 0.0F));
    values[i] = valid[i % steps] * (louder - band_mean_[band]) / band_deviation_[band];
  }
}

void Augmentation::mix(TrainingBatch& batch, std::uint64_t batch_key) const {
  mix_with(batch, mixup_partners(batch.keys, batch_key));
}

void Augmentation::mix_with(TrainingBatch& batch, const std::vector<std::size_t>& partners) const {
  std::vector<float> shares;  // λ of each row
  for (std::size_t row = 0; row < partners.size(); ++row) {
    std::mt19937_64 rng(mix_seed({batch.keys[row], kMixupShare}));
    shares.push_back(static_cast<float>(sample_beta(options_.mixup_alpha, rng)));
  }
  const auto combine = [&](FloatTensor& tensor, const auto& combination) {
    FloatTensor before = tensor;
    for (std::size_t row = 0; row < partners.size(); ++row) {
      const std::span<float> own = row_of(tensor, row);
      const std::span<float> other = row_of(before, partners[row]);
      for (std::size_t i = 0; i < own.size(); ++i) {
        own[i] = combination(own[i], other[i], shares[row]);
      }
    }
  };
  const auto weighted = [](float a, float b, float share) { return b + share * (a - b); };
  const auto either = [](float a, float b, float) { return std::max(a, b); };
  combine(batch.inputs.spectrogram, weighted);
  combine(batch.inputs.spectrogram_valid, either);
  for (FloatTensor& branch : batch.inputs.lld) combine(branch, weighted);
  combine(batch.inputs.lld_valid, either);
  combine(batch.inputs.song_vector, weighted);
  const auto known = [&](float a, float b, float share) {
    if (std::isnan(a)) return b;
    return std::isnan(b) ? a : weighted(a, b, share);
  };
  for (FloatTensor* targets : {&batch.targets, &batch.values, &batch.tags}) {
    combine(*targets, known);
  }
}

void Augmentation::add_noise(TrainingBatch& batch) const {
  const auto columns = static_cast<std::size_t>(shape_.lld_columns);
  const auto deviation = static_cast<float>(options_.lld_noise_std);
  for (std::size_t row = 0; row < batch.keys.size(); ++row) {
    NormalStream normal(mix_seed({batch.keys[row], kNoise}));
    const std::span<float> valid = row_of(batch.inputs.lld_valid, row);
    for (FloatTensor& branch : batch.inputs.lld) {
      const std::span<float> values = row_of(branch, row);
      for (std::size_t step = 0; step < valid.size(); ++step) {
        if (valid[step] == 0.0F) continue;
        for (float& value : values.subspan(step * columns, columns)) value += deviation * normal();
      }
    }
  }
}

void Augmentation::mask(TrainingBatch& batch) const {
  const std::int64_t bands = shape_.spectrogram_bands;
  const std::int64_t steps = shape_.spectrogram_steps;
  for (std::size_t row = 0; row < batch.keys.size(); ++row) {
    std::mt19937_64 rng(mix_seed({batch.keys[row], kMasks}));
    const std::span<float> values = row_of(batch.inputs.spectrogram, row);
    for (int i = 0; i < options_.frequency_masks; ++i) {
      const Mask hidden = sample_mask(bands, options_.frequency_mask_fraction, rng);
      std::fill_n(values.begin() + hidden.first * steps, hidden.length * steps, 0.0F);
    }
    for (int i = 0; i < options_.time_masks; ++i) {
      const Mask hidden = sample_mask(steps, options_.time_mask_fraction, rng);
      for (std::int64_t band = 0; band < bands; ++band) {
        std::fill_n(values.begin() + band * steps + hidden.first, hidden.length, 0.0F);
      }
    }
  }
}

}  // namespace mer
