#include "mer/report/run_report.hpp"

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

std::string learning_curves(const RunRecord& record, const ReportOptions& options) {
  const std::vector<Figure> figures = learning_figures(record);
  if (!figures.empty()) return figures_or_note(options, figures);
  return "<p class=\"note\">The run has no course over iterations: metrics.csv has a single row "
         "or none.</p>\n";
}

std::string folds_table(const RunRecord& record, const ReportOptions& options) {
  std::vector<std::string> head = {"fold", "status", "iteration of the weights"};
  Rows rows;
  std::vector<std::optional<Evaluation>> evaluations;
  for (const RunRecord& fold : record.folds) {
    const RunStatus run = fold.status.value_or(RunStatus());
    rows.push_back(
        {link_to(relative_to_page(page_or_folder(fold.folder), options.page), fold.folder.name()),
         escaped(run.status), run.best ? std::to_string(run.best->iteration) : ""});
    evaluations.emplace_back();
    if (!fold.evaluations.empty()) evaluations.back() = fold.evaluations.front();
  }
  append_main_scores(evaluations, head, rows);
  return section("Folds", html_table(head, rows) +
                              "<p class=\"note\">Each fold is an ordinary run: <code>mer "
                              "report</code> on its folder makes its page.</p>\n");
}

}  // namespace

fs::path page_or_folder(const RunFolder& run) {
  return fs::exists(run.report_file()) ? run.report_file() : run.path();
}

std::string relative_to_page(const fs::path& file, const fs::path& page) {
  const fs::path folder = fs::weakly_canonical(fs::absolute(page)).parent_path();
  return fs::weakly_canonical(fs::absolute(file)).lexically_relative(folder).string();
}

std::string figures_or_note(const ReportOptions& options, const std::vector<Figure>& figures) {
  if (figures.empty()) return "";
  if (!options.without_pictures.empty()) {
    return "<p class=\"note\">A picture is left out: " + escaped(options.without_pictures) +
           "</p>\n";
  }
  std::string html = "<div class=\"side\">\n";
  for (const Figure& figure : figures) {
    html += std::string("<div class=\"") + (figure.width > 600 ? "wide" : "figure") + "\">" +
            svg_element(draw(figure)) + "</div>\n";
  }
  return html + "</div>\n";
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
  page += section("Learning curves", learning_curves(record, options));
  return page + page_tail();
}

}  // namespace mer
