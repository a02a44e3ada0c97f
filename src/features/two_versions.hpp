#pragma once

// A function marked MER_TWO_VERSIONS is compiled twice, for plain x86-64 and for AVX2 with FMA, and
// the loader picks once. Sanitizers can't instrument the picking.
#if defined(__x86_64__) && defined(__GNUC__) && __GNUC__ >= 12 && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__)
#define MER_TWO_VERSIONS __attribute__((target_clones("default", "arch=x86-64-v3")))
#else
#define MER_TWO_VERSIONS
#endif
