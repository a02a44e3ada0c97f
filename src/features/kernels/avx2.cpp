// x86-64-v3: AVX2 with FMA (see CMakeLists.txt).
#if defined(__x86_64__)
#define MER_KERNELS kAvx2Kernels
#include "bodies.hpp"
#endif
