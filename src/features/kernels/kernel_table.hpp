#pragma once

#include "kernels.hpp"

namespace mer::kernels {

/// The kernels compiled for one instruction set. kernel_bodies.hpp is compiled once for each of
/// them, and kernels.cpp picks the best one that the processor has.
struct KernelTable {
  double (*sum)(const float*, int);
  double (*energy)(const float*, int);
  bool (*all_within)(const float*, int, float);
  void (*sparse_rows)(const int*, int, const int*, const float*, const float*, float*);
  void (*power_to_db)(const float*, int, float*);
  Candidates (*extreme_candidates)(const float*, int, int, float*, float*);
  RootSums (*extreme_root_sums)(float*, int, float*, int, int);
  void (*to_segments)(const float*, int, int, double*);
  void (*segment_prediction_error)(const double*, int, const double*, int, float*);
  void (*cosine_phase)(const float*, const float*, int, float, float*, float*);
  void (*lattice_step)(double*, double*, int, double);
  LatticeSums (*lattice_sums)(const double*, const double*, int);
  CentredFrame (*centre)(const float*, int, float, int, float*, float*);
  void (*pitch_differences)(const float*, const float*, const float*, double, double, float, int,
                            const PitchCurves&);
  float (*interpolate)(const float*, const float*, float);
  int (*next_minimum)(const float*, int, int, float);
  void (*cosine_sums)(const float*, const double*, int, int, double*);
  void (*multiples_of_angles)(double*, double*, int, int, int);
  void (*inverse_filter_at)(const double*, int, const double*, const double*, int, int, double*,
                            double*);
  void (*response_at)(const double*, const double*, const double*, const double*, int, int, int,
                      double*);
  void (*move_model)(const double*, int, const double*, int, double, double, double*);
  void (*lines_at_vertices)(const LinePeaks&, int, double, double*, double*, double*);
  double (*aberth_round)(const double*, int, double*, double*);

  int float_lanes;
  int double_lanes;
  void (*forward_float)(const FftTables<float>&, const float*, float*, float*);
  void (*forward_double)(const FftTables<double>&, const double*, double*, double*);
  void (*inverse_float)(const FftTables<float>&, const float*, float*, float*);
  void (*inverse_double)(const FftTables<double>&, const double*, double*, double*);
  void (*power_float)(const FftTables<float>&, const float*, const float*, float*, float*);
  void (*hilbert)(const FftTables<float>&, const float*, float*, float*);
  void (*correlation)(const FftTables<float>&, const double*, const double*, double, const float*,
                      float*, float*);
  void (*spectrum)(const FftTables<double>&, const float*, double*, double*, double*);
  void (*windowed_power)(const double*, const double*, int, const double*, float*);
  void (*hann_power)(const double*, const double*, int, double*);
  void (*cosine_lags)(double*, const double*, int, int, double*, double*, double*);
};

extern const KernelTable kBaselineKernels;
#if defined(__x86_64__)
extern const KernelTable kAvx2Kernels;
extern const KernelTable kAvx512Kernels;
#endif

}  // namespace mer::kernels
