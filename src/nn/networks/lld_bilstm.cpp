#include "networks/lld_bilstm.hpp"

namespace mer {

NetworkOutput LldBiLstm::forward(const NetworkInput& input) {
  return lld_.forward(input, torch::Tensor());
}

}  // namespace mer
