#include <CLI/CLI.hpp>
#include <filesystem>

#include "command.hpp"
#include "mer/core/error.hpp"
#include "mer/core/text.hpp"
#include "mer/report/gnuplot.hpp"
#include "mer/report/run_report.hpp"
#include "mer/runs/output_file.hpp"
#include "terminal.hpp"

namespace mer::app {
namespace {

namespace fs = std::filesystem;

struct ReportArgs {
  fs::path folder;
  fs::path output;
  fs::path figures;
};

int run_report_verb(const ReportArgs& args) {
  const ReportKind kind = report_kind_of(args.folder);
  ReportOptions options;
  options.page = args.output.empty() ? args.folder / "report.html" : args.output;
  require_output(options.page, OutputKind::kPage);
  options.without_pictures = why_no_pictures();
  if (!options.without_pictures.empty()) {
    log_warning("pictures are left out: " + options.without_pictures);
  }
  write_text_file(options.page, kind == ReportKind::kSweep ? sweep_report(args.folder, options)
                                                           : run_report(args.folder, options));
  log_info("written   " + options.page.string());
  if (!args.figures.empty()) {
    const std::size_t count = write_paper_files(args.folder, args.figures);
    log_info("written   " + args.figures.string() + ": " + std::to_string(count) +
             " pictures and tables");
  }
  return kDone;
}

}  // namespace

std::function<int()> add_report(CLI::App& cmd) {
  auto args = std::make_shared<ReportArgs>();
  cmd.add_option("folder", args->folder,
                 "A run's folder (also of a cross-validation), or a sweep's")
      ->required()
      ->type_name("RUN|SWEEP");
  cmd.add_option("-o,--output", args->output, "The page; default: report.html in the folder")
      ->type_name("FILE");
  cmd.add_option("--figures", args->figures,
                 "Also write pictures (SVG, PNG, PDF) and LaTeX tables (booktabs) into a folder")
      ->type_name("DIR");
  add_verbosity_options(cmd);
  cmd.footer(
      "The page needs no other file and no network. gnuplot draws its pictures; where it is\n"
      "missing, they are left out and the page says so.\n"
      "Example:\n  mer report runs/quickstart\n  mer report runs/table2 -o table2.html\n"
      "  mer report runs/quickstart --figures paper/figures\n"
      "Exit codes: 0 done, 1 failed, 2 wrong usage");
  return [args] { return run_report_verb(*args); };
}

}  // namespace mer::app
