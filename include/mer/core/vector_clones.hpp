#pragma once

// One function for every generation of vector units, chosen when the program starts. What it calls
// must be inlined into each clone (MER_INLINE), or the call lands in code for the oldest one.
// Sanitizers don't get along with the resolvers that this makes.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__)
#define MER_VECTOR_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define MER_VECTOR_CLONES
#endif

#define MER_INLINE [[gnu::always_inline]] inline
