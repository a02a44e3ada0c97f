#include "mer/config/classic/decision_tree.hpp"

#include "classic/candidates.hpp"

namespace mer {

void DecisionTreeOptions::visit(OptionsVisitor& v) {
  v.field("max_depth", max_depth, between(1, 25),
          "depth of the tree; of several values inner folds choose one");
  v.field("min_rows", min_rows, at_least(2), "a node with fewer rows is not split");
}

void DecisionTreeOptions::validate() const {
  require_candidates("max_depth", max_depth);
  require_whole_numbers("max_depth", max_depth);
}

}  // namespace mer
