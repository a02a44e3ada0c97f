#pragma once

#include <Eigen/Core>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "mer/core/options.hpp"
#include "mer/features/feature_options.hpp"
#include "mer/features/feature_set.hpp"

namespace mer {

struct DescriptorOptions {
  std::vector<std::string> families = {"onset",    "tempo",        "dynamics",   "texture",
                                       "tonality", "chroma_shape", "modulation", "melody"};
  double dynamic_range_db = 80.0;
  double min_bpm = 40.0;
  double max_bpm = 240.0;
  double key_window_s = 4.0;
  double modulation_window_s = 4.0;

  void visit(OptionsVisitor& v);
  void validate() const;
};

/// What one number of the vector is.
struct Descriptor {
  std::string name;    ///< "onset_bass_mean", "tempo_bpm", …
  std::string family;  ///< one of DescriptorOptions::families
  std::string unit;
};

/// What a family of descriptors is.
struct DescriptorFamily {
  std::string name;
  std::string source;       ///< the publications that define it
  std::string description;  ///< one sentence
};

class MusicalDescriptors {
 public:
  MusicalDescriptors(const DescriptorOptions& options, const FeatureOptions& features,
                     int sample_rate_hz);
  ~MusicalDescriptors();
  MusicalDescriptors(MusicalDescriptors&&) noexcept;
  MusicalDescriptors& operator=(MusicalDescriptors&&) noexcept;

  const std::vector<Descriptor>& descriptors() const;
  int size() const { return static_cast<int>(descriptors().size()); }

  Eigen::VectorXf compute(const Eigen::Ref<const RowMatrixXf>& spectrogram,
                          const Eigen::Ref<const RowMatrixXf>& lld,
                          std::span<const float> energy_db) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mer
