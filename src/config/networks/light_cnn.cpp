#include "mer/config/networks/light_cnn.hpp"

namespace mer {

void LightCnnOptions::visit(OptionsVisitor& v) {
  v.field("light_channels", light_channels, between(1, 128), "maps of the first block");
  v.field("cnn_blocks", cnn_blocks, between(1, 6),
          "blocks, each with twice the maps at half the size");
  v.field("conv_dropout", conv_dropout, between(0, 0.95), "dropout after the last pooling");
  HeadOptions::visit(v);
}

}  // namespace mer
