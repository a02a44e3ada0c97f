#pragma once

#include "course.hpp"
#include "mer/features/descriptor_options.hpp"
#include "mer/features/descriptors.hpp"

namespace mer::descriptors {

class Modulation : public Family {
 public:
  explicit Modulation(const ModulationOptions& options) : window_s_(options.modulation_window_s) {}
  void compute(const Frames& frames, Writer& out) const override;

 private:
  double window_s_;
};

DescriptorFamily modulation_family();

}  // namespace mer::descriptors
