#pragma once

#include "family.hpp"

namespace mer::descriptors {

class Melody : public Family {
 public:
  void compute(const Frames& frames, Writer& out) const override;
};

}  // namespace mer::descriptors
