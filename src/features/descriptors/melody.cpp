#include "melody.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "makers.hpp"

namespace mer::descriptors {
namespace {

// A step of at most so many semitones a frame is the same tone, swaying at the most …
constexpr float kSteadySemitones = 0.25F;
// … and one of more than so many is another voice, or an octave error, not a melody's motion.
constexpr float kLeapSemitones = 7.5F;

Course from(const std::vector<float>& values) {
  return Eigen::Map<const Course>(values.data(), static_cast<Eigen::Index>(values.size()));
}

double share(std::size_t part, std::size_t all) {
  return all == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(all);
}

struct Motion {
  std::vector<float> pitches;  // of voiced frames
  std::vector<float> steps;    // between voiced neighbors, up to kLeapSemitones, absolute
  std::vector<float> runs;     // lengths of voiced stretches in frames
  std::size_t num_steps = 0;   // of any size
  std::size_t num_leaps = 0;
  std::size_t num_up = 0;  // moving, not leaping
  std::size_t num_down = 0;
};

Motion follow(const Frames& frames) {
  Motion motion;
  bool was_voiced = false;
  for (Eigen::Index t = 0; t < frames.size(); ++t) {
    const bool is_voiced = frames.voicing[t] >= frames.min_voicing;
    if (is_voiced) {
      motion.pitches.push_back(frames.pitch_semitones[t]);
      if (!was_voiced) motion.runs.push_back(0.0F);
      motion.runs.back() += 1.0F;
    }
    if (is_voiced && was_voiced) {
      const float step = frames.pitch_semitones[t] - frames.pitch_semitones[t - 1];
      ++motion.num_steps;
      if (std::abs(step) > kLeapSemitones) {
        ++motion.num_leaps;
      } else {
        motion.steps.push_back(std::abs(step));
        if (step > kSteadySemitones) ++motion.num_up;
        if (step < -kSteadySemitones) ++motion.num_down;
      }
    }
    was_voiced = is_voiced;
  }
  return motion;
}

}  // namespace

void Melody::compute(const Frames& frames, Writer& out) const {
  const Motion motion = follow(frames);
  const Course pitches = from(motion.pitches);
  const std::vector<double> p = percentiles(pitches, {10.0, 50.0, 90.0});
  out.add("voiced_share", "1",
          share(motion.pitches.size(), static_cast<std::size_t>(frames.size())));
  out.add_course("voicing", "1", frames.voicing);
  out.add("voiced_run_mean", "s", mean(from(motion.runs)) / frames.per_s);
  out.add("voiced_runs_per_s", "1/s",
          share(motion.runs.size(), static_cast<std::size_t>(frames.size())) * frames.per_s);
  out.add("pitch_p10", "semitones above 55 Hz", p[0]);
  out.add("pitch_p50", "semitones above 55 Hz", p[1]);
  out.add("pitch_p90", "semitones above 55 Hz", p[2]);
  out.add("pitch_deviation", "semitones", deviation(pitches));
  out.add("pitch_range", "semitones", p[2] - p[0]);
  out.add("pitch_skewness", "1", skewness(pitches));
  const Course steps = from(motion.steps);
  out.add("pitch_movement", "semitones", mean(steps));
  out.add("pitch_movement_p90", "semitones", percentiles(steps, {90.0})[0]);
  out.add("pitch_steady_share", "1",
          share(motion.steps.size() - motion.num_up - motion.num_down, motion.num_steps));
  out.add("pitch_leap_share", "1", share(motion.num_leaps, motion.num_steps));
  out.add("pitch_rising_share", "1", share(motion.num_up, motion.num_up + motion.num_down));
}

DescriptorFamily melody_family() {
  return {"Salamon et al. (2012)",
          "voiced share, range and movement of the pitch",
          true,
          {},
          make_plain<Melody>};
}

}  // namespace mer::descriptors
