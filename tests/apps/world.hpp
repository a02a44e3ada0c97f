#pragma once

#include <string>

#include "run_mer.hpp"

namespace mer::test {

/// A tiny corpus, a config for it and a run trained on it, made once for all tests that need them.
///
///   songs/manifest.csv   16 composed songs of 4 s, four a class
///   tiny.yaml            22050 Hz, segments of 1 s, a network of a few thousand weights
///   mer-store/           the songs' features
///   runs/base/           a finished run of 24 iterations
class World {
 public:
  static const World& get();

  const std::filesystem::path& folder() const { return folder_.path(); }
  std::filesystem::path operator/(const std::string& name) const { return folder_ / name; }
  /// Works in the world's folder.
  Outcome mer(const Words& arguments, const std::string& standard_input = {}) const {
    return run_mer(arguments, {.folder = folder_.path(), .standard_input = standard_input});
  }
  std::filesystem::path write(const std::string& name, const std::string& content) const {
    return folder_.write(name, content);
  }
  Place place() const { return {.folder = folder_.path()}; }
  /// Why the world could not be made; empty when all is well.
  const std::string& trouble() const { return trouble_; }

 private:
  World();
  TemporaryFolder folder_;
  std::string trouble_;
};

/// The world's config with the corpus' path left out.
extern const char* const kTinyConfig;

}  // namespace mer::test
