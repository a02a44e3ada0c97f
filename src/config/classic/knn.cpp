#include "mer/config/classic/knn.hpp"

#include "classic/candidates.hpp"

namespace mer {

void KnnOptions::visit(OptionsVisitor& v) {
  v.field("neighbors", neighbors, between(1, 10000),
          "number of neighbors that vote; of several values inner folds choose one");
}

void KnnOptions::validate() const {
  require_candidates("neighbors", neighbors);
  require_whole_numbers("neighbors", neighbors);
}

}  // namespace mer
