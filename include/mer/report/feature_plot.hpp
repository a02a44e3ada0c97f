#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "mer/report/feature_view.hpp"
#include "mer/report/figure.hpp"

namespace mer {

/// The smallest and largest sample of each stretch of a signal, in constant memory: stretches
/// double in length whenever there are too many of them.
class WaveformEnvelope {
 public:
  struct Extremes {
    float min = 0.0F;
    float max = 0.0F;
  };

  void push(std::span<const float> samples);
  std::int64_t num_samples() const { return num_samples_; }
  /// Extremes of `columns` stretches of equal length (to within one of the stretches kept); fewer
  /// when there are fewer samples. Empty for no samples.
  std::vector<Extremes> reduce(int columns) const;

 private:
  void merge_pairs();

  std::int64_t num_samples_ = 0;
  std::int64_t stretch_samples_ = 1;
  std::int64_t open_samples_ = 0;  // in the last stretch
  std::vector<Extremes> stretches_;
};

/// Frames to show, put together so that a picture stays small however long the song is.
///
/// A column stands for `frames_per_column` neighboring frames: means of the images' decibels and
/// of voicing and chroma; medians of the pitch (of voiced frames) and of formants, which may jump;
/// kept when VAD keeps at least half.
struct FeatureColumns {
  std::int64_t frames_per_column = 1;
  double first_s = 0.0;          ///< center of column 0 in the source file
  double step_s = 0.0;           ///< distance of columns
  RowMatrixXf spectrogram_db;    ///< [columns, rows]; rows are the spectrogram's, at most 256
  RowMatrixXf contrast_db;       ///< [columns, bands]
  RowMatrixXf chroma;            ///< [columns, 12]
  RowMatrixXf formants_hz;       ///< [columns, 3]; NaN where there is none yet
  std::vector<float> f0_hz;      ///< [columns]; NaN where no frame is voiced
  std::vector<float> voicing;    ///< [columns]
  std::vector<float> energy_db;  ///< [columns]
  std::vector<bool> kept;        ///< [columns]

  std::int64_t size() const { return static_cast<std::int64_t>(kept.size()); }
};

/// @param max_columns  at least 1
FeatureColumns reduce_features(const FeatureView& view, int max_columns);

/// Draws one song on one time axis (seconds in the source file): waveform, spectrogram with the
/// pitch over it, formant tracks, spectral contrast, chroma, voicing, level with what VAD removed.
///
/// @param title  e.g. the file's name
/// @return       an SVG document or the bytes of a PNG or PDF file
/// @throws Error when gnuplot is missing or fails
std::string draw_features(const FeatureView& view, const WaveformEnvelope& waveform,
                          const std::string& title, PictureFormat format);

/// One self-contained HTML page, in three parts so that many songs go through without being held
/// in memory: head, one section a song (its picture as inline SVG, how to read it, its recipe),
/// tail.
std::string features_page_head(const std::string& title);
std::string features_page_song(const FeatureView& view, const WaveformEnvelope& waveform,
                               const std::string& title);
std::string features_page_tail();

}  // namespace mer
