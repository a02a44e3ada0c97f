#pragma once

#include <torch/torch.h>

#include <memory>
#include <vector>

#include "mer/distributed/collective.hpp"

namespace mer {

/// Makes every rank's gradients the sum over all ranks after each backward pass.
///
/// Gradients travel in buckets, the last parameters' first, since the backward pass comes to them
/// first. Where sums can overlap, a bucket sets out as soon as the backward pass has filled it and
/// those before it, in the same order on every rank.
class GradientAllReduce {
 public:
  /// @param parameters  in the same order on every rank
  /// @param collective  must outlive this object
  GradientAllReduce(const std::vector<torch::Tensor>& parameters, Collective& collective);
  ~GradientAllReduce();
  GradientAllReduce(const GradientAllReduce&) = delete;
  GradientAllReduce& operator=(const GradientAllReduce&) = delete;

  /// Of several backward passes whose gradients add up only the last one sends buckets off.
  void set_last_pass(bool is_last) { is_last_pass_ = is_last; }

  /// After the (last) backward pass: comes back when the gradients are sums. A parameter without a
  /// gradient on this rank gets the others' sum.
  void finish();

 private:
  class Hooks;
  struct Bucket {
    std::vector<torch::Tensor> parameters;
    torch::Tensor flat;  ///< their gradients one after the other
    std::size_t num_filled = 0;
    std::unique_ptr<Collective::Pending> pending;
  };

  void filled(std::size_t bucket);
  void send(Bucket& bucket);

  Collective& collective_;
  std::vector<Bucket> buckets_;
  std::size_t num_sent_ = 0;
  bool is_last_pass_ = true;
  std::unique_ptr<Hooks> hooks_;
};

}  // namespace mer
