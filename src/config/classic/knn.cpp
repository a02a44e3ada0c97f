#include "mer/config/classic/knn.hpp"

#include "classic/candidates.hpp"

namespace mer {

void KnnOptions::visit(OptionsVisitor& v) {
  v.field("neighbors", neighbors, between(1, 10000),
          "songs that vote; several: chosen by inner folds");
}

void KnnOptions::validate() const {
  require_candidates("neighbors", neighbors);
  require_whole_numbers("neighbors", neighbors);
}

}  // namespace mer
