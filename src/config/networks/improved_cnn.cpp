#include "mer/config/networks/improved_cnn.hpp"

namespace mer {

void ImprovedCnnOptions::visit(OptionsVisitor& v) {
  ConvBranchOptions::visit(v);
  LldBranchOptions::visit(v);
  SongVectorBranchOptions::visit(v);
  visit_pooling(v, pooling);
  HeadOptions::visit(v);
}

}  // namespace mer
