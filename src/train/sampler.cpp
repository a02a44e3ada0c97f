#include "mer/train/sampler.hpp"

#include <random>
#include <stdexcept>

#include "mer/core/random.hpp"
#include "purposes.hpp"

namespace mer {

Sampler::Sampler(std::vector<SamplerSong> songs, int num_classes, bool class_balanced,
                 int batch_size, std::uint64_t seed)
    : items_(class_balanced ? static_cast<std::size_t>(num_classes) : 1),
      class_balanced_(class_balanced),
      batch_size_(batch_size),
      seed_(seed) {
  for (std::size_t song = 0; song < songs.size(); ++song) {
    auto& list = items_[class_balanced ? static_cast<std::size_t>(songs[song].class_index) : 0];
    for (std::int64_t item = 0; item < songs[song].num_items; ++item) {
      list.push_back({song, item, 0});
    }
    epoch_size_ += songs[song].num_items;
  }
  for (const auto& list : items_) {
    if (list.empty()) throw std::invalid_argument("a sampler needs items, of each class balanced");
  }
}

double Sampler::epochs_after(std::int64_t iterations) const {
  return static_cast<double>(iterations * batch_size_) / static_cast<double>(epoch_size_);
}

std::int64_t Sampler::iterations_for(std::int64_t epochs) const {
  return (epochs * epoch_size_ + batch_size_ - 1) / batch_size_;
}

bool Sampler::ends_epoch(std::int64_t iteration) const {
  return iteration * batch_size_ / epoch_size_ > (iteration - 1) * batch_size_ / epoch_size_;
}

std::vector<Draw> Sampler::batch(std::int64_t iteration) {
  std::vector<Draw> draws;
  draws.reserve(static_cast<std::size_t>(batch_size_));
  for (std::int64_t row = 0; row < batch_size_; ++row) {
    const std::int64_t position = (iteration - 1) * batch_size_ + row;
    const std::int64_t wanted = position / epoch_size_;
    if (wanted != cached_epoch_) {
      cached_ = epoch(wanted);
      cached_epoch_ = wanted;
    }
    draws.push_back(cached_[static_cast<std::size_t>(position % epoch_size_)]);
  }
  return draws;
}

std::vector<Draw> Sampler::epoch(std::int64_t epoch) const {
  return class_balanced_ ? balanced_epoch(epoch) : plain_epoch(epoch);
}

std::vector<Draw> Sampler::plain_epoch(std::int64_t epoch) const {
  std::vector<Draw> draws = items_.front();
  for (Draw& draw : draws) draw.round = epoch;
  std::mt19937_64 rng(mix_seed({seed_, kEpochOrder, static_cast<std::uint64_t>(epoch)}));
  shuffle(draws, rng);
  return draws;
}

std::vector<Draw> Sampler::balanced_epoch(std::int64_t epoch) const {
  const auto num_classes = static_cast<std::int64_t>(items_.size());
  const std::int64_t base = epoch_size_ / num_classes;
  const std::int64_t remainder = epoch_size_ % num_classes;
  // The remainder goes to another class each epoch, so that over num_classes epochs all are equal.
  const auto gets_one_more = [&](std::int64_t c, std::int64_t e) {
    return (c + e) % num_classes < remainder;
  };
  std::vector<Draw> draws;
  draws.reserve(static_cast<std::size_t>(epoch_size_));
  for (std::int64_t c = 0; c < num_classes; ++c) {
    const auto& items = items_[static_cast<std::size_t>(c)];
    const auto count = static_cast<std::int64_t>(items.size());
    std::int64_t first = epoch * base + epoch / num_classes * remainder;
    for (std::int64_t e = epoch / num_classes * num_classes; e < epoch; ++e) {
      first += gets_one_more(c, e) ? 1 : 0;
    }
    const std::int64_t end = first + base + (gets_one_more(c, epoch) ? 1 : 0);
    std::int64_t shuffled_round = -1;
    std::vector<Draw> turn;
    for (std::int64_t position = first; position < end; ++position) {
      const std::int64_t round = position / count;
      if (round != shuffled_round) {
        turn = items;
        std::mt19937_64 rng(mix_seed({seed_, kClassOrder, static_cast<std::uint64_t>(c),
                                      static_cast<std::uint64_t>(round)}));
        shuffle(turn, rng);
        shuffled_round = round;
      }
      draws.push_back(turn[static_cast<std::size_t>(position % count)]);
      draws.back().round = round;
    }
  }
  std::mt19937_64 rng(mix_seed({seed_, kEpochOrder, static_cast<std::uint64_t>(epoch)}));
  shuffle(draws, rng);
  return draws;
}

}  // namespace mer
