#include "mer/config/input_options.hpp"

#include <algorithm>

namespace mer {

void InputOptions::visit(OptionsVisitor& v) {
  v.choice(
      "combine", combine,
      {{"concat", Combine::kConcat}, {"sum", Combine::kSum}, {"late_fusion", Combine::kLateFusion}},
      "how MFCC and residual phase come together: beside each other, summed, or as two "
      "branches whose class probabilities are weighted");
  v.field("mfcc_weight", mfcc_weight, between(0, 1),
          "weight w of the MFCC; the residual phase has 1 - w");
  v.field(
      "leave_out", leave_out,
      "groups of descriptors that no system sees: mfcc, residual_phase, pitch (f0 and voicing), "
      "formants, contrast, chroma; for classical systems also spectrogram");
  v.field("standardize_spectrogram", standardize_spectrogram,
          "standardize each band; false for networks that were pre-trained without it");
  v.field("spectrogram_pool_bands", spectrogram_pool_bands, between(1, 4096),
          "mean over this many neighboring bands");
  v.field("spectrogram_pool_frames", spectrogram_pool_frames, between(1, 4096),
          "mean over this many neighboring frames");
  v.field("lld_pool_frames", lld_pool_frames, between(1, 4096),
          "descriptors' statistics over this many neighboring frames");
  v.choice("lld_statistics", lld_statistics,
           {{"mean", Statistics::kMean}, {"mean_std", Statistics::kMeanStd}},
           "statistics of pooled frame features");
  v.field("standardize_pooled_lld", standardize_pooled_lld,
          "standardize the pooled frame features once more");
  v.field("song_vector", song_vector,
          "improved_cnn's third input, one standardized vector: descriptors, embeddings; [] for "
          "none");
  v.choice("song_vector_over", song_vector_over,
           {{"song", Over::kSong}, {"segment", Over::kSegment}}, "what that vector sums up");
  v.choice(
      "padding", padding, {{"masked", Padding::kMasked}, {"zeros", Padding::kZeros}},
      "what fills a segment that has too little music: nothing, or digital silence that counts "
      "as music");
}

void InputOptions::validate() const {
  require_ordered_words("song_vector", song_vector, {"descriptors", "embeddings"});
}

bool InputOptions::song_vector_has(std::string_view block) const {
  return std::find(song_vector.begin(), song_vector.end(), block) != song_vector.end();
}

}  // namespace mer
