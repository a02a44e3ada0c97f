#include "mer/report/run_report.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <nlohmann/json.hpp>

#include "curve_plot.hpp"
#include "evaluation_page.hpp"
#include "html.hpp"
#include "mer/core/error.hpp"
#include "mer/core/options.hpp"
#include "mer/core/text.hpp"
#include "run_record.hpp"

namespace mer {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using Rows = std::vector<std::vector<std::string>>;

/// What stands at a place like "dataset/training_songs" of a JSON document, as text.
std::string text_at(const Json& json, const std::string& pointer) {
  const Json::json_pointer place("/" + pointer);
  if (!json.is_object() || !json.contains(place) || json.at(place).is_null()) return "";
  const Json& value = json.at(place);
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_float()) return format_number(value.get<double>());
  return value.dump();
}

/// The value of a dotted key in a config; empty when it is not there.
std::string config_value(const ConfigValue& tree, const std::string& key) {
  const std::size_t dot = key.find('.');
  for (const ConfigValue& entry : tree.entries) {
    if (entry.key != key.substr(0, dot)) continue;
    return dot == std::string::npos ? entry.text : config_value(entry, key.substr(dot + 1));
  }
  return "";
}

/// The few options that a reader asks for first; the whole config is below.
std::string config_essentials(const std::string& config) {
  if (config.empty()) return "";
  const ConfigValue tree = ConfigDocument::parse(config, "config.yaml", {}).tree();
  std::string text;
  for (const char* key : {"model.name", "loss.name", "loss.tau", "segment.length_s",
                          "inputs.combine", "train.iterations", "train.epochs", "train.batch_size",
                          "train.lr", "data.split.group_by", "data.split.folds", "data.manifest"}) {
    const std::string value = config_value(tree, key);
    if (!value.empty()) text += (text.empty() ? "" : ", ") + std::string(key) + " " + value;
  }
  return text;
}

/// A row of the table of facts, unless nothing is known.
std::string fact(const std::string& name, const std::string& value) {
  if (value.empty()) return "";
  return "<tr><th>" + escaped(name) + "</th><td>" + escaped(value) + "</td></tr>\n";
}

/// "cnn, 426228 parameters", whatever of it is known.
std::string model_text(const Json& run) {
  const std::string parameters = text_at(run, "network/parameters");
  std::string text = text_at(run, "network/name");
  if (text.empty()) text = text_at(run, "system/name");
  if (!parameters.empty()) text += ", " + parameters + " parameters";
  return text;
}

std::string songs_text(const Json& run) {
  const std::string songs = text_at(run, "dataset/training_songs");
  if (songs.empty()) return "";
  std::string text = songs + " for training";
  const std::string segments = text_at(run, "dataset/training_segments");
  if (!segments.empty()) text += " (" + segments + " segments)";
  text += ", " + text_at(run, "dataset/validation_songs") + " for validation";
  const std::string hash = text_at(run, "dataset/hash");
  return hash.empty() ? text : text + "; dataset " + hash;
}

std::string facts(const RunRecord& record) {
  // Of a cross-validation, what its first fold says holds for all.
  const RunRecord& source = record.folds.empty() ? record : record.folds.front();
  const Json& run = source.run;
  const bool has_folds = !record.folds.empty();
  const std::string ended = text_at(has_folds ? record.folds.back().run : run, "ended");
  std::string html = "<div class=\"scroll\"><table>";
  html += fact("model", model_text(run));
  if (has_folds) html += fact("cross-validation", std::to_string(record.folds.size()) + " folds");
  html += fact("status", text_at(run, "status"));
  html += fact("trained", text_at(run, "started") + (ended.empty() ? "" : " to " + ended));
  html += fact("iterations", text_at(run, "iterations"));
  html += fact(has_folds ? "songs of the first fold" : "songs", songs_text(run));
  html += fact("seeds", "training " + text_at(run, "seeds/train") + ", split " +
                            text_at(run, "seeds/split"));
  html += fact("options", config_essentials(source.config));
  html += fact("command", text_at(run, "command"));
  html +=
      fact("made by", "mer " + text_at(run, "mer_version") + ", commit " + text_at(run, "commit"));
  const std::string threads = text_at(run, "threads");
  html +=
      fact("device", text_at(run, "device") + ", " + threads +
                         (threads == "1" ? " thread, " : " threads, ") + text_at(run, "precision"));
  html += fact("feature recipe", text_at(run, "recipe_fingerprint")) + "</table></div>\n";
  if (!source.config.empty()) {
    html += details("The whole config", "<pre>" + escaped(source.config) + "</pre>");
  }
  return section("What was trained", html);
}

/// Two columns of metrics.csv in one picture; the second is drawn dashed.
struct Panel {
  const char* axis;  ///< of one run
  std::array<const char*, 2> columns;
};

/// A run's curves are named after their columns; of folds, each has a colour of its own.
std::vector<PlottedCurve> curves_of(const RunRecord& record, const Panel& panel) {
  std::vector<PlottedCurve> curves;
  const bool has_folds = !record.folds.empty();
  std::vector<const RunRecord*> runs;
  for (const RunRecord& fold : record.folds) runs.push_back(&fold);
  if (!has_folds) runs.push_back(&record);
  for (std::size_t run = 0; run < runs.size(); ++run) {
    for (std::size_t column = 0; column < panel.columns.size(); ++column) {
      const Curve* curve = runs[run]->curve(panel.columns[column]);
      if (curve == nullptr) continue;
      std::string title = panel.columns[column];
      if (has_folds) title = column == 0 ? "fold " + std::to_string(run + 1) : "";
      curves.push_back({*curve, title, has_folds ? run : column, column > 0});
    }
  }
  return curves;
}

std::string learning_curves(const RunRecord& record) {
  const bool has_folds = !record.folds.empty();
  std::string figures;
  for (const Panel& panel : {Panel{"loss", {"train_loss", "val_loss"}},
                             Panel{"on validation songs", {"val_accuracy", "val_macro_f1"}}}) {
    const auto curves = curves_of(record, panel);
    const bool has_dashed = std::any_of(curves.begin(), curves.end(),
                                        [](const PlottedCurve& one) { return one.dashed; });
    const bool has_course = std::any_of(curves.begin(), curves.end(), [](const PlottedCurve& one) {
      return one.curve.iterations.size() > 1;
    });
    if (!has_course) continue;
    std::string axis = panel.axis;
    if (has_folds) {
      axis = panel.columns[0];
      if (has_dashed) axis += std::string(" (") + panel.columns[1] + " dashed)";
    }
    figures += "<div class=\"figure\">" + svg_element(curve_plot(curves, axis)) + "</div>\n";
  }
  if (figures.empty()) {
    return "<p class=\"note\">The run has no course over iterations: metrics.csv has a single row "
           "or none.</p>\n";
  }
  return "<div class=\"side\">\n" + figures + "</div>\n";
}

std::string folds_table(const RunRecord& record, const ReportOptions& options) {
  Rows rows;
  for (const RunRecord& fold : record.folds) {
    const fs::path page =
        fs::exists(fold.folder / "report.html") ? fold.folder / "report.html" : fold.folder;
    std::vector<std::string> row = {link_to(relative_to_page(page, options.page), fold.name()),
                                    escaped(text_at(fold.run, "status")),
                                    escaped(text_at(fold.run, "best/iteration"))};
    const bool is_scored = !fold.evaluations.empty();
    const Json none;
    const Json& songs = is_scored ? fold.evaluations.front().metrics.value("songs", Json()) : none;
    row.push_back(escaped(text_at(songs, "count")));
    row.push_back(score_with_interval(songs, "accuracy"));
    row.push_back(score_with_interval(songs, "macro_f1"));
    rows.push_back(std::move(row));
  }
  return section(
      "Folds",
      html_table({"fold", "status", "iteration of the weights", "songs", "accuracy", "macro F1"},
                 rows) +
          "<p class=\"note\">Each fold is an ordinary run: <code>mer report</code> on "
          "its folder makes its page.</p>\n");
}

}  // namespace

std::string relative_to_page(const fs::path& file, const fs::path& page) {
  const fs::path folder = fs::weakly_canonical(fs::absolute(page)).parent_path();
  return fs::weakly_canonical(fs::absolute(file)).lexically_relative(folder).string();
}

std::string figure_or_note(const ReportOptions& options, const std::function<std::string()>& draw) {
  if (!options.without_pictures.empty()) {
    return "<p class=\"note\">A picture is left out: " + escaped(options.without_pictures) +
           "</p>\n";
  }
  return draw();
}

ReportKind report_kind_of(const fs::path& folder) {
  if (!fs::is_directory(folder)) {
    throw UsageError(folder.string() + ": no such folder",
                     "mer report takes a run's folder, e.g. runs/quickstart, or a sweep's");
  }
  if (fs::is_directory(folder / "fold-1")) return ReportKind::kFolds;
  if (fs::exists(folder / "run.json")) return ReportKind::kRun;
  if (fs::exists(folder / "summary.md")) return ReportKind::kSweep;
  if (fs::is_directory(folder / "configs") && fs::is_directory(folder / "logs")) {
    throw UsageError(folder.string() + ": is a sweep that has not been summed up yet",
                     "the mer sweep that made it, run again, writes summary.md");
  }
  throw UsageError(folder.string() + ": is neither a run nor a sweep",
                   "a run has run.json, a sweep summary.md");
}

std::string run_report(const fs::path& run, const ReportOptions& options) {
  const RunRecord record = read_run(run);
  std::string page = page_head(record.name()) + facts(record);
  if (record.evaluations.empty()) {
    page += section("Scores",
                    "<p class=\"note\">Nothing has been scored yet: <code>mer eval</code> "
                    "does it.</p>\n");
  }
  for (const EvaluationRecord& evaluation : record.evaluations) {
    page += evaluation_section(evaluation, options);
  }
  if (!record.folds.empty()) page += folds_table(record, options);
  page +=
      section("Learning curves", figure_or_note(options, [&] { return learning_curves(record); }));
  return page + page_tail();
}

}  // namespace mer
