#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "mer/runs/output_file.hpp"

namespace mer {

/// What a file is by its name: a picture or a LaTeX table; none of another name.
std::optional<OutputKind> picture_kind(const std::filesystem::path& file);

/// The files in a sweep's folder of figures, in the order of their names.
std::vector<std::filesystem::path> sweep_pictures(const std::filesystem::path& sweep);

}  // namespace mer
