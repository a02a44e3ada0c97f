#include "mer/config/networks/crnn.hpp"

namespace mer {

void CrnnOptions::visit(OptionsVisitor& v) {
  ConvBranchOptions::visit(v);
  visit_pooling(v, pooling);
  HeadOptions::visit(v);
}

}  // namespace mer
