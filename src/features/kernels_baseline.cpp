// Any processor.
#define MER_KERNELS kBaselineKernels
#include "kernel_bodies.hpp"
