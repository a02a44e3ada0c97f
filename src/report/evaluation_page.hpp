#pragma once

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "mer/report/run_report.hpp"
#include "run_record.hpp"

namespace mer {

/// "0.600 [0.559, 0.641]" of an object of metrics.json; empty when it has no such score.
std::string score_with_interval(const nlohmann::json& scores, const std::string& name);

/// Scores, confusion, classes, calibration and the surest errors of one part of the songs.
std::string evaluation_section(const EvaluationRecord& evaluation, const ReportOptions& options);

/// What a link in the page says to reach a file.
std::string relative_to_page(const std::filesystem::path& file, const std::filesystem::path& page);

/// The picture, or why there is none.
std::string figure_or_note(const ReportOptions& options, const std::function<std::string()>& draw);

}  // namespace mer
