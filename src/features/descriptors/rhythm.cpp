#include "rhythm.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "makers.hpp"
#include "mer/core/error.hpp"
#include "mer/core/text.hpp"

namespace mer::descriptors {
namespace {

constexpr std::array<const char*, 4> kParts = {"bass", "low", "middle", "high"};
constexpr std::initializer_list<double> kPartEdgesHz = {200.0, 800.0, 3200.0};

// A peak is the largest within so much time and stands above the mean of so much.
constexpr double kPeakRadiusS = 0.05;
constexpr double kNeighborhoodS = 0.4;

// Tempo ranges whose strongest periodicity is told, in beats a minute.
constexpr std::array<double, 6> kTempoEdgesBpm = {40.0, 65.0, 90.0, 120.0, 160.0, 240.0};
// People's tapping prefers this tempo, by a Gaussian over octaves.
constexpr double kPreferredBpm = 120.0;
constexpr double kPreferenceOctaves = 0.9;
constexpr int kBeatsCompared = 4;
constexpr int kStepsPerOctave = 96;
// A course this flat has no rhythm (dB²).
constexpr double kSmallestVariance = 1e-6;

std::vector<int> onsets(const Course& strength, const Frames& frames) {
  return peaks(strength, frames.frames(kPeakRadiusS), frames.frames(kNeighborhoodS));
}

/// The share of all strength that lies in the strongest tenth of the frames.
double concentration(Course strength) {
  const Eigen::Index count = strength.size() / 10;
  const float sum = strength.sum();
  if (count == 0 || !(sum > 0.0F)) return 0.0;
  std::nth_element(strength.begin(), strength.end() - count, strength.end());
  return strength.tail(count).sum() / sum;
}

void add_strength(const std::string& name, const Course& strength, const Frames& frames,
                  Writer& out) {
  const std::vector<double> spread = percentiles(strength, {50.0, 90.0, 97.0});
  out.add(name, "_mean", "dB", mean(strength));
  out.add(name, "_deviation", "dB", deviation(strength));
  out.add(name, "_p50", "dB", spread[0]);
  out.add(name, "_p90", "dB", spread[1]);
  out.add(name, "_p97", "dB", spread[2]);
  out.add(name, "_peaks_per_s", "1/s",
          strength.size() == 0 ? 0.0
                               : static_cast<double>(onsets(strength, frames).size()) *
                                     frames.per_s / static_cast<double>(strength.size()));
}

/// Median and regularity of the times between onsets.
void add_intervals(const std::vector<int>& onset_frames, const Frames& frames, Writer& out) {
  Course intervals_s(std::max<Eigen::Index>(0, static_cast<Eigen::Index>(onset_frames.size()) - 1));
  for (Eigen::Index i = 0; i < intervals_s.size(); ++i) {
    const auto at = static_cast<std::size_t>(i);
    intervals_s[i] = static_cast<float>((onset_frames[at + 1] - onset_frames[at]) / frames.per_s);
  }
  const double mean_s = mean(intervals_s);
  out.add("onset_interval_median", "s", percentiles(intervals_s, {50.0})[0]);
  out.add("onset_interval_variation", "1", mean_s > 0.0 ? deviation(intervals_s) / mean_s : 0.0);
}

double interpolated(const Course& values, double place) {
  const auto low = static_cast<Eigen::Index>(place);
  if (low + 1 >= values.size()) return values[values.size() - 1];
  const double part = place - static_cast<double>(low);
  return (1.0 - part) * values[low] + part * values[low + 1];
}

/// The largest value between two lags; 0 when the range is shorter than the shorter lag.
double largest_between(const Course& correlation, double first_lag, double last_lag) {
  const auto first = static_cast<Eigen::Index>(std::ceil(first_lag));
  const auto last = std::min(correlation.size() - 1, static_cast<Eigen::Index>(last_lag));
  return last < first ? 0.0 : correlation.segment(first, last - first + 1).maxCoeff();
}

struct Beat {
  double bpm = 0.0;
  double strength = 0.0;  ///< mean autocorrelation at the beat's multiples
};

/// The periodicity whose multiples the onsets repeat after best, weighted by what people prefer.
Beat find_beat(const Course& correlation, double frames_per_minute, double min_bpm,
               double max_bpm) {
  const double last_lag = static_cast<double>(correlation.size() - 1);
  Beat best;
  double best_score = 0.0;
  const int steps = static_cast<int>(std::log2(max_bpm / min_bpm) * kStepsPerOctave);
  for (int step = 0; step <= steps; ++step) {
    const double bpm = min_bpm * std::exp2(static_cast<double>(step) / kStepsPerOctave);
    const double lag = frames_per_minute / bpm;
    if (lag > last_lag) continue;
    double sum = 0.0;
    int count = 0;
    for (; count < kBeatsCompared && (count + 1) * lag <= last_lag; ++count) {
      sum += interpolated(correlation, (count + 1) * lag);
    }
    const double octaves = std::log2(bpm / kPreferredBpm) / kPreferenceOctaves;
    const double score = sum / count * std::exp(-0.5 * octaves * octaves);
    if (score > best_score) {
      best_score = score;
      best = {bpm, sum / count};
    }
  }
  return best;
}

}  // namespace

BandEdges split_bands(const Eigen::ArrayXd& band_hz, std::initializer_list<double> edges_hz) {
  BandEdges edges = {0};
  for (const double edge_hz : edges_hz) {
    edges.push_back(static_cast<int>((band_hz < edge_hz).count()));
  }
  edges.push_back(static_cast<int>(band_hz.size()));
  return edges;
}

OnsetCourses onset_strength(const RowArrayXf& mel_db, const BandEdges& edges) {
  const Eigen::Index size = std::max<Eigen::Index>(0, mel_db.rows() - 1);
  const std::size_t num_parts = edges.size() - 1;
  OnsetCourses courses = {Course::Zero(size), std::vector<Course>(num_parts, Course::Zero(size))};
  Eigen::Array<float, 1, Eigen::Dynamic> rise(mel_db.cols());
  for (Eigen::Index t = 0; t < size; ++t) {
    rise = (mel_db.row(t + 1) - mel_db.row(t)).max(0.0F);
    for (std::size_t part = 0; part < num_parts; ++part) {
      const int width = edges[part + 1] - edges[part];
      if (width == 0) continue;
      const float sum = rise.segment(edges[part], width).sum();
      courses.all[t] += sum;
      courses.parts[part][t] = sum / static_cast<float>(width);
    }
  }
  courses.all /= static_cast<float>(mel_db.cols());
  return courses;
}

Course autocorrelation(const Course& course, int last_lag) {
  Course result = Course::Zero(last_lag + 1);
  const Eigen::Index size = course.size();
  if (size == 0) return result;
  const Course centered = course - course.mean();
  const double variance = centered.square().mean();
  if (!(variance > kSmallestVariance)) return result;
  for (Eigen::Index lag = 0; lag < std::min<Eigen::Index>(size, last_lag + 1); ++lag) {
    const Eigen::Index count = size - lag;
    result[lag] = static_cast<float>((centered.head(count) * centered.tail(count)).sum() /
                                     (static_cast<double>(count) * variance));
  }
  return result;
}

Onset::Onset(const Eigen::ArrayXd& band_hz) : edges_(split_bands(band_hz, kPartEdgesHz)) {}

void Onset::compute(const Frames& frames, Writer& out) const {
  const OnsetCourses strength = onset_strength(frames.mel_db, edges_);
  add_strength("onset", strength.all, frames, out);
  for (std::size_t part = 0; part < kParts.size(); ++part) {
    add_strength(std::string("onset_") + kParts[part], strength.parts[part], frames, out);
  }
  out.add("onset_concentration", "1", concentration(strength.all));
  out.add("onset_bass_concentration", "1", concentration(strength.parts[0]));
  add_intervals(onsets(strength.all, frames), frames, out);
}

void TempoOptions::visit(OptionsVisitor& v) {
  v.field("min_bpm", min_bpm, between(20, 400), "slowest tempo, in beats a minute");
  v.field("max_bpm", max_bpm, between(20, 400), "fastest tempo, in beats a minute");
}

void TempoOptions::validate() const {
  if (min_bpm >= max_bpm) {
    throw UsageError("min_bpm is " + format_number(min_bpm) + ": it must be below max_bpm, " +
                         format_number(max_bpm),
                     "40 and 240 are usual");
  }
}

Tempo::Tempo(const TempoOptions& options, const Eigen::ArrayXd& band_hz)
    : min_bpm_(options.min_bpm),
      max_bpm_(options.max_bpm),
      edges_(split_bands(band_hz, kPartEdgesHz)) {}

void Tempo::compute(const Frames& frames, Writer& out) const {
  const OnsetCourses strength = onset_strength(frames.mel_db, edges_);
  const double frames_per_minute = 60.0 * frames.per_s;
  // Half of the frames must take part in every lag's mean.
  const int last_lag =
      static_cast<int>(std::min(static_cast<double>(strength.all.size() / 2),
                                std::ceil(kBeatsCompared * frames_per_minute / min_bpm_)));
  const Course correlation = autocorrelation(strength.all, last_lag);
  for (std::size_t i = 0; i + 1 < kTempoEdgesBpm.size(); ++i) {
    out.add("pulse_", static_cast<int>(kTempoEdgesBpm[i]), "1",
            largest_between(correlation, frames_per_minute / kTempoEdgesBpm[i + 1],
                            frames_per_minute / kTempoEdgesBpm[i]));
  }
  const double shortest = frames_per_minute / kTempoEdgesBpm.back();
  const double longest = frames_per_minute / kTempoEdgesBpm.front();
  out.add("pulse_clarity", "1", largest_between(correlation, shortest, longest));
  const Beat beat = find_beat(correlation, frames_per_minute, min_bpm_, max_bpm_);
  out.add("tempo_bpm", "1/min", beat.bpm);
  out.add("tempo_strength", "1", beat.strength);
  const double lag = beat.bpm > 0.0 ? frames_per_minute / beat.bpm : 0.0;
  out.add("tempo_half_beat", "1", beat.bpm > 0.0 ? interpolated(correlation, lag / 2.0) : 0.0);
  out.add("tempo_two_beats", "1", beat.bpm > 0.0 ? interpolated(correlation, 2.0 * lag) : 0.0);
  out.add("tempo_four_beats", "1", beat.bpm > 0.0 ? interpolated(correlation, 4.0 * lag) : 0.0);
  for (const std::size_t part : {0, 3}) {
    const Course of_part = autocorrelation(strength.parts[part], last_lag);
    out.add("pulse_clarity_", kParts[part], "1", largest_between(of_part, shortest, longest));
  }
}

DescriptorFamily onset_family() {
  return {"Bello et al. (2005)",
          "strength, density and regularity of note onsets",
          true,
          {},
          make_of_bands<Onset>};
}

DescriptorFamily tempo_family() {
  return {"Lartillot et al. (2008)",
          "tempo and how clear the pulse is",
          true,
          {{"", AnyOptions::of<TempoOptions>()}},
          [](const DescriptorOptions& options, const Eigen::ArrayXd& band_hz) {
            return std::make_unique<Tempo>(options.of<TempoOptions>(), band_hz);
          }};
}

}  // namespace mer::descriptors
