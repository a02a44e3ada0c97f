#include "mer/config/losses/inter_center.hpp"

namespace mer {

void InterCenterLossOptions::visit(OptionsVisitor& v) {
  v.choice("denominator", denominator,
           {{"other_centers", Denominator::kOtherCenters}, {"as_printed", Denominator::kAsPrinted}},
           "distances of the sample to the other centers, or those of eq. 11 as printed");
  CenterLossOptions::visit(v);
}

}  // namespace mer
