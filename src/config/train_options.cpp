#include "mer/config/train_options.hpp"

#include "mer/core/error.hpp"
#include "mer/core/text.hpp"

namespace mer {

void TrainOptions::visit(OptionsVisitor& v) {
  v.field("iterations", iterations, at_least(1), "optimizer steps, when epochs is 0");
  v.field("epochs", epochs, at_least(0), "passes over the training songs; 0 = use iterations");
  v.field("batch_size", batch_size, between(1, 4096), "segments of an optimizer step");
  v.field("seed", seed, at_least(0), "seed of weights, order, crops, augmentation and dropout");
  v.field("gradient_accumulation_steps", gradient_accumulation_steps, between(1, 4096),
          "the batch passes through the network in this many parts, to save memory");
  v.field("init_from", init_from,
          "model or pre-trained weights to start from, a file or a bundled name; empty = none");
  v.field("freeze", freeze, "names of weights that are not trained; * stands for any characters");
  v.field("lr", lr, above_up_to(0, 10), "learning rate (after warm-up)");
  v.field("weight_decay", weight_decay, at_least(0),
          "weight decay of AdamW, on matrices and kernels only");
  v.field("beta1", beta1, between(0, 0.9999), "parameter of AdamW");
  v.field("beta2", beta2, between(0, 0.99999), "parameter of AdamW");
  v.field("epsilon", epsilon, above(0), "parameter of AdamW");
  v.choice("schedule", schedule, {{"constant", Schedule::kConstant}, {"cosine", Schedule::kCosine}},
           "learning rate after warm-up");
  v.field("warmup_fraction", warmup_fraction, between(0, 1), "fraction of the steps that warm up");
  v.field("min_lr_fraction", min_lr_fraction, between(0, 1),
          "the cosine ends at this fraction of lr");
  v.field("clip_norm", clip_norm, at_least(0), "gradients are clipped to this norm; 0 = off");
  v.field("class_balanced", class_balanced, "draw songs so that every class is equally frequent");
  v.field("random_crops", random_crops, "segments start anywhere in the song");
  v.field("crops_per_song", crops_per_song, between(1, 1000),
          "random segments of each song in an epoch");
  v.field("mixup_alpha", mixup_alpha, at_least(0),
          "mixup: pairs are mixed with weights from Beta(a, a); 0 = off");
  v.field("gain_deviation_db", gain_deviation_db, at_least(0),
          "deviation of a random level change of each segment, in dB");
  v.field("lld_noise_std", lld_noise_std, at_least(0), "Gaussian noise on standardized LLD");
  v.field("frequency_masks", frequency_masks, between(0, 16),
          "number of frequency masks (SpecAugment)");
  v.field("frequency_mask_fraction", frequency_mask_fraction, between(0, 1),
          "longest frequency mask, as a fraction of the bands");
  v.field("time_masks", time_masks, between(0, 16), "number of time masks (SpecAugment)");
  v.field("time_mask_fraction", time_mask_fraction, between(0, 1),
          "longest time mask, as a fraction of the steps");
  v.field("evaluate_every", evaluate_every, at_least(1),
          "iterations between evaluations; with epochs: every epoch");
  v.field("patience", patience, at_least(0),
          "stop after this many evaluations without progress; 0 = never");
  v.choice("checkpoint", checkpoint, {{"best", Checkpoint::kBest}, {"last", Checkpoint::kLast}},
           "weights that eval takes: best validation macro-F1, or the last");
  v.field("replicas", replicas, between(1, 256),
          "copies of the network that share each batch, one a thread");
  v.field("threads", threads, between(1, 256), "LibTorch's threads of each replica");
  v.field("fold_jobs", fold_jobs, between(0, 256), "folds trained at once; 0 = one per core");
}

}  // namespace mer
