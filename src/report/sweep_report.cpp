#include <cmark-gfm-core-extensions.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "curve_plot.hpp"
#include "evaluation_page.hpp"
#include "html.hpp"
#include "mer/core/error.hpp"
#include "mer/core/text.hpp"
#include "mer/report/run_report.hpp"
#include "mer/runs/sweep_folder.hpp"
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

/// The first line is the title, which the page shows by itself.
struct Summary {
  std::string title;
  std::string body;
};

Summary read_summary(const fs::path& sweep) {
  const std::string text = read_text_file(SweepFolder(sweep).summary_markdown());
  if (!text.starts_with("# ")) return {sweep.filename().string(), text};
  const std::size_t end = std::min(text.find('\n'), text.size());
  return {text.substr(2, end - 2), text.substr(end)};
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
  std::vector<std::vector<std::string>> rows;
  for (const RunFolder& cell : cells_of(sweep)) {
    rows.push_back({link_to(relative_to_page(page_or_folder(cell), options.page),
                            cell.path().filename().string()),
                    cell.folds().empty() ? "run" : "cross-validation"});
    const fs::path test = cell.evaluation_folder(kTest);
    if (!has_scores(test)) {
      rows.back().resize(rows.back().size() + 3);
      continue;
    }
    const Scores songs = read_evaluation(test, EvaluationPart::kScores).song_scores;
    rows.back().push_back(std::to_string(songs.count));
    rows.back().push_back(score_with_interval(songs.accuracy, songs.accuracy_ci95));
    rows.back().push_back(score_with_interval(songs.macro_f1, songs.macro_f1_ci95));
  }
  if (rows.empty()) return "";
  return section(
      "Cells",
      "<p class=\"note\">A link leads to the cell's own page where "
      "<code>mer report</code> has made one, else to its folder.</p>\n" +
          html_table({"cell", "", "test songs", "accuracy [95 %]", "macro F1 [95 %]"}, rows));
}

std::string losses(const fs::path& sweep, const ReportOptions& options) {
  const fs::path file = SweepFolder(sweep).loss_csv();
  if (!fs::exists(file)) return "";
  const std::vector<Curve> curves = curves_of(CsvTable(file));
  std::vector<PlottedCurve> plotted;
  for (const Curve& curve : curves) {
    if (!curve.empty())
      plotted.push_back({curve, curve.name, plotted.size(), plotted.size() >= 10});
  }
  if (plotted.empty()) return "";
  const auto draw = [&] {
    return "<div class=\"wide\">" + svg_element(curve_plot(plotted, "training loss")) + "</div>\n";
  };
  return section("Training losses", figure_or_note(options, draw));
}

}  // namespace

std::string sweep_report(const fs::path& sweep, const ReportOptions& options) {
  const Summary summary = read_summary(sweep);
  return page_head(summary.title) + "<section class=\"scroll\">\n" + to_html(summary.body) +
         "</section>\n" + losses(sweep, options) + cells_table(sweep, options) + page_tail();
}

}  // namespace mer
