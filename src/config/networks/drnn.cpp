#include "mer/config/networks/drnn.hpp"

namespace mer {

void DrnnOptions::visit(OptionsVisitor& v) {
  v.field("lld_input_dropout", lld_input_dropout, between(0, 0.95), "on the MFCC");
  v.field("drnn_lstm_units", drnn_lstm_units, between(1, 2048), "a direction");
  v.field("drnn_lstm_layers", drnn_lstm_layers, between(1, 4), "bidirectional layers");
  visit_pooling(v, pooling);
  HeadOptions::visit(v);
}

}  // namespace mer
