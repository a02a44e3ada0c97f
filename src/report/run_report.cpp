#include "mer/report/run_report.hpp"

#include <algorithm>
#include <array>
#include <functional>

#include "curve_plot.hpp"
#include "evaluation_page.hpp"
#include "html.hpp"
#include "mer/core/error.hpp"
#include "mer/core/options.hpp"
#include "mer/core/text.hpp"
#include "mer/runs/sweep_folder.hpp"
#include "run_record.hpp"

namespace mer {
namespace {

namespace fs = std::filesystem;
using Rows = std::vector<std::vector<std::string>>;

/// A whole number; empty when it is not there.
template <class Number>
std::string text_of(const std::optional<Number>& number) {
  return number ? std::to_string(*number) : "";
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
std::string model_text(const RunStatus& run) {
  if (run.network) {
    return run.network->name + ", " + std::to_string(run.network->parameters) + " parameters";
  }
  return run.system ? run.system->name : "";
}

std::string songs_text(const std::optional<RunStatus::Dataset>& dataset) {
  if (!dataset) return "";
  return std::to_string(dataset->training_songs) + " for training (" +
         std::to_string(dataset->training_segments) + " segments), " +
         std::to_string(dataset->validation_songs) + " for validation" +
         (dataset->near_duplicates > 0
              ? ", " + std::to_string(dataset->near_duplicates) + " pairs of near-duplicates"
              : "") +
         "; dataset " + dataset->hash;
}

std::string facts(const RunRecord& record) {
  // Of a cross-validation, what its first fold says holds for all.
  const RunRecord& source = record.folds.empty() ? record : record.folds.front();
  const RunStatus run = source.status.value_or(RunStatus());
  const bool has_folds = !record.folds.empty();
  const std::optional<RunStatus>& last = has_folds ? record.folds.back().status : source.status;
  const std::string ended = last ? last->ended : "";
  const RunStatus::Seeds seeds = run.seeds.value_or(RunStatus::Seeds());
  std::string html = "<div class=\"scroll\"><table>";
  html += fact("model", model_text(run));
  if (has_folds) html += fact("cross-validation", std::to_string(record.folds.size()) + " folds");
  html += fact("status", run.status);
  html += fact("trained", run.started + (ended.empty() ? "" : " to " + ended));
  html += fact("iterations", text_of(run.iterations));
  html += fact(has_folds ? "songs of the first fold" : "songs", songs_text(run.dataset));
  html += fact("seeds", "training " + std::to_string(seeds.train) + ", split " +
                            std::to_string(seeds.split));
  html += fact("options", config_essentials(source.config));
  html += fact("command", run.command);
  html += fact("made by", "mer " + run.mer_version + ", commit " + run.commit);
  html += fact("device", run.device + ", " + text_of(run.threads) +
                             (run.threads == 1 ? " thread" : " threads"));
  html += fact("feature recipe", run.recipe_fingerprint) + "</table></div>\n";
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
    const RunStatus run = fold.status.value_or(RunStatus());
    std::vector<std::string> row = {
        link_to(relative_to_page(page_or_folder(fold.folder), options.page), fold.folder.name()),
        escaped(run.status), run.best ? std::to_string(run.best->iteration) : ""};
    if (fold.evaluations.empty()) {
      row.resize(row.size() + 3);
    } else {
      const Scores& songs = fold.evaluations.front().song_scores;
      row.push_back(std::to_string(songs.count));
      row.push_back(score_with_interval(songs.accuracy, songs.accuracy_ci95));
      row.push_back(score_with_interval(songs.macro_f1, songs.macro_f1_ci95));
    }
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

fs::path page_or_folder(const RunFolder& run) {
  return fs::exists(run.report_file()) ? run.report_file() : run.path();
}

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
  const SweepFolder sweep(folder);
  if (!RunFolder(folder).folds().empty()) return ReportKind::kFolds;
  if (RunFolder(folder).has_status()) return ReportKind::kRun;
  if (fs::exists(sweep.summary_markdown())) return ReportKind::kSweep;
  if (fs::is_directory(sweep.configs()) && fs::is_directory(sweep.logs())) {
    throw UsageError(folder.string() + ": is a sweep that has not been summed up yet",
                     "the mer sweep that made it, run again, writes summary.md");
  }
  throw UsageError(folder.string() + ": is neither a run nor a sweep",
                   "a run has run.json, a sweep summary.md");
}

std::string run_report(const fs::path& run, const ReportOptions& options) {
  const RunRecord record = read_run(RunFolder(run));
  std::string page = page_head(record.folder.name()) + facts(record);
  if (record.evaluations.empty()) {
    page += section("Scores",
                    "<p class=\"note\">Nothing has been scored yet: <code>mer eval</code> "
                    "does it.</p>\n");
  }
  for (const std::string& what : record.left_out) {
    page += "<p class=\"note\">Left out: " + escaped(what) +
            "; <code>mer eval</code> scores the run again.</p>\n";
  }
  for (const Evaluation& evaluation : record.evaluations) {
    page += evaluation_section(evaluation, options);
  }
  if (!record.folds.empty()) page += folds_table(record, options);
  page +=
      section("Learning curves", figure_or_note(options, [&] { return learning_curves(record); }));
  return page + page_tail();
}

}  // namespace mer
