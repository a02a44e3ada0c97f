#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

namespace mer {

/// What a folder holds that a page can be made of.
enum class ReportKind { kRun, kFolds, kSweep };

/// @throws UsageError when it is no run, no parent of folds and no sweep, or when it does not exist
ReportKind report_kind_of(const std::filesystem::path& folder);

/// Where a page goes and whether it has pictures.
struct ReportOptions {
  std::filesystem::path page;  ///< the file that the page will be: links are relative to it
  /// Why there are no pictures; empty: gnuplot draws them.
  std::string without_pictures;
};

/// A run, or a cross-validation and its folds, as one self-contained HTML page: what was trained,
/// learning curves, and for each part that has been scored the scores with their intervals, the
/// confusion matrix, each class, how far the probabilities can be trusted, and the errors that the
/// model was surest of.
/// @throws UsageError naming the file of the run that can't be read
std::string run_report(const std::filesystem::path& run, const ReportOptions& options);

/// A sweep: what came out in a sentence, the pictures that mer sweep has left, its summary (tables,
/// tests and claims), and its cells with links.
/// @throws UsageError when the sweep has no summary, or a file that can't be read
std::string sweep_report(const std::filesystem::path& sweep, const ReportOptions& options);

/// What a paper takes of a run or a sweep: pictures, each as SVG, PNG and PDF, and tables for LaTeX
/// with the package booktabs. Of a run, those of a part of the songs are named after it:
/// `test_confusion.pdf`, `test_scores.tex`; of a sweep, they are those that mer sweep has left.
/// @param output  made if needed
/// @return        how many files
/// @throws UsageError when there are none, or one would replace what is something else
/// @throws Error when gnuplot is missing or fails
std::size_t write_paper_files(const std::filesystem::path& folder,
                              const std::filesystem::path& output);

}  // namespace mer
