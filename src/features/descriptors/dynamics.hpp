#pragma once

#include "family.hpp"

namespace mer::descriptors {

class Dynamics : public Family {
 public:
  void compute(const Frames& frames, Writer& out) const override;
};

class Loudness : public Family {
 public:
  void compute(const Frames& frames, Writer& out) const override;
};

}  // namespace mer::descriptors
