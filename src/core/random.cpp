#include "mer/core/random.hpp"

#include <cmath>
#include <numbers>

namespace mer {
namespace {

std::uint64_t split_mix(std::uint64_t x) {
  x += 0x9E3779B97F4A7C15ULL;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
  return x ^ (x >> 31);
}

}  // namespace

std::uint64_t mix_seed(std::initializer_list<std::uint64_t> parts) {
  std::uint64_t mixed = 0x243F6A8885A308D3ULL;  // the fractional part of pi: nothing up the sleeve
  for (const std::uint64_t part : parts) mixed = split_mix(mixed ^ split_mix(part));
  return mixed;
}

std::uint64_t seed_of(std::string_view name) {
  std::uint64_t hash = 0xCBF29CE484222325ULL;  // FNV-1a
  for (const char c : name) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
  }
  return hash;
}

std::uint64_t uniform_index(std::mt19937_64& rng, std::uint64_t bound) {
  // Rejects the few highest values that would make small remainders likelier.
  const std::uint64_t limit = rng.max() - (rng.max() % bound + 1) % bound;
  std::uint64_t draw = rng();
  while (draw > limit) draw = rng();
  return draw % bound;
}

double uniform_real(std::mt19937_64& rng) { return static_cast<double>(rng() >> 11) * 0x1.0p-53; }

double normal_real(std::mt19937_64& rng) {
  const double radius = std::sqrt(-2.0 * std::log1p(-uniform_real(rng)));
  return radius * std::cos(2.0 * std::numbers::pi * uniform_real(rng));
}

}  // namespace mer
