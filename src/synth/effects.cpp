#include "effects.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "oscillators.hpp"

namespace mer {
namespace {

class Comb {
 public:
  Comb(std::size_t length, float feedback, float damping)
      : line_(length), feedback_(feedback), damping_(damping) {}
  float next(float x) {
    const float y = line_[position_];
    state_ = y + damping_ * (state_ - y);
    line_[position_] = x + feedback_ * state_;
    if (++position_ == line_.size()) position_ = 0;
    return y;
  }

 private:
  std::vector<float> line_;
  std::size_t position_ = 0;
  float feedback_;
  float damping_;
  float state_ = 0.0F;
};

class AllPass {
 public:
  explicit AllPass(std::size_t length) : line_(length) {}
  float next(float x) {
    const float delayed = line_[position_];
    line_[position_] = x + 0.5F * delayed;
    if (++position_ == line_.size()) position_ = 0;
    return delayed - x;
  }

 private:
  std::vector<float> line_;
  std::size_t position_ = 0;
};

std::size_t scaled(int samples_at_44100, int sample_rate_hz) {
  return static_cast<std::size_t>(
      std::max(1L, std::lround(static_cast<double>(samples_at_44100) * sample_rate_hz / 44100.0)));
}

}  // namespace

void amplify(std::span<float> bus, float drive, int sample_rate_hz) {
  const float loudness = active_rms(bus, sample_rate_hz);
  if (loudness <= 0.0F) return;
  const float gain = drive / loudness * 0.5F;
  OnePole low_cut(110.0, sample_rate_hz);
  StateVariableFilter cabinet;
  cabinet.set(4200.0, 0.8, sample_rate_hz);
  OnePole rest(9.0, sample_rate_hz);  // a bent wave has a mean
  for (float& value : bus) {
    const float bent = soft_clip(gain * low_cut.high(value) + 0.15F);
    value = 0.5F * cabinet.low(rest.high(bent));
  }
}

std::vector<float> reverberate(std::span<const float> dry, double room_size, int sample_rate_hz) {
  constexpr std::array kCombs = {1116, 1188, 1277, 1356, 1422, 1491, 1557, 1617};
  constexpr std::array kAllPasses = {556, 441, 341, 225};
  const auto feedback = static_cast<float>(0.72 + 0.25 * room_size);
  std::vector<Comb> combs;
  for (const int length : kCombs)
    combs.emplace_back(scaled(length, sample_rate_hz), feedback, 0.35F);
  std::vector<AllPass> all_passes;
  for (const int length : kAllPasses) all_passes.emplace_back(scaled(length, sample_rate_hz));

  std::vector<float> wet(dry.size());
  const std::size_t pre_delay = scaled(700, sample_rate_hz);
  OnePole low_cut(180.0, sample_rate_hz);
  for (std::size_t i = pre_delay; i < dry.size(); ++i) {
    const float x = 0.02F * low_cut.high(dry[i - pre_delay]);
    float sum = 0.0F;
    for (Comb& comb : combs) sum += comb.next(x);
    for (AllPass& all_pass : all_passes) sum = all_pass.next(sum);
    wet[i] = 3.0F * sum;
  }
  return wet;
}

float active_rms(std::span<const float> samples, int sample_rate_hz) {
  const std::size_t step = std::max<std::size_t>(1, static_cast<std::size_t>(sample_rate_hz) / 20);
  std::vector<double> powers;
  for (std::size_t begin = 0; begin < samples.size(); begin += step) {
    const std::size_t count = std::min(step, samples.size() - begin);
    double sum = 0.0;
    for (const float value : samples.subspan(begin, count))
      sum += static_cast<double>(value) * value;
    powers.push_back(sum / static_cast<double>(count));
  }
  if (powers.empty()) return 0.0F;
  const double floor = *std::max_element(powers.begin(), powers.end()) * 1e-4;
  double sum = 0.0;
  double count = 0.0;
  for (const double power : powers) {
    if (power <= floor) continue;
    sum += power;
    count += 1.0;
  }
  return count > 0.0 ? static_cast<float>(std::sqrt(sum / count)) : 0.0F;
}

void master(std::span<float> mix, double rms_db, int sample_rate_hz) {
  const float loudness = active_rms(mix, sample_rate_hz);
  if (loudness <= 0.0F) return;
  const float gain = static_cast<float>(std::pow(10.0, rms_db / 20.0)) / loudness;
  constexpr float kKnee = 0.6F;
  constexpr float kRoom = 0.28F;  // above the knee
  for (float& value : mix) {
    const float x = gain * value;
    const float over = std::abs(x) - kKnee;
    value = over <= 0.0F ? x : std::copysign(kKnee + kRoom * soft_clip(over / kRoom), x);
  }
}

}  // namespace mer
