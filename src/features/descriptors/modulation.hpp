#pragma once

#include "course.hpp"
#include "mer/features/descriptors.hpp"

namespace mer::descriptors {

struct ModulationOptions {
  double modulation_window_s = 4.0;

  void visit(OptionsVisitor& v) {
    v.field("modulation_window_s", modulation_window_s, between(0.5, 60),
            "windows of the modulation spectrum, in seconds");
  }
};

class Modulation : public Family {
 public:
  explicit Modulation(const ModulationOptions& options) : window_s_(options.modulation_window_s) {}
  void compute(const Frames& frames, Writer& out) const override;

 private:
  double window_s_;
};

DescriptorFamily modulation_family();

}  // namespace mer::descriptors
