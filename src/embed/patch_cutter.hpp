#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "mer/core/tensor_file.hpp"
#include "mer/features/feature_set.hpp"

namespace mer {

/// Patches of a spectrogram side by side, as networks take them.
struct PatchBatch {
  FloatTensor spectrogram;  ///< [B, bands, patch_frames]
  FloatTensor valid;        ///< [B, patch_frames], 1 = music, 0 = padding
};

/// Cuts rows of a spectrogram, as they come, into patches and hands them on in batches.
class PatchCutter {
 public:
  using OnBatch = std::function<void(const PatchBatch&)>;

  /// @param hop_frames  between the starts of patches, at most patch_frames
  PatchCutter(std::int64_t patch_frames, std::int64_t hop_frames, OnBatch on_batch);

  /// Whole patches are handed on as soon as they fill a batch.
  void push(const RowMatrixXf& rows);
  /// Hands on what is left.
  /// @param tail_frames  so many frames make one more patch, the rest of which is padding; 0 = none
  void finish(std::int64_t tail_frames);

  std::int64_t num_frames() const { return num_frames_; }  ///< pushed
  std::int64_t num_patches() const { return num_patches_; }

 private:
  void add_patch(std::int64_t num_frames);
  void hand_on();

  std::int64_t patch_frames_;
  std::int64_t hop_frames_;
  OnBatch on_batch_;
  std::int64_t num_bands_ = 0;
  std::vector<float> rows_;      // from frame next_start_ on
  std::int64_t next_start_ = 0;  // of the next patch
  std::int64_t num_frames_ = 0;
  std::int64_t num_patches_ = 0;
  std::int64_t batch_size_ = 0;
  std::vector<float> spectrogram_;
  std::vector<float> valid_;
};

}  // namespace mer
