#include "mer/config/loss_options.hpp"

#include "mer/config/losses/a_softmax.hpp"
#include "mer/config/losses/center.hpp"
#include "mer/config/losses/inter_center.hpp"
#include "mer/config/losses/softmax.hpp"

namespace mer {

LossKinds builtin_loss_kinds() {
  LossKinds table;
  table.add<SoftmaxLossOptions>();
  table.add<ASoftmaxLossOptions>();
  table.add<CenterLossOptions>();
  table.add<InterCenterLossOptions>();
  return table;
}

void LossOptions::visit(OptionsVisitor& v) {
  v.choice("name", name, kinds().names(), kind().help + "; one of");
  visit_options(v);
  v.lacks_options_of_others(name, "name", [this] { return kinds().keys(); });
}

}  // namespace mer
