#pragma once

#include "course.hpp"
#include "mer/features/descriptors.hpp"

namespace mer::descriptors {

class Melody : public Family {
 public:
  void compute(const Frames& frames, Writer& out) const override;
};

DescriptorFamily melody_family();

}  // namespace mer::descriptors
