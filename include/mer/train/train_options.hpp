#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "mer/core/options.hpp"

namespace mer {

/// How a network is trained. Free of LibTorch.
struct TrainOptions {
  int iterations = 2500;  ///< optimiser steps; ignored when epochs is given
  int epochs = 0;         ///< passes over the training songs; 0 = iterations counts
  int batch_size = 16;
  /// Parts of a batch that pass through the network one after the other, their gradients added up:
  /// the memory of a part for the step of the whole. Only batch norm sees the difference: its
  /// moments are each part's.
  int accumulate = 1;

  /// Of the multiplications in training. bf16 has eight bits, weights keep their float; validation
  /// and prediction multiply in float either way.
  enum class Precision { kFp32, kBf16 } precision = Precision::kFp32;

  // Where the network starts
  std::filesystem::path init_from;  ///< weights by name instead of drawn ones; empty = draw all
  std::vector<std::string> freeze;  ///< weights that stay as they are, see FrozenWeights

  // Optimiser: AdamW
  double lr = 1e-3;
  double weight_decay = 0.01;  ///< on matrices and kernels; biases, norms and centers have none
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  enum class Schedule { kConstant, kCosine } schedule = Schedule::kConstant;
  double warmup_share = 0.0;   ///< linear warm-up over this share of all steps
  double min_lr_share = 0.0;   ///< cosine ends at this share of lr
  double clip_norm = 5.0;      ///< gradient norm; 0 = off
  double average_decay = 0.0;  ///< moving average of the weights, which is what is saved; 0 = off

  // Sampling
  bool class_balanced = false;  ///< draw songs so that every class is equally frequent
  bool random_crops = false;    ///< segments start anywhere instead of on the grid
  int crops_per_song = 3;       ///< an epoch's random crops of a song

  // Augmentation, on what the network sees; all keyed on (seed, iteration, song)
  double mixup_alpha = 0.0;        ///< Beta(a, a) mixing of pairs; 0 = off
  double gain_deviation_db = 0.0;  ///< a level change of the spectrogram a segment
  double lld_noise = 0.0;          ///< Gaussian noise on the standardised LLD
  int frequency_masks = 0;
  double frequency_mask_share = 0.125;  ///< longest mask, share of the bands
  int time_masks = 0;
  double time_mask_share = 0.15;  ///< longest mask, share of the steps

  // Evaluation during training
  int evaluate_every = 50;  ///< iterations; with epochs: at the end of each epoch
  int patience = 0;         ///< evaluations without a better macro-F1 before stopping; 0 = off
  enum class Select { kBest, kLast } select = Select::kBest;  ///< which weights `mer eval` takes

  /// Copies of the network, one a thread, each with its rows of every batch; the same result as one
  /// copy but for rounding. For a single run on several cores; folds have cores enough.
  int replicas = 1;
  int threads = 1;    ///< LibTorch's threads a replica; more than 1 rarely pays on small networks
  int fold_jobs = 0;  ///< folds trained at once; 0 = one per core

  void visit(OptionsVisitor& v) {
    v.field("iterations", iterations, at_least(1), "optimiser steps, when epochs is 0");
    v.field("epochs", epochs, at_least(0), "passes over the training songs; 0 = use iterations");
    v.field("batch_size", batch_size, between(1, 4096), "segments a step");
    v.field("accumulate", accumulate, between(1, 4096),
            "parts of a batch that follow each other, to save memory");
    v.choice("precision", precision, {{"fp32", Precision::kFp32}, {"bf16", Precision::kBf16}},
             "of the multiplications in training; bf16 where the processor has it");
    v.field("init_from", init_from,
            "model or pre-trained weights to start from, a file or a bundled name; empty = none");
    v.field("freeze", freeze, "names of weights that are not trained; * stands for any characters");
    v.field("lr", lr, above_up_to(0, 10), "learning rate (after warm-up)");
    v.field("weight_decay", weight_decay, at_least(0), "AdamW, on matrices and kernels only");
    v.field("beta1", beta1, between(0, 0.9999), "AdamW");
    v.field("beta2", beta2, between(0, 0.99999), "AdamW");
    v.field("epsilon", epsilon, above(0), "AdamW");
    v.choice("schedule", schedule,
             {{"constant", Schedule::kConstant}, {"cosine", Schedule::kCosine}},
             "learning rate after warm-up");
    v.field("warmup_share", warmup_share, between(0, 1), "share of the steps that warm up");
    v.field("min_lr_share", min_lr_share, between(0, 1), "where the cosine ends, share of lr");
    v.field("clip_norm", clip_norm, at_least(0), "gradient norm; 0 = off");
    v.field("average_decay", average_decay, between(0, 0.99999),
            "moving average of the weights, evaluated and saved in their place; 0 = off");
    v.field("class_balanced", class_balanced, "draw every class equally often");
    v.field("random_crops", random_crops, "segments start anywhere in the song");
    v.field("crops_per_song", crops_per_song, between(1, 1000), "random crops a song an epoch");
    v.field("mixup_alpha", mixup_alpha, at_least(0), "Beta(a, a) mixing of pairs; 0 = off");
    v.field("gain_deviation_db", gain_deviation_db, at_least(0), "random level change");
    v.field("lld_noise", lld_noise, at_least(0), "Gaussian noise on standardised LLD");
    v.field("frequency_masks", frequency_masks, between(0, 16), "bands hidden, number of masks");
    v.field("frequency_mask_share", frequency_mask_share, between(0, 1), "longest, share of bands");
    v.field("time_masks", time_masks, between(0, 16), "steps hidden, number of masks");
    v.field("time_mask_share", time_mask_share, between(0, 1), "longest, share of steps");
    v.field("evaluate_every", evaluate_every, at_least(1), "iterations; with epochs: every epoch");
    v.field("patience", patience, at_least(0),
            "evaluations without progress; 0 = never stop early");
    v.choice("select", select, {{"best", Select::kBest}, {"last", Select::kLast}},
             "weights that eval takes: best validation macro-F1, or the last");
    v.field("replicas", replicas, between(1, 256),
            "copies of the network that share each batch, one a thread");
    v.field("threads", threads, between(1, 256), "LibTorch's threads a replica");
    v.field("fold_jobs", fold_jobs, between(0, 256), "folds trained at once; 0 = one per core");
  }
};

}  // namespace mer
