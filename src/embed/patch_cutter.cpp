#include "patch_cutter.hpp"

#include <stdexcept>
#include <utility>

namespace mer {
namespace {

// Enough for the networks' matrix products, little enough for their maps to stay in the cache.
constexpr std::int64_t kBatchPatches = 4;

}  // namespace

PatchCutter::PatchCutter(std::int64_t patch_frames, std::int64_t hop_frames, OnBatch on_batch)
    : patch_frames_(patch_frames), hop_frames_(hop_frames), on_batch_(std::move(on_batch)) {
  if (hop_frames < 1 || hop_frames > patch_frames) {
    throw std::invalid_argument("PatchCutter: the hop must be in 1…patch_frames");
  }
}

void PatchCutter::push(const RowMatrixXf& rows) {
  num_bands_ = rows.cols();
  rows_.insert(rows_.end(), rows.data(), rows.data() + rows.size());
  num_frames_ += rows.rows();
  while (next_start_ + patch_frames_ <= num_frames_) {
    add_patch(patch_frames_);
    rows_.erase(rows_.begin(), rows_.begin() + hop_frames_ * num_bands_);
    next_start_ += hop_frames_;
  }
}

void PatchCutter::finish(std::int64_t tail_frames) {
  if (tail_frames > 0) add_patch(tail_frames);
  hand_on();
}

void PatchCutter::add_patch(std::int64_t num_frames) {
  const std::size_t begin = spectrogram_.size();
  spectrogram_.resize(begin + static_cast<std::size_t>(num_bands_ * patch_frames_), 0.0F);
  for (std::int64_t frame = 0; frame < num_frames; ++frame) {
    for (std::int64_t band = 0; band < num_bands_; ++band) {
      spectrogram_[begin + static_cast<std::size_t>(band * patch_frames_ + frame)] =
          rows_[static_cast<std::size_t>(frame * num_bands_ + band)];
    }
  }
  valid_.insert(valid_.end(), static_cast<std::size_t>(num_frames), 1.0F);
  valid_.insert(valid_.end(), static_cast<std::size_t>(patch_frames_ - num_frames), 0.0F);
  ++num_patches_;
  if (++batch_size_ == kBatchPatches) hand_on();
}

void PatchCutter::hand_on() {
  if (batch_size_ == 0) return;
  const PatchBatch batch = {
      {{batch_size_, num_bands_, patch_frames_}, std::exchange(spectrogram_, {})},
      {{batch_size_, patch_frames_}, std::exchange(valid_, {})}};
  batch_size_ = 0;
  on_batch_(batch);
}

}  // namespace mer
