#pragma once

#include "course.hpp"
#include "mer/features/descriptors.hpp"

namespace mer::descriptors {

class Texture : public Family {
 public:
  /// @param band_hz  centers of the mel bands
  explicit Texture(const Eigen::ArrayXd& band_hz);
  void compute(const Frames& frames, Writer& out) const override;

 private:
  Eigen::ArrayXf tilt_weights_;  // [bands]
};

/// [T, num_groups]: means of neighboring mel bands, equally many in each group (± 1).
RowArrayXf band_groups(const RowArrayXf& mel_db, int num_groups);

DescriptorFamily texture_family();

}  // namespace mer::descriptors
