#pragma once

#include <optional>

#include "mer/distributed/processes.hpp"

namespace mer::app {

/// The place that a launcher gave this process in its environment; none when it is alone.
///
///   by hand, torchrun   RANK, WORLD_SIZE [, MASTER_ADDR, MASTER_PORT, LOCAL_RANK]
///   mpirun (Open MPI)   OMPI_COMM_WORLD_RANK, OMPI_COMM_WORLD_SIZE, …
///   srun (Slurm)        SLURM_PROCID, SLURM_NTASKS, …; rank 0's host is the first of the node list
///
/// MASTER_ADDR and MASTER_PORT say where rank 0 is, whoever launched; on one host they are not
/// needed. With torchrun the port after MASTER_PORT is taken, since torchrun itself listens on
/// that.
/// @throws UsageError naming the variable that is missing or no number
std::optional<ProcessPlace> place_in_environment();

}  // namespace mer::app
