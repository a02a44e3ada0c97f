#include <cmath>
#include <cstdio>
#include <mer/features/feature_extractor.hpp>
#include <vector>

int main() {
  std::vector<float> sine(44100);
  for (std::size_t i = 0; i < sine.size(); ++i) {
    sine[i] = 0.5F * static_cast<float>(std::sin(0.0626893 * static_cast<double>(i)));  // 440 Hz
  }
  const auto features = mer::extract_features(sine, mer::FeatureOptions{}, {}, 44100);
  std::printf("%d frames, %d bands\n", static_cast<int>(features.num_frames()),
              static_cast<int>(features.spectrogram.cols()));
}
