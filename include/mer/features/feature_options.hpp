#pragma once

#include <memory>
#include <string>
#include <vector>

#include "mer/core/options.hpp"
#include "mer/features/chroma.hpp"
#include "mer/features/contrast.hpp"
#include "mer/features/formants.hpp"
#include "mer/features/frame_features.hpp"
#include "mer/features/frames.hpp"
#include "mer/features/mel.hpp"
#include "mer/features/mfcc.hpp"
#include "mer/features/pitch.hpp"
#include "mer/features/residual_phase.hpp"
#include "mer/features/vad.hpp"

namespace mer {

/// What the spectrogram matrix holds: mel bands in dB, mel bands as power, the power spectrum
/// itself (window / 2 + 1 bins, linear in frequency and in power), or mel bands compressed as the
/// networks of Pons & Serra (2019) want them, log10(1 + 10000 · mel power): 0 in silence.
enum class SpectrogramKind { kLogMel, kMel, kLinear, kCompressedMel };

/// Everything that decides what the features of a signal are (its rate apart).
struct FeatureOptions {
  /// Defaults: all families of the table.
  FeatureOptions(const FrameFeatureTable& table =
                     builtin_frame_features());  // NOLINT: a table is all that it needs

  SpectrogramKind spectrogram = SpectrogramKind::kLogMel;
  std::vector<std::string> lld;  ///< which families, in the table's order; may be empty
  FrameOptions frame;
  MelOptions mel;

  /// The options of a family, by their type.
  template <class Options>
  Options& of() {
    return options_in<Options>(sections_);
  }
  template <class Options>
  const Options& of() const {
    return options_in<Options>(sections_);
  }

  const FrameFeatureTable& table() const { return *table_; }
  bool has(const std::string& family) const;

  void visit(OptionsVisitor& v);
  void validate() const;

 private:
  std::shared_ptr<const FrameFeatureTable> table_;
  std::vector<OptionSection> sections_;
};

}  // namespace mer
