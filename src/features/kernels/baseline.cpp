// Any processor.
#define MER_KERNELS kBaselineKernels
#include "bodies.hpp"
