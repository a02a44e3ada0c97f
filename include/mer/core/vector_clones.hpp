#pragma once

// One function for every generation of vector units, chosen when the program starts; with
// MER_FMA_CLONES also with fused multiply-add where 512-bit vectors are missing, and with
// MER_EIGHTS_FMA_CLONES for vectors of eight floats, which GCC does not fuse in code for AVX-512.
// What it calls must be inlined into each clone (MER_INLINE), or the call lands in code for the
// oldest one.
// Sanitizers don't get along with the resolvers that this makes.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__)
#define MER_VECTOR_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#define MER_FMA_CLONES __attribute__((target_clones("avx512f", "fma", "default")))
#define MER_EIGHTS_FMA_CLONES __attribute__((target_clones("fma", "default")))
#else
#define MER_VECTOR_CLONES
#define MER_FMA_CLONES
#define MER_EIGHTS_FMA_CLONES
#endif

#define MER_INLINE [[gnu::always_inline]] inline
