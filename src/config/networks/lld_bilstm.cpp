#include "mer/config/networks/lld_bilstm.hpp"

namespace mer {

void LldBiLstmOptions::visit(OptionsVisitor& v) {
  LldBranchOptions::visit(v);
  visit_pooling(v, pooling);
  HeadOptions::visit(v);
}

}  // namespace mer
