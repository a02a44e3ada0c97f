#pragma once

#include <filesystem>
#include <string>

#include "mer/train/trainer.hpp"

namespace mer {

/// train_run() of a classical system.
RunResult train_classic_run(const RunConfig& config, const RunData& data,
                            const std::filesystem::path& run_folder,
                            const std::string& command_line, const RunCallbacks& callbacks);

/// Columns that a classical system sees of each song or segment.
int num_columns(const RunConfig& config);

}  // namespace mer
