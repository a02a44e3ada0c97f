#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "mer/report/figure.hpp"
#include "mer/report/run_report.hpp"
#include "mer/runs/evaluation_files.hpp"
#include "mer/runs/run_folder.hpp"

namespace mer {

/// Tables and pictures of all that one part of the songs was scored for, and the surest errors.
std::string evaluation_section(const Evaluation& evaluation, const ReportOptions& options);

/// Adds the scores by which runs are compared, as columns that some of them have.
/// @param evaluations  parallel to the rows
void append_main_scores(const std::vector<std::optional<Evaluation>>& evaluations,
                        std::vector<std::string>& head,
                        std::vector<std::vector<std::string>>& rows);

/// A run's own page where there is one, else its folder.
std::filesystem::path page_or_folder(const RunFolder& run);

/// What a link in the page says to reach a file.
std::string relative_to_page(const std::filesystem::path& file, const std::filesystem::path& page);

/// Pictures side by side, or why there are none; "" for no pictures.
std::string figures_or_note(const ReportOptions& options, const std::vector<Figure>& figures);

}  // namespace mer
