#include "mer/config/classic/mlp.hpp"

#include "classic/candidates.hpp"

namespace mer {

void MlpOptions::visit(OptionsVisitor& v) {
  v.field("hidden_units", hidden_units, between(1, 4096), "units of the hidden layer");
  v.field("epochs", epochs, at_least(1), "passes over the training rows");
  v.field("batch_size", batch_size, between(1, 4096), "rows of an optimizer step");
  v.field("lr", lr, above_up_to(0, 10), "learning rate");
  v.field("dropout", dropout, between(0, 0.95), "dropout of the hidden units");
  v.field("weight_decay", weight_decay, at_least(0),
          "weight decay of AdamW; of several values inner folds choose one");
}

void MlpOptions::validate() const { require_candidates("weight_decay", weight_decay); }

}  // namespace mer
