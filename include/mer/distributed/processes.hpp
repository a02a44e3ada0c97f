#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace mer {

class Collective;

/// The place of this process among those that train together. Free of LibTorch.
struct ProcessPlace {
  int rank = 0;  ///< from 0
  int size = 1;
  int rank_on_host = 0;  ///< picks the GPU
  std::string master_address = "127.0.0.1";
  int master_port = 29500;  ///< where rank 0 listens
  /// Sets attempts of one launcher apart that use the same address.
  std::string attempt;
};

/// How long a process waits for the others.
struct ProcessPatience {
  std::chrono::seconds to_join{300};   ///< for all to start
  std::chrono::seconds to_answer{40};  ///< for a sum, once they have
};

/// Joins the processes of `place`, which talk through LibTorch's c10d process group: Gloo between
/// CPUs, NCCL between GPUs where LibTorch has it (tensors of a GPU go through Gloo and memory where
/// not). Traffic takes the network on which rank 0 can be reached.
///
/// A process that ends makes the others' next sum throw at once; one that hangs, or a host that
/// is gone, after `to_answer`.
/// @param stop  asked while waiting for the others; true = throw Interrupted
/// @throws UsageError when this program was built without Gloo or the place makes no sense; Error
///         when the others don't come or the port can't be had
std::shared_ptr<Collective> join_processes(const ProcessPlace& place,
                                           const ProcessPatience& patience = {},
                                           const std::function<bool()>& stop = {});

}  // namespace mer
