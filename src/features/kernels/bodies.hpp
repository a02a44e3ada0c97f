// The kernels' code. Included once for each instruction set, by a source file that is compiled for
// it and defines MER_KERNELS, the name of its table. Nothing here may call an inline function or
// instantiate a template of a library: the linker keeps one copy of these for the whole program,
// and that copy could be one that the processor doesn't understand.

#include "all_pole.hpp"
#include "extremes.hpp"
#include "fft.hpp"
#include "kernel_table.hpp"
#include "pitch.hpp"
#include "prediction.hpp"
#include "spectrum.hpp"
#include "sums.hpp"

namespace mer::kernels {

extern const KernelTable MER_KERNELS = {
    .sum = kernel_bodies::sum,
    .energy = kernel_bodies::energy,
    .all_within = kernel_bodies::all_within,
    .sparse_rows = kernel_bodies::sparse_rows,
    .power_to_db = kernel_bodies::power_to_db,
    .extreme_candidates = kernel_bodies::extreme_candidates,
    .extreme_root_sums = kernel_bodies::extreme_root_sums,
    .to_segments = kernel_bodies::to_segments,
    .segment_prediction_error = kernel_bodies::segment_prediction_error,
    .cosine_phase = kernel_bodies::cosine_phase,
    .lattice_step = kernel_bodies::lattice_step,
    .lattice_sums = kernel_bodies::lattice_sums,
    .centre = kernel_bodies::centre,
    .pitch_differences = kernel_bodies::pitch_differences,
    .interpolate = kernel_bodies::interpolate,
    .next_minimum = kernel_bodies::next_minimum,
    .cosine_sums = kernel_bodies::cosine_sums,
    .multiples_of_angles = kernel_bodies::multiples_of_angles,
    .inverse_filter_at = kernel_bodies::inverse_filter_at,
    .response_at = kernel_bodies::response_at,
    .move_model = kernel_bodies::move_model,
    .lines_at_vertices = kernel_bodies::lines_at_vertices,
    .aberth_round = kernel_bodies::aberth_round,
    .float_lanes = kernel_bodies::kFloatLanes,
    .double_lanes = kernel_bodies::kDoubleLanes,
    .forward_float = kernel_bodies::forward_float,
    .forward_double = kernel_bodies::forward_double,
    .inverse_float = kernel_bodies::inverse_float,
    .inverse_double = kernel_bodies::inverse_double,
    .power_float = kernel_bodies::power_float,
    .hilbert = kernel_bodies::hilbert,
    .correlation = kernel_bodies::correlation,
    .spectrum = kernel_bodies::spectrum,
    .windowed_power = kernel_bodies::windowed_power,
    .hann_power = kernel_bodies::hann_power,
    .cosine_lags = kernel_bodies::cosine_lags,
};

}  // namespace mer::kernels
