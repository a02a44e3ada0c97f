#include "mer/report/feature_plot.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "mer/core/progress.hpp"
#include "mer/core/text.hpp"
#include "mer/report/gnuplot.hpp"
#include "picture.hpp"

namespace mer {
namespace {

constexpr int kMaxColumns = 1500;
constexpr int kWidth = 1500;
constexpr int kHeight = 1400;
constexpr double kDynamicRange_db = 80.0;  // of the spectrogram's colours

// Perceptually uniform and readable in print: matplotlib's magma and viridis at nine points.
constexpr const char* kMagma =
    "0 '#000004', 1 '#1c1044', 2 '#4f127b', 3 '#812581', 4 '#b5367a', 5 '#e55964', 6 '#fb8761', 7 "
    "'#fec287', 8 '#fcfdbf'";
constexpr const char* kViridis =
    "0 '#440154', 1 '#472d7b', 2 '#3b528b', 3 '#2c728e', 4 '#21918c', 5 '#28ae80', 6 '#5ec962', 7 "
    "'#addc30', 8 '#fde725'";
constexpr const char* kBlues =
    "0 '#ffffff', 1 '#e7eff9', 2 '#cfe1f2', 3 '#a9cfe5', 4 '#7ab6d9', 5 '#4a98c9', 6 '#2676b8', 7 "
    "'#0c56a0', 8 '#08306b'";

void append(std::string& text, double value) {
  if (!std::isfinite(value)) {
    text += "NaN";
    return;
  }
  constexpr int kPlotDigits = 6;
  char digits[32];
  const auto end =
      std::to_chars(digits, digits + sizeof(digits), value, std::chars_format::general, kPlotDigits)
          .ptr;
  text.append(digits, end);
}

std::string number(double value) {
  std::string text;
  append(text, value);
  return text;
}

/// The position of a frequency among ascending ones that are rows 0, 1, … of an image.
double row_of_hz(const std::vector<double>& row_hz, double hz) {
  const auto upper = std::upper_bound(row_hz.begin() + 1, row_hz.end() - 1, hz);
  const auto lower = upper - 1;
  return static_cast<double>(lower - row_hz.begin()) + (hz - *lower) / (*upper - *lower);
}

std::string hz_label(double hz) { return hz >= 1000.0 ? number(hz / 1000.0) + "k" : number(hz); }

/// Distance of ticks so that there are at most about a dozen.
double tick_step_s(double length_s) {
  constexpr double kSteps[] = {0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1,  0.2,
                               0.5,   1,     2,     5,    10,   15,   30,   60,
                               120,   300,   600,   900,  1800, 3600, 7200, 14400};
  constexpr double kMostTicks = 15.0;
  for (const double step : kSteps) {
    if (length_s / step <= kMostTicks) return step;
  }
  return length_s / kMostTicks;
}

/// The script that draws one song: blocks of data first, then panels from top to bottom.
class Drawing {
 public:
  Drawing(const FeatureView& view, const WaveformEnvelope& waveform)
      : view_(view),
        waveform_(waveform),
        columns_(reduce_features(view, kMaxColumns)),
        rate_hz_(view.layout.sample_rate_hz),
        start_s_(view.time_s.front() - view.layout.frame_time_s(0)),
        end_s_(start_s_ + static_cast<double>(waveform.num_samples()) / rate_hz_),
        row_hz_(image_row_hz()) {}

  std::string script(const std::string& title, PictureFormat format);

 private:
  struct Panel {
    double height;      ///< share of the picture
    const char* label;  ///< "\\n" breaks the line
  };

  std::vector<double> image_row_hz() const;
  void write_data();
  void write_image(const char* name, const RowMatrixXf& values);
  void write_removed();
  void begin_panel(const Panel& panel);
  void colours(const char* palette, double low, double high, const std::string& label);
  void draw_waveform();
  void draw_spectrogram();
  void draw_formants();
  void draw_contrast();
  void draw_chroma();
  void draw_voicing();
  void draw_level();
  void line(const std::string& text) { script_ += text + '\n'; }
  /// Dots that nearly touch when there are few columns and don't blot when there are many.
  std::string point_size(double scale) const {
    return number(scale * std::clamp(300.0 / static_cast<double>(columns_.size()), 0.25, 0.6));
  }
  /// "($1 * step + first)": columns of an image to seconds.
  std::string image_x() const {
    return "(" + number(columns_.first_s) + "+$1*" + number(columns_.step_s) + ")";
  }

  const FeatureView& view_;
  const WaveformEnvelope& waveform_;
  FeatureColumns columns_;
  double rate_hz_;
  double start_s_;
  double end_s_;
  std::vector<double> row_hz_;
  std::string script_;
  double top_ = 0.0;
};

/// The spectrogram's rows may stand for several columns of the matrix each.
std::vector<double> Drawing::image_row_hz() const {
  const std::vector<double> hz = spectrogram_column_hz(view_.layout, view_.options);
  const auto rows = static_cast<std::size_t>(columns_.spectrogram_db.cols());
  const std::size_t width = (hz.size() + rows - 1) / rows;
  std::vector<double> row_hz;
  for (std::size_t first = 0; first < hz.size(); first += width) {
    row_hz.push_back((hz[first] + hz[std::min(first + width, hz.size()) - 1]) / 2.0);
  }
  // Interpolating between rows takes two of them.
  if (row_hz.size() == 1) row_hz.push_back(rate_hz_ / 2.0);
  return row_hz;
}

void Drawing::write_image(const char* name, const RowMatrixXf& values) {
  line(std::string("$") + name + " << EOD");
  for (Eigen::Index row = 0; row < values.cols(); ++row) {
    for (Eigen::Index column = 0; column < values.rows(); ++column) {
      if (column > 0) script_ += ' ';
      append(script_, std::round(values(column, row) * 1000.0F) / 1000.0);
    }
    script_ += '\n';
  }
  line("EOD");
}

void Drawing::write_data() {
  write_image("spectrogram", columns_.spectrogram_db);
  write_image("contrast", columns_.contrast_db);
  write_image("chroma", columns_.chroma);
  line("$wave << EOD");
  const auto extremes = waveform_.reduce(kMaxColumns);
  for (std::size_t i = 0; i < extremes.size(); ++i) {
    const double share = (static_cast<double>(i) + 0.5) / static_cast<double>(extremes.size());
    line(number(start_s_ + share * (end_s_ - start_s_)) + " " +
         number(static_cast<double>(extremes[i].min)) + " " +
         number(static_cast<double>(extremes[i].max)));
  }
  line("EOD");
  // time, row of F0, voicing, level, F1, F2, F3
  line("$tracks << EOD");
  for (std::int64_t column = 0; column < columns_.size(); ++column) {
    const auto i = static_cast<std::size_t>(column);
    append(script_, columns_.first_s + static_cast<double>(column) * columns_.step_s);
    const double f0_hz = static_cast<double>(columns_.f0_hz[i]);
    const double row = std::isnan(f0_hz) ? f0_hz : row_of_hz(row_hz_, f0_hz);
    for (const double value : {row, static_cast<double>(columns_.voicing[i]),
                               static_cast<double>(columns_.energy_db[i])}) {
      script_ += ' ';
      append(script_, value);
    }
    for (Eigen::Index k = 0; k < columns_.formants_hz.cols(); ++k) {
      script_ += ' ';
      append(script_, static_cast<double>(columns_.formants_hz(column, k)));
    }
    script_ += '\n';
  }
  line("EOD");
}

/// A veil over what VAD removed, on every panel that follows.
void Drawing::write_removed() {
  int object = 0;
  const auto veil = [&](double from_s, double to_s) {
    line("set object " + std::to_string(++object) + " rectangle from first " + number(from_s) +
         ", graph 0 to first " + number(to_s) +
         ", graph 1 front fillcolor rgb '#9e9e9e' fillstyle transparent solid 0.5 noborder");
  };
  const std::int64_t count = columns_.size();
  for (std::int64_t column = 0; column < count; ++column) {
    if (columns_.kept[static_cast<std::size_t>(column)]) continue;
    const std::int64_t first = column;
    while (column < count && !columns_.kept[static_cast<std::size_t>(column)]) ++column;
    const auto edge_s = [&](std::int64_t edge) {
      return columns_.first_s + (static_cast<double>(edge) - 0.5) * columns_.step_s;
    };
    veil(first == 0 ? start_s_ : edge_s(first), column == count ? end_s_ : edge_s(column));
  }
}

void Drawing::begin_panel(const Panel& panel) {
  constexpr double kGap = 0.011;
  line("unset key; unset colorbox; unset yrange; set ytics auto; set autoscale y");
  line("unset grid; set tics out nomirror");
  line("set tmargin at screen " + number(top_));
  line("set bmargin at screen " + number(top_ - panel.height));
  line(std::string("set ylabel \"") + panel.label + "\"");
  top_ -= panel.height + kGap;
}

void Drawing::colours(const char* palette, double low, double high, const std::string& label) {
  line(std::string("set palette defined (") + palette + ")");
  line("set cbrange [" + number(low) + ":" + number(high) + "]");
  line("set cblabel " + gnuplot_quoted(label));
}

void Drawing::draw_waveform() {
  begin_panel({0.09, "waveform\\n(full scale = 1)"});
  double largest = 1e-3;
  for (const auto& extremes : waveform_.reduce(kMaxColumns)) {
    largest = std::max({largest, static_cast<double>(std::abs(extremes.min)),
                        static_cast<double>(std::abs(extremes.max))});
  }
  line("set yrange [" + number(-1.05 * largest) + ":" + number(1.05 * largest) + "]");
  line("set ytics " + number(tick_step_s(largest * 5.0)));
  line(
      "plot $wave using 1:2:3 with filledcurves fillcolor rgb '#3b6ea5' fillstyle solid, "
      "$wave using 1:2 with lines linecolor rgb '#3b6ea5' linewidth 0.5");
}

void Drawing::draw_spectrogram() {
  const bool mel = view_.options.spectrogram != SpectrogramKind::kLinear;
  begin_panel({0.25, mel ? "mel spectrogram (Hz)" : "power spectrum (Hz)"});
  const auto num_rows = columns_.spectrogram_db.cols();
  line("set yrange [-0.5:" + number(static_cast<double>(num_rows) - 0.5) + "]");
  std::string tics;
  constexpr double kLeastDistance = 0.05;  // of labels, as a share of the panel
  double above = 2.0 * static_cast<double>(num_rows);
  for (const double hz :
       {80000.0, 40000.0, 20000.0, 10000.0, 5000.0, 2000.0, 1000.0, 500.0, 200.0, 100.0}) {
    const double row = row_of_hz(row_hz_, hz);
    if (row < 0.0 || row > static_cast<double>(num_rows) - 0.5) continue;
    if (above - row < kLeastDistance * static_cast<double>(num_rows)) continue;
    above = row;
    tics += (tics.empty() ? "" : ", ") + gnuplot_quoted(hz_label(hz)) + " " + number(row);
  }
  line("set ytics (" + tics + ")");
  const double loudest = static_cast<double>(columns_.spectrogram_db.maxCoeff());
  colours(kMagma, loudest - kDynamicRange_db, loudest, "dB");
  line("set colorbox user origin graph 1.012, graph 0 size graph 0.011, graph 1");
  line("set key at graph 0.008, graph 0.97 left top Left reverse samplen 1 textcolor rgb 'white'");
  line("plot $spectrogram matrix using " + image_x() +
       ":2:3 with image notitle, "
       "$tracks using 1:2 with points pointtype 7 pointsize " +
       point_size(1.0) +
       " linecolor rgb '#37e0e6' notitle, NaN with points pointtype 7 pointsize 0.8 linecolor rgb "
       "'#37e0e6' title " +
       gnuplot_quoted("pitch (F0) of voiced frames"));
}

void Drawing::draw_formants() {
  begin_panel({0.13, "formants (Hz)"});
  double highest = 1000.0;
  for (Eigen::Index i = 0; i < columns_.formants_hz.size(); ++i) {
    const auto hz = static_cast<double>(columns_.formants_hz.data()[i]);
    if (!std::isnan(hz)) highest = std::max(highest, hz);
  }
  line("set yrange [0:" + number(std::ceil(highest / 1000.0) * 1000.0) + "]");
  line("set ytics 1000; set grid ytics linecolor rgb '#dddddd'");
  line("set key at graph 1.006, graph 0.95 left top Left reverse samplen 0.5 textcolor default");
  constexpr const char* kFormantColours[] = {"#c44e52", "#2a7f3f", "#3b6ea5"};
  std::string plots;
  for (Eigen::Index i = 0; i < columns_.formants_hz.cols(); ++i) {
    plots += (i > 0 ? ", " : "") + ("$tracks using 1:" + std::to_string(5 + i)) +
             " with points pointtype 7 pointsize " + point_size(0.8) + " linecolor rgb '" +
             kFormantColours[i % 3] +
             "' notitle, NaN with points pointtype 7 pointsize 0.8 linecolor rgb '" +
             kFormantColours[i % 3] + "' title 'F" + std::to_string(i + 1) + "'";
  }
  line("plot " + plots);
}

void Drawing::draw_contrast() {
  begin_panel({0.12, "contrast (band, Hz)"});
  const ContrastOptions& options = view_.options.of<ContrastOptions>();
  const auto num_bands = columns_.contrast_db.cols();
  line("set yrange [-0.5:" + number(static_cast<double>(num_bands) - 0.5) + "]");
  std::string tics = gnuplot_quoted("<" + hz_label(options.min_hz)) + " 0";
  for (Eigen::Index band = 1; band < num_bands; ++band) {
    const double low_hz = options.min_hz * std::exp2(static_cast<double>(band - 1));
    const std::string label = band + 1 == num_bands
                                  ? ">" + hz_label(low_hz)
                                  : hz_label(low_hz) + "–" + hz_label(2.0 * low_hz);
    tics += ", " + gnuplot_quoted(label) + " " + std::to_string(band);
  }
  line("set ytics (" + tics + ")");
  const double low = static_cast<double>(columns_.contrast_db.minCoeff());
  const double high = static_cast<double>(columns_.contrast_db.maxCoeff());
  colours(kViridis, low, std::max(high, low + 1.0), "dB");
  line("set colorbox user origin graph 1.012, graph 0 size graph 0.011, graph 1");
  line("plot $contrast matrix using " + image_x() + ":2:3 with image");
}

void Drawing::draw_chroma() {
  begin_panel({0.14, "chroma"});
  line("set yrange [-0.5:11.5]");
  line(
      "set ytics ('C' 0, 'C♯' 1, 'D' 2, 'D♯' 3, 'E' 4, 'F' 5, 'F♯' 6, 'G' 7, 'G♯' 8, 'A' 9, 'A♯' "
      "10, 'B' 11)");
  colours(kBlues, 0.0, 1.0, "share of the largest");
  line("set colorbox user origin graph 1.012, graph 0 size graph 0.011, graph 1");
  line("plot $chroma matrix using " + image_x() + ":2:3 with image");
}

void Drawing::draw_voicing() {
  begin_panel({0.06, "voicing\\n(0…1)"});
  line("set yrange [0:1]; set ytics 0.5; set grid ytics linecolor rgb '#dddddd'");
  const double threshold = view_.options.of<PitchOptions>().min_voicing;
  line("set key at graph 1.006, first " + number(threshold) +
       " left center Left reverse samplen 1 textcolor default");
  line("plot $tracks using 1:3 with lines linecolor rgb '#6b4c9a' notitle, " + number(threshold) +
       " with lines linecolor rgb '#c44e52' dashtype 2 title 'voiced above'");
}

void Drawing::draw_level() {
  begin_panel({0.06, "level\\n(dBFS)"});
  const auto [low, high] =
      std::minmax_element(columns_.energy_db.begin(), columns_.energy_db.end());
  const double top = std::ceil((static_cast<double>(*high) + 1.0) / 10.0) * 10.0;
  const double bottom = std::floor((static_cast<double>(*low) - 1.0) / 10.0) * 10.0;
  line("set yrange [" + number(bottom) + ":" + number(top) + "]");
  line("set ytics " +
       number(top - bottom > 60.0   ? 40.0
              : top - bottom > 20.0 ? 20.0
                                    : 10.0) +
       "; set grid ytics linecolor rgb '#dddddd'");
  line("set format x '%g'");
  const double step_s = tick_step_s(end_s_ - start_s_);
  const bool in_minutes = end_s_ > 90.0 && step_s >= 1.0;
  std::string tics;
  for (double tick = std::ceil(start_s_ / step_s) * step_s; tick <= end_s_; tick += step_s) {
    tics += (tics.empty() ? "" : ", ") +
            gnuplot_quoted(in_minutes ? format_duration(tick) : number(tick)) + " " + number(tick);
  }
  line("set xtics (" + tics + ")");
  line(std::string("set xlabel 'time in the source file (") +
       (in_minutes ? "minutes:seconds" : "s") + ")'");
  std::int64_t num_kept = 0;
  for (const std::uint8_t kept : view_.kept) num_kept += kept != 0 ? 1 : 0;
  const double removed =
      100.0 * (1.0 - static_cast<double>(num_kept) / static_cast<double>(view_.num_frames()));
  line("set label 99 \"grey: removed\\nby VAD (" + number(std::round(removed * 10.0) / 10.0) +
       " %)\"" + " at graph 1.008, graph 0.75 left");
  line("plot $tracks using 1:4 with lines linecolor rgb '#444444'");
}

std::string Drawing::script(const std::string& title, PictureFormat format) {
  line("set encoding utf8");
  script_ += picture_terminal(kWidth, kHeight, format);
  line("set datafile missing 'NaN'");
  write_data();
  line("set multiplot");
  line("set lmargin at screen 0.075; set rmargin at screen 0.89");
  line("set xrange [" + number(start_s_) + ":" + number(end_s_) + "]; set format x ''");
  line("set border linecolor rgb '#555555'; unset key");
  constexpr double kTitleTop = 0.985;
  const FeatureLayout& layout = view_.layout;
  const auto fingerprint = view_.metadata.find("fingerprint");
  const std::string recipe =
      std::to_string(layout.sample_rate_hz) + " Hz, frames of " +
      std::to_string(layout.window_samples) + " every " + std::to_string(layout.hop_samples) +
      " samples" + (fingerprint == view_.metadata.end() ? "" : ", recipe " + fingerprint->second);
  line("set label 2 " + gnuplot_quoted(recipe) + " at screen 0.89, screen " + number(kTitleTop) +
       " right textcolor rgb '#666666'");
  line("set label 1 " + gnuplot_quoted(title) + " at screen 0.075, screen " + number(kTitleTop) +
       " left");
  write_removed();
  top_ = 0.967;
  draw_waveform();
  line("unset label 1; unset label 2");
  draw_spectrogram();
  draw_formants();
  draw_contrast();
  draw_chroma();
  draw_voicing();
  draw_level();
  line("unset multiplot");
  return std::move(script_);
}

}  // namespace

std::string draw_features(const FeatureView& view, const WaveformEnvelope& waveform,
                          const std::string& title, PictureFormat format) {
  return run_gnuplot(Drawing(view, waveform).script(title, format));
}

}  // namespace mer
