#include "mer/config/classic/random_forest.hpp"

namespace mer {

void RandomForestOptions::visit(OptionsVisitor& v) {
  v.field("trees", trees, between(1, 10000), "number of trees");
  v.field("max_depth", max_depth, between(1, 25), "depth of a tree");
  v.field("min_rows", min_rows, at_least(2), "a node with fewer rows is not split");
  v.field("columns", columns, at_least(0),
          "columns drawn at each split; 0 = the square root of their number");
}

}  // namespace mer
