// x86-64-v4: AVX-512 (see CMakeLists.txt).
#if defined(__x86_64__)
#define MER_KERNELS kAvx512Kernels
#include "bodies.hpp"
#endif
