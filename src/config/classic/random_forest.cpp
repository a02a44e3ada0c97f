#include "mer/config/classic/random_forest.hpp"

namespace mer {

void RandomForestOptions::visit(OptionsVisitor& v) {
  v.field("trees", trees, between(1, 10000), "that vote");
  v.field("max_depth", max_depth, between(1, 25), "questions of a tree");
  v.field("min_rows", min_rows, at_least(2), "fewer are not divided");
  v.field("columns", columns, at_least(0), "drawn at each division; 0 = root of their number");
}

}  // namespace mer
