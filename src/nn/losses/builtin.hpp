#pragma once

#include "mer/nn/loss.hpp"

namespace mer {

// Each puts the loss in the file of its name into a table.
void add_a_softmax(LossTable& table);
void add_center(LossTable& table);
void add_inter_center(LossTable& table);
void add_softmax(LossTable& table);

}  // namespace mer
