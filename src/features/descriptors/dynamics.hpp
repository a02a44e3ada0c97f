#pragma once

#include "course.hpp"
#include "mer/features/descriptors.hpp"

namespace mer::descriptors {

class Dynamics : public Family {
 public:
  void compute(const Frames& frames, Writer& out) const override;
};

class Loudness : public Family {
 public:
  void compute(const Frames& frames, Writer& out) const override;
};

DescriptorFamily dynamics_family();
DescriptorFamily loudness_family();

}  // namespace mer::descriptors
