#include <cmath>
#include <nlohmann/json.hpp>

#include "mer/core/progress.hpp"
#include "mer/core/text.hpp"
#include "mer/report/feature_plot.hpp"

namespace mer {
namespace {

std::string escaped(const std::string& text) {
  std::string html;
  for (const char c : to_valid_utf8(text)) {
    switch (c) {
      case '&':
        html += "&amp;";
        break;
      case '<':
        html += "&lt;";
        break;
      case '>':
        html += "&gt;";
        break;
      case '"':
        html += "&quot;";
        break;
      default:
        html += c;
    }
  }
  return html;
}

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

/// The <svg> element alone: what stands before it belongs to a document of its own.
std::string svg_element(const std::string& document) {
  const std::size_t start = document.find("<svg");
  return start == std::string::npos ? document : document.substr(start);
}

}  // namespace

std::string features_page_head(const std::string& title) {
  return "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n<title>" +
         escaped(title) +
         "</title>\n<style>\n"
         "body{font:15px/1.4 sans-serif;margin:1.5em auto;max-width:1500px;padding:0 1em;"
         "color:#222;background:#fff}\n"
         "svg{width:100%;height:auto}h2{margin:1.5em 0 .2em}\n"
         "table{border-collapse:collapse}td,th{border:1px solid #ccc;padding:.2em .6em;"
         "text-align:left}\n"
         "pre{white-space:pre-wrap;overflow-wrap:anywhere;background:#f5f5f5;padding:1em}\n"
         "</style></head><body>\n<h1>" +
         escaped(title) + "</h1>\n";
}

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

std::string features_page_tail() { return "</body></html>\n"; }

}  // namespace mer
