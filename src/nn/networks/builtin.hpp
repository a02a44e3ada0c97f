#pragma once

#include "mer/nn/network.hpp"

namespace mer {

// Each puts the body of the network in the file of its name into a table.
void add_cnn(NetworkTable& table);
void add_crnn(NetworkTable& table);
void add_drnn(NetworkTable& table);
void add_improved_cnn(NetworkTable& table);
void add_light_cnn(NetworkTable& table);
void add_lld_bilstm(NetworkTable& table);
void add_musicnn(NetworkTable& table);
void add_vgg_tagger(NetworkTable& table);

}  // namespace mer
