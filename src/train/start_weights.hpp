#pragma once

#include "mer/config/run_config.hpp"
#include "mer/nn/network.hpp"
#include "mer/runs/run_status.hpp"

namespace mer {

/// Loads the weights that train.init_from names, if it names some, into a network.
/// @throws UsageError when they don't fit the network, or were trained on other features than the
///         config makes
void start_from(const RunConfig& config, Network& network);

/// For run.json: name and hash of the file that train.init_from names, if it names one.
RunStatus::Network description_of_start(const RunConfig& config);

}  // namespace mer
