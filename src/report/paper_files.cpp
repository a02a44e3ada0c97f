#include "paper_files.hpp"

#include <functional>
#include <string>

#include "curve_plot.hpp"
#include "mer/core/error.hpp"
#include "mer/core/files.hpp"
#include "mer/core/text.hpp"
#include "mer/report/evaluation_plot.hpp"
#include "mer/report/gnuplot.hpp"
#include "mer/report/run_report.hpp"
#include "mer/runs/sweep_folder.hpp"
#include "run_record.hpp"
#include "score_tables.hpp"

namespace mer {
namespace {

namespace fs = std::filesystem;

/// A file to write, and what it will hold: known by name before anything is drawn.
struct PaperFile {
  std::string name;
  std::function<std::string()> content;
};

void add_figure(const std::string& prefix, const Figure& figure, std::vector<PaperFile>& files) {
  for (const PictureFormat format : kPictureFormats) {
    files.push_back(
        {prefix + figure.file_name(format), [figure, format] { return draw(figure, format); }});
  }
}

std::vector<PaperFile> files_of_run(const fs::path& run) {
  const RunRecord record = read_run(RunFolder(run));
  std::vector<PaperFile> files;
  for (const Evaluation& evaluation : record.evaluations) {
    const std::string prefix = evaluation.split + "_";
    for (const Figure& figure : evaluation_figures(evaluation)) {
      add_figure(prefix, figure, files);
    }
    for (const ScoreTable& table : score_tables(evaluation)) {
      files.push_back({prefix + table.name + ".tex", [table, split = evaluation.split] {
                         return kLatexHead + latex_table(table, split);
                       }});
    }
  }
  for (const Figure& figure : learning_figures(record)) add_figure("", figure, files);
  if (!files.empty()) return files;
  throw UsageError(run.string() + ": has neither scores nor a course to draw",
                   "mer eval " + run.string());
}

std::vector<PaperFile> files_of_sweep(const fs::path& sweep) {
  std::vector<fs::path> sources = sweep_pictures(sweep);
  if (sources.empty()) {
    throw UsageError(sweep.string() + ": has no pictures yet",
                     "the mer sweep that made it, with --summary, draws them");
  }
  sources.push_back(SweepFolder(sweep).latex_tables());
  std::vector<PaperFile> files;
  for (const fs::path& source : sources) {
    files.push_back({source.filename().string(), [source] { return read_text_file(source); }});
  }
  return files;
}

}  // namespace

std::optional<OutputKind> picture_kind(const fs::path& file) {
  const fs::path extension = file.extension();
  if (extension == ".svg") return OutputKind::kSvg;
  if (extension == ".png") return OutputKind::kPng;
  if (extension == ".pdf") return OutputKind::kPdf;
  if (extension == ".tex") return OutputKind::kLatex;
  return std::nullopt;
}

std::size_t write_paper_files(const fs::path& folder, const fs::path& output) {
  const bool is_sweep = report_kind_of(folder) == ReportKind::kSweep;
  if (!is_sweep) require_gnuplot();
  const std::vector<PaperFile> files = is_sweep ? files_of_sweep(folder) : files_of_run(folder);
  make_folder(output, "give another one with --figures");
  for (const PaperFile& file : files) {
    require_output(output / file.name, picture_kind(file.name).value());
  }
  for (const PaperFile& file : files) write_text_file(output / file.name, file.content());
  return files.size();
}

}  // namespace mer
