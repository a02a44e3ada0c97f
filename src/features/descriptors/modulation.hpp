#pragma once

#include "family.hpp"

namespace mer::descriptors {

class Modulation : public Family {
 public:
  explicit Modulation(const DescriptorOptions& options) : window_s_(options.modulation_window_s) {}
  void compute(const Frames& frames, Writer& out) const override;

 private:
  double window_s_;
};

}  // namespace mer::descriptors
