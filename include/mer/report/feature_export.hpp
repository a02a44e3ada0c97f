#pragma once

#include <filesystem>
#include <functional>
#include <string_view>

#include "mer/report/feature_view.hpp"

namespace mer {

/// Features as NumPy's .npz, which `np.load(file)` reads without pickle:
///
///   spectrogram [T, κ1] f4    lld [T, D] f4    energy_db [T] f4    kept [T] bool    time_s [T] f8
///   lld_columns [D] str    lld_units [D] str    spectrogram_columns [κ1] str
///   spectrogram_hz [κ1] f8    metadata str, which json.loads turns into describe_features()
///
/// Arrays are stored without compression, in constant memory. The same features give the same
/// bytes.
/// @throws Error when the file can't be written
void write_features_npz(const std::filesystem::path& file, const FeatureView& view);

/// Features as CSV, a header line and a row a frame: `time_s,kept,energy_db`, the spectrogram's
/// columns, the LLDs'. Numbers are as short as they can be and still be read back the same.
/// @param write  takes the text in pieces; memory is constant
void write_features_csv(const FeatureView& view,
                        const std::function<void(std::string_view)>& write);
/// The same in a file, with describe_features() beside it in `<file>.json`.
/// @throws Error when one of them can't be written
void write_features_csv(const std::filesystem::path& file, const FeatureView& view);

}  // namespace mer
