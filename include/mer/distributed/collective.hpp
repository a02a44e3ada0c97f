#pragma once

#include <torch/torch.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace mer {

/// Workers that train one network together, each on its rows of every batch: threads of a process
/// (ReplicaGroup), processes (join_processes()), or both. Where a null pointer stands for a
/// Collective, a worker is alone with the whole batch.
///
/// All ranks must call the same functions in the same order. When one of them can't go on, every
/// call of the others throws an Error that says so.
class Collective {
 public:
  /// A sum that is under way.
  class Pending {
   public:
    virtual ~Pending() = default;
    /// Returns when the tensor holds the sum.
    virtual void wait() = 0;
  };

  virtual ~Collective() = default;
  virtual int rank() const = 0;  ///< from 0
  virtual int size() const = 0;

  /// Replaces each element by its sum over all ranks, in the same order and with the same bits on
  /// each of them.
  /// @param tensor  contiguous, float or double, of the same size on every rank
  virtual void all_reduce(torch::Tensor tensor) = 0;

  /// True when all_reduce_async() lets the caller go on while others are waited for.
  virtual bool overlaps() const { return false; }
  /// Like all_reduce(), but the tensor is not to be touched before wait() has returned.
  virtual std::unique_ptr<Pending> all_reduce_async(torch::Tensor tensor);

  /// Tells the others why this rank stops; they stop too.
  virtual void fail(const std::string& why) = 0;
  /// Throws what a rank said that has failed.
  [[noreturn]] virtual void throw_failure() = 0;
};

/// Every rank's value, in the order of ranks.
std::vector<double> all_gather(Collective& collective, double value);

/// Runs `work` in a thread of its own and joins the other ranks in a barrier twice a second until
/// all are done, so that work may take hours and a rank that dies or fails meanwhile is still
/// noticed at once. `work` gets a function that says when to give up because another rank has. With
/// a null `collective` it is just called.
/// @throws what `work` throws; Interrupted when another rank's did; Error when another rank failed
void run_beside_barriers(Collective* collective,
                         const std::function<void(const std::function<bool()>& give_up)>& work);

}  // namespace mer
