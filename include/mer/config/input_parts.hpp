#pragma once

namespace mer {

/// What of a segment a network looks at; all else is neither read from the features nor made.
struct InputParts {
  enum class Lld {
    kNone,
    kMfcc,  ///< the MFCC alone, whatever `combine` says
    kAll
  };

  bool spectrogram = true;
  Lld lld = Lld::kAll;
  bool song_vector = false;  ///< the vector beside them, where a config asks for one
};

}  // namespace mer
