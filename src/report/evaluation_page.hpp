#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "mer/report/run_report.hpp"
#include "mer/runs/evaluation_files.hpp"
#include "mer/runs/run_folder.hpp"

namespace mer {

/// "0.600 [0.559, 0.641]"; without the interval, or nothing, where they are NaN.
std::string score_with_interval(double score, const Interval& interval);

/// Scores, confusion, classes, calibration and the surest errors of one part of the songs.
std::string evaluation_section(const Evaluation& evaluation, const ReportOptions& options);

/// A run's own page where there is one, else its folder.
std::filesystem::path page_or_folder(const RunFolder& run);

/// What a link in the page says to reach a file.
std::string relative_to_page(const std::filesystem::path& file, const std::filesystem::path& page);

/// The picture, or why there is none.
std::string figure_or_note(const ReportOptions& options, const std::function<std::string()>& draw);

}  // namespace mer
