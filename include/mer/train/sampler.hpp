#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace mer {

/// A training song as the sampler sees it.
struct SamplerSong {
  int class_index = 0;
  std::int64_t num_items = 0;  ///< what an epoch takes of it: its segments, or its random crops
};

/// One row of a batch: an item of a song, in the song's so-manieth round.
struct Draw {
  std::size_t song = 0;
  std::int64_t item = 0;   ///< in [0, num_items)
  std::int64_t round = 0;  ///< how often this item has been drawn before
};

/// Which items of which songs make the batch of an iteration.
///
/// An epoch is a shuffled list of as many items as the songs have; batches take the epochs' lists
/// one after the other, so that every batch is full and one may span the end of an epoch. Plain:
/// every epoch has every item once. Class balanced: every epoch has every class equally often (up
/// to one item), and within a class the items take turns.
///
/// The batch of an iteration follows from the seed and the iteration alone.
class Sampler {
 public:
  /// @throws std::invalid_argument when there is no item, or class balancing meets a class without
  ///         one
  Sampler(std::vector<SamplerSong> songs, int num_classes, bool class_balanced, int batch_size,
          std::uint64_t seed);

  std::int64_t epoch_size() const { return epoch_size_; }
  /// Epochs seen after so many iterations.
  double epochs_after(std::int64_t iterations) const;
  /// Iterations that see every item of so many epochs.
  std::int64_t iterations_for(std::int64_t epochs) const;
  /// Whether iteration number `iteration` (from 1) completes an epoch.
  bool ends_epoch(std::int64_t iteration) const;

  /// @param iteration  from 1
  std::vector<Draw> batch(std::int64_t iteration);

  /// The items of an epoch in order. @param epoch  from 0
  std::vector<Draw> epoch(std::int64_t epoch) const;

 private:
  std::vector<Draw> plain_epoch(std::int64_t epoch) const;
  std::vector<Draw> balanced_epoch(std::int64_t epoch) const;

  std::vector<std::vector<Draw>> items_;  ///< one list, or one a class
  bool class_balanced_;
  std::int64_t batch_size_;
  std::uint64_t seed_;
  std::int64_t epoch_size_ = 0;
  std::int64_t cached_epoch_ = -1;
  std::vector<Draw> cached_;
};

}  // namespace mer
