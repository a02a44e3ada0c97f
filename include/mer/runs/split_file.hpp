#pragma once

#include <filesystem>

#include "mer/corpus/manifest.hpp"
#include "mer/corpus/split.hpp"

namespace mer {

/// `id,path,label,group,split`
void write_split_csv(const std::filesystem::path& file, const Manifest& manifest,
                     const Split& split);
/// @throws UsageError when the file does not list exactly the manifest's songs
Split read_split_csv(const std::filesystem::path& file, const Manifest& manifest);

}  // namespace mer
