#pragma once

#include <array>

#include "course.hpp"
#include "mer/features/descriptor_options.hpp"
#include "mer/features/descriptors.hpp"

namespace mer::descriptors {

inline constexpr int kClasses = 12;
inline constexpr int kKeys = 24;    // 0 … 11 C major … B major, 12 … 23 C minor … B minor
inline constexpr int kChords = 24;  // triads, in the same order
using Profile = Eigen::Array<float, kClasses, 1>;

/// Correlations of a pitch-class profile with Krumhansl's key profiles, and what they say.
struct KeyScores {
  float major = 0.0F;  ///< the best major key's correlation
  float minor = 0.0F;
  int key = 0;  ///< the best of all
  int tonic() const { return key % kClasses; }
};

class KeyFinder {
 public:
  KeyFinder();
  /// A profile without differences correlates 0 with every key.
  KeyScores find(const Profile& profile) const;

 private:
  Eigen::Matrix<float, kKeys, kClasses> profiles_;  // without mean, unit norm
};

/// The sum of its pitch classes is 1; zeros stay.
Profile normalized(const Profile& profile);
/// Row of the mean chroma of some frames.
Profile mean_chroma(const RowArrayXf& chroma, Eigen::Index first, Eigen::Index count);

class Tonality : public Family {
 public:
  explicit Tonality(const TonalityOptions& options);
  void compute(const Frames& frames, Writer& out) const override;

 private:
  void add_windows(const Frames& frames, Writer& out) const;
  void add_chords(const Frames& frames, Writer& out) const;

  double window_s_;
  KeyFinder keys_;
  Eigen::Matrix<float, kClasses, kChords> triads_;  // unit norm
};

class ChromaShape : public Family {
 public:
  ChromaShape();
  void compute(const Frames& frames, Writer& out) const override;

 private:
  Eigen::Matrix<float, kClasses, 12> waves_;  // cosines and sines of 1 … 6 waves round the octave
};

DescriptorFamily tonality_family();
DescriptorFamily chroma_shape_family();

}  // namespace mer::descriptors
