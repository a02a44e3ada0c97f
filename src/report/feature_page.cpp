#include <cmath>
#include <nlohmann/json.hpp>

#include "html.hpp"
#include "mer/core/progress.hpp"
#include "mer/core/text.hpp"
#include "mer/report/feature_plot.hpp"

namespace mer {
namespace {

std::string group_row(const ColumnGroup& group) {
  std::string row = "<tr>";
  for (const std::string& cell : {group.name, std::to_string(group.num_columns), group.unit,
                                  group.description, group.source}) {
    row += "<td>" + escaped(cell) + "</td>";
  }
  return row + "</tr>\n";
}

std::string groups_table(const FeatureLayout& layout) {
  std::string table =
      "<table><tr><th>feature</th><th>columns</th><th>unit</th><th>what it is</th>"
      "<th>source</th></tr>\n";
  table += group_row(layout.spectrogram);
  for (const ColumnGroup& group : layout.lld) table += group_row(group);
  return table + "</table>";
}

}  // namespace

std::string features_page_head(const std::string& title) { return page_head(title); }

std::string features_page_song(const FeatureView& view, const WaveformEnvelope& waveform,
                               const std::string& title) {
  const FeatureLayout& layout = view.layout;
  std::int64_t num_kept = 0;
  for (const std::uint8_t kept : view.kept) num_kept += kept != 0 ? 1 : 0;
  const double seconds = static_cast<double>(waveform.num_samples()) / layout.sample_rate_hz;
  const double hop_ms = 1000.0 * layout.hop_samples / layout.sample_rate_hz;
  const std::string facts =
      format_duration(seconds) + " at " + std::to_string(layout.sample_rate_hz) + " Hz, " +
      std::to_string(view.num_frames()) + " frames of " + std::to_string(layout.window_samples) +
      " samples every " + std::to_string(layout.hop_samples) + " (" +
      format_number(std::round(hop_ms * 10.0) / 10.0) + " ms), " + std::to_string(num_kept) +
      " kept by VAD";
  return "<section>\n<h2>" + escaped(title) + "</h2>\n<p>" + escaped(facts) + "</p>\n" +
         svg_element(draw_features(view, waveform, title, PictureFormat::kSvg)) +
         "\n<details><summary>What the features are</summary>\n" + groups_table(layout) +
         "</details>\n<details><summary>Recipe</summary><pre>" +
         escaped(describe_features(view).dump(2, ' ', false,
                                              nlohmann::json::error_handler_t::replace)) +
         "</pre></details>\n</section>\n";
}

std::string features_page_tail() { return page_tail(); }

}  // namespace mer
