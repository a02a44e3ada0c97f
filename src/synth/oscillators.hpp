#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>

namespace mer {

/// One turn of a sine, for phases that are whole 32-bit circles: a phase times k is the k-th
/// harmonic, and overflow is what a circle does.
class SineTable {
 public:
  SineTable() {
    for (std::size_t i = 0; i < values_.size(); ++i) {
      values_[i] = static_cast<float>(
          std::sin(2.0 * std::numbers::pi * static_cast<double>(i) / static_cast<double>(kSize)));
    }
  }
  float operator()(std::uint32_t phase) const {
    const std::uint32_t index = phase >> kFractionBits;
    const float fraction = static_cast<float>(phase & kFractionMask) * kFractionScale;
    return values_[index] + fraction * (values_[index + 1] - values_[index]);
  }

 private:
  static constexpr std::uint32_t kSize = 4096;
  static constexpr std::uint32_t kFractionBits = 20;
  static constexpr std::uint32_t kFractionMask = (1U << kFractionBits) - 1;
  static constexpr float kFractionScale = 1.0F / static_cast<float>(1U << kFractionBits);
  std::array<float, kSize + 1> values_{};
};

inline const SineTable& sine_table() {
  static const SineTable table;
  return table;
}

/// Phase advance a sample of a frequency; wraps like the phase itself.
inline std::uint32_t phase_step(double frequency_hz, int sample_rate_hz) {
  return static_cast<std::uint32_t>(
      static_cast<std::int64_t>(frequency_hz / sample_rate_hz * 4294967296.0));
}

/// A turn in radians as a phase offset.
inline std::uint32_t phase_of_radians(float radians) {
  return static_cast<std::uint32_t>(static_cast<std::int64_t>(
      radians * static_cast<float>(4294967296.0 / (2 * std::numbers::pi))));
}

/// Sawtooth −1…1 whose step is smoothed over two samples (PolyBLEP), so that it hardly aliases.
class Saw {
 public:
  explicit Saw(double phase = 0.0) : phase_(static_cast<float>(phase)) {}
  float next(float cycles_per_sample) {
    phase_ += cycles_per_sample;
    if (phase_ >= 1.0F) phase_ -= 1.0F;
    float value = 2.0F * phase_ - 1.0F;
    if (phase_ < cycles_per_sample) {
      const float x = phase_ / cycles_per_sample;
      value -= x + x - x * x - 1.0F;
    } else if (phase_ > 1.0F - cycles_per_sample) {
      const float x = (phase_ - 1.0F) / cycles_per_sample;
      value -= x * x + x + x + 1.0F;
    }
    return value;
  }

 private:
  float phase_;
};

/// White noise −1…1 by a xorshift generator.
class Noise {
 public:
  explicit Noise(std::uint64_t seed) : state_(static_cast<std::uint32_t>(seed ^ seed >> 32) | 1U) {}
  float next() {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 17;
    state_ ^= state_ << 5;
    return static_cast<float>(static_cast<std::int32_t>(state_)) * (1.0F / 2147483648.0F);
  }

 private:
  std::uint32_t state_;
};

/// tanh to 2 % (Padé), exactly ±1 from |x| = 3 on.
inline float soft_clip(float x) {
  if (x > 3.0F) return 1.0F;
  if (x < -3.0F) return -1.0F;
  const float square = x * x;
  return x * (27.0F + square) / (27.0F + 9.0F * square);
}

/// y += a (x − y)
class OnePole {
 public:
  OnePole(double cutoff_hz, int sample_rate_hz) { set(cutoff_hz, sample_rate_hz); }
  void set(double cutoff_hz, int sample_rate_hz) {
    const double turn = 2.0 * std::numbers::pi * cutoff_hz / sample_rate_hz;
    amount_ = static_cast<float>(1.0 - std::exp(-turn));
  }
  float low(float x) { return state_ += amount_ * (x - state_); }
  float high(float x) { return x - low(x); }

 private:
  float amount_ = 1.0F;
  float state_ = 0.0F;
};

/// State-variable filter (trapezoidal, stable for every cutoff below half the rate).
class StateVariableFilter {
 public:
  void set(double cutoff_hz, double resonance, int sample_rate_hz) {
    const double limit = 0.45 * sample_rate_hz;
    const double g =
        std::tan(std::numbers::pi * (cutoff_hz < limit ? cutoff_hz : limit) / sample_rate_hz);
    k_ = static_cast<float>(1.0 / resonance);
    a1_ = static_cast<float>(1.0 / (1.0 + g * (g + 1.0 / resonance)));
    a2_ = static_cast<float>(g) * a1_;
    a3_ = static_cast<float>(g) * a2_;
  }
  float low(float x) {
    const float v3 = x - s2_;
    const float v1 = a1_ * s1_ + a2_ * v3;
    const float v2 = s2_ + a2_ * s1_ + a3_ * v3;
    s1_ = 2.0F * v1 - s1_;
    s2_ = 2.0F * v2 - s2_;
    band_ = v1;
    return v2;
  }
  float band(float x) {
    low(x);
    return k_ * band_;
  }
  float high(float x) {
    const float lowpassed = low(x);
    return x - k_ * band_ - lowpassed;
  }

 private:
  float k_ = 1.0F, a1_ = 0.0F, a2_ = 0.0F, a3_ = 0.0F;
  float s1_ = 0.0F, s2_ = 0.0F, band_ = 0.0F;
};

/// Linear rise, exponential fall to a sustained level, exponential release.
class Envelope {
 public:
  Envelope(double attack_s, double decay_s, float sustain, double release_s, double hold_s,
           int sample_rate_hz)
      : rise_(static_cast<float>(1.0 / (attack_s * sample_rate_hz + 1.0))),
        fall_(decay_factor(decay_s, sample_rate_hz)),
        release_(decay_factor(release_s, sample_rate_hz)),
        sustain_(sustain),
        hold_samples_(static_cast<std::size_t>(hold_s * sample_rate_hz)) {}

  float next() {
    if (position_++ >= hold_samples_) {
      value_ *= release_;
    } else if (rising_) {
      value_ += rise_;
      if (value_ >= 1.0F) rising_ = false;
    } else {
      value_ = sustain_ + (value_ - sustain_) * fall_;
    }
    return value_;
  }
  bool is_over() const {
    return (position_ >= hold_samples_ || (!rising_ && sustain_ == 0.0F)) && value_ < 2e-4F;
  }

  /// Factor a sample for a fall by 60 dB in this time.
  static float decay_factor(double seconds, int sample_rate_hz) {
    return static_cast<float>(std::exp(-6.9 / (seconds * sample_rate_hz + 1.0)));
  }

 private:
  float rise_;
  float fall_;
  float release_;
  float sustain_;
  std::size_t hold_samples_;
  std::size_t position_ = 0;
  float value_ = 0.0F;
  bool rising_ = true;
};

}  // namespace mer
