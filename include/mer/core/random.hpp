#pragma once

#include <cstdint>
#include <initializer_list>
#include <random>
#include <string_view>

namespace mer {

/// Mixes numbers into one seed (SplitMix64 finaliser after each), so that randomness can be keyed
/// on what it is for, e.g. (seed, iteration, song), and not on the order in which threads draw it.
std::uint64_t mix_seed(std::initializer_list<std::uint64_t> parts);

/// A number for a name, for use as a part of mix_seed().
std::uint64_t seed_of(std::string_view name);

/// Fisher–Yates with std::mt19937_64 and our own bounded draw: the same on every standard library.
template <class Container>
void shuffle(Container& values, std::mt19937_64& rng);

/// Uniform in [0, bound), bound ≥ 1, without modulo bias; the same on every standard library.
std::uint64_t uniform_index(std::mt19937_64& rng, std::uint64_t bound);
/// Uniform in [0, 1) with 53 bits.
double uniform_real(std::mt19937_64& rng);
/// Standard normal by Box–Muller (two draws a value); the same on every standard library.
double normal_real(std::mt19937_64& rng);

template <class Container>
void shuffle(Container& values, std::mt19937_64& rng) {
  for (std::size_t remaining = values.size(); remaining > 1; --remaining) {
    std::swap(values[remaining - 1], values[uniform_index(rng, remaining)]);
  }
}

}  // namespace mer
