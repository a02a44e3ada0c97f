#include "mer/config/networks/cnn.hpp"

namespace mer {

void CnnOptions::visit(OptionsVisitor& v) {
  v.field("cnn_channels", cnn_channels, between(1, 128), "maps of the first block");
  v.field("cnn_blocks", cnn_blocks, between(1, 6),
          "blocks, each with twice the maps at half the size");
  v.field("cnn_block_convs", cnn_block_convs, between(1, 4), "convolutions of each block");
  v.field("conv_dropout", conv_dropout, between(0, 0.95), "dropout after the last pooling");
  HeadOptions::visit(v);
}

}  // namespace mer
