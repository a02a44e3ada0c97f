#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "mer/core/options.hpp"

namespace mer {

/// How a network is trained. Free of LibTorch.
struct TrainOptions {
  int iterations = 2500;  ///< optimizer steps; ignored when epochs is given
  int epochs = 0;         ///< passes over the training songs; 0 = iterations counts
  int batch_size = 16;
  std::int64_t seed = 0;  ///< of everything random in training
  /// Parts of a batch that pass through the network one after the other, their gradients added up:
  /// the memory of a part for the step of the whole. Only batch norm sees the difference: its
  /// moments are each part's.
  int gradient_accumulation_steps = 1;

  // Where the network starts
  std::filesystem::path init_from;  ///< weights by name instead of drawn ones; empty = draw all
  std::vector<std::string> freeze;  ///< weights that stay as they are, see FrozenWeights

  // Optimizer: AdamW
  double lr = 1e-3;
  double weight_decay = 0.01;  ///< on matrices and kernels; biases, norms and centers have none
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  enum class Schedule { kConstant, kCosine } schedule = Schedule::kConstant;
  double warmup_fraction = 0.0;  ///< linear warm-up over this share of all steps
  double min_lr_fraction = 0.0;  ///< cosine ends at this share of lr
  double clip_norm = 5.0;        ///< gradient norm; 0 = off

  // Sampling
  bool class_balanced = false;  ///< draw songs so that every class is equally frequent
  bool random_crops = false;    ///< segments start anywhere instead of on the grid
  int crops_per_song = 3;       ///< an epoch's random crops of a song

  // Augmentation, on what the network sees; all keyed on (seed, iteration, song)
  double mixup_alpha = 0.0;        ///< Beta(a, a) mixing of pairs; 0 = off
  double gain_deviation_db = 0.0;  ///< a level change of the spectrogram a segment
  double lld_noise_std = 0.0;      ///< Gaussian noise on the standardized LLD
  int frequency_masks = 0;
  double frequency_mask_fraction = 0.125;  ///< longest mask, share of the bands
  int time_masks = 0;
  double time_mask_fraction = 0.15;  ///< longest mask, share of the steps

  // Evaluation during training
  int evaluate_every = 50;  ///< iterations; with epochs: at the end of each epoch
  int patience = 0;         ///< evaluations without a better macro-F1 before stopping; 0 = off
  enum class Checkpoint {
    kBest,
    kLast
  } checkpoint = Checkpoint::kBest;  ///< which weights `mer eval` takes

  /// Copies of the network, one a thread, each with its rows of every batch; the same result as one
  /// copy but for rounding. For a single run on several cores; folds have cores enough.
  int replicas = 1;
  int threads = 1;    ///< LibTorch's threads a replica; more than 1 rarely pays on small networks
  int fold_jobs = 0;  ///< folds trained at once; 0 = one per core

  void visit(OptionsVisitor& v);
};

}  // namespace mer
