#pragma once

#include "mer/core/options.hpp"

// The options that single families of descriptors have, for DescriptorOptions::of().
namespace mer::descriptors {

struct TempoOptions {
  double min_bpm = 40.0;
  double max_bpm = 240.0;

  void visit(OptionsVisitor& v);
  void validate() const;
};

struct TonalityOptions {
  double key_window_s = 4.0;

  void visit(OptionsVisitor& v) {
    v.field("key_window_s", key_window_s, between(0.5, 60),
            "windows in which the key is looked for, in seconds");
  }
};

struct ModulationOptions {
  double modulation_window_s = 4.0;

  void visit(OptionsVisitor& v) {
    v.field("modulation_window_s", modulation_window_s, between(0.5, 60),
            "windows of the modulation spectrum, in seconds");
  }
};

}  // namespace mer::descriptors
