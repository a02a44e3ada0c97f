#include <cmark-gfm-core-extensions.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "curve_plot.hpp"
#include "evaluation_page.hpp"
#include "html.hpp"
#include "mer/core/text.hpp"
#include "mer/report/run_report.hpp"
#include "mer/runs/sweep_folder.hpp"
#include "paper_files.hpp"
#include "run_record.hpp"

namespace mer {
namespace {

namespace fs = std::filesystem;

/// Markdown with tables as HTML; raw HTML in it is left out.
std::string to_html(const std::string& markdown) {
  cmark_gfm_core_extensions_ensure_registered();
  const std::unique_ptr<cmark_parser, decltype(&cmark_parser_free)> parser(
      cmark_parser_new(CMARK_OPT_DEFAULT), cmark_parser_free);
  cmark_parser_attach_syntax_extension(parser.get(), cmark_find_syntax_extension("table"));
  cmark_parser_feed(parser.get(), markdown.data(), markdown.size());
  const std::unique_ptr<cmark_node, decltype(&cmark_node_free)> document(
      cmark_parser_finish(parser.get()), cmark_node_free);
  const std::unique_ptr<char, decltype(&std::free)> html(
      cmark_render_html(document.get(), CMARK_OPT_DEFAULT,
                        cmark_parser_get_syntax_extensions(parser.get())),
      std::free);
  return html.get();
}

/// The first line is the title, which the page shows by itself; the first paragraph says what came
/// out.
struct Summary {
  std::string title;
  std::string verdict;
  std::string body;
};

Summary read_summary(const fs::path& sweep) {
  std::string text = read_text_file(SweepFolder(sweep).summary_markdown());
  Summary summary{sweep.filename().string(), "", ""};
  if (text.starts_with("# ")) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    summary.title = text.substr(2, end - 2);
    text.erase(0, std::min(text.find_first_not_of('\n', end), text.size()));
  }
  const std::size_t end = std::min(text.find("\n\n"), text.size());
  summary.verdict = text.substr(0, end);
  summary.body = text.substr(end);
  return summary;
}

/// The pictures that mer sweep has left; first the one whose word the title names first.
std::string pictures(const fs::path& sweep, const std::string& title) {
  std::vector<std::pair<std::size_t, fs::path>> files;
  for (const fs::path& file : sweep_pictures(sweep)) {
    if (file.extension() != ".svg" || file.stem() == "loss_as_printed") continue;
    const std::string name = file.stem().string();
    std::string word = name.substr(0, name.find("_over_"));
    std::ranges::replace(word, '_', ' ');
    files.emplace_back(title.find(word), file);
  }
  std::ranges::sort(files);
  std::string html;
  for (const auto& [place, file] : files) {
    html += "<div class=\"wide\">" + svg_element(read_text_file(file)) + "</div>\n";
  }
  return html.empty() ? "" : "<div class=\"side\">\n" + html + "</div>\n";
}

/// Folders of cells: those with a run, or with folds, in them.
std::vector<RunFolder> cells_of(const fs::path& sweep) {
  std::vector<fs::path> folders;
  for (const auto& entry : fs::directory_iterator(sweep)) folders.push_back(entry.path());
  std::sort(folders.begin(), folders.end());
  std::vector<RunFolder> cells;
  for (const fs::path& folder : folders) {
    const RunFolder cell(folder);
    if (cell.has_status() || cell.fold(1).has_status()) cells.push_back(cell);
  }
  return cells;
}

std::string cells_table(const fs::path& sweep, const ReportOptions& options) {
  std::vector<std::string> head = {"cell", ""};
  std::vector<std::vector<std::string>> rows;
  std::vector<std::optional<Evaluation>> evaluations;
  for (const RunFolder& cell : cells_of(sweep)) {
    rows.push_back({link_to(relative_to_page(page_or_folder(cell), options.page),
                            cell.path().filename().string()),
                    cell.folds().empty() ? "run" : "cross-validation"});
    const fs::path test = cell.evaluation_folder(kTest);
    evaluations.emplace_back();
    if (has_scores(test)) evaluations.back() = read_evaluation(test, EvaluationPart::kScores);
  }
  if (rows.empty()) return "";
  append_main_scores(evaluations, head, rows);
  return section("Cells",
                 "<p class=\"note\">Scores are of test songs. A link leads to the cell's own page "
                 "where <code>mer report</code> has made one, else to its folder.</p>\n" +
                     html_table(head, rows));
}

/// Where mer sweep has left no picture of them, as without gnuplot.
std::string losses(const fs::path& sweep, const ReportOptions& options) {
  const SweepFolder folder(sweep);
  if (!fs::exists(folder.loss_csv()) || fs::exists(folder.figures() / "loss.svg")) return "";
  std::vector<PlottedCurve> plotted;
  for (const Curve& curve : curves_of(CsvTable(folder.loss_csv()))) {
    if (curve.empty()) continue;
    plotted.push_back({curve, curve.name, plotted.size(), plotted.size() >= 10});
  }
  if (plotted.empty()) return "";
  return section("Training losses",
                 figures_or_note(options, {curve_figure("loss", plotted, "training loss")}));
}

}  // namespace

std::vector<fs::path> sweep_pictures(const fs::path& sweep) {
  std::vector<fs::path> files;
  const fs::path folder = SweepFolder(sweep).figures();
  if (!fs::is_directory(folder)) return files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (picture_kind(entry.path())) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string sweep_report(const fs::path& sweep, const ReportOptions& options) {
  const Summary summary = read_summary(sweep);
  return page_head(summary.title) + to_html(summary.verdict) + pictures(sweep, summary.title) +
         "<section class=\"scroll\">\n" + to_html(summary.body) + "</section>\n" +
         losses(sweep, options) + cells_table(sweep, options) + page_tail();
}

}  // namespace mer
