#include <map>
#include <memory>
#include <string>
#include <vector>

#include "layers/layers.hpp"
#include "mer/core/text.hpp"
#include "mer/nn/network.hpp"
#include "networks/cnn.hpp"
#include "networks/crnn.hpp"
#include "networks/drnn.hpp"
#include "networks/improved_cnn.hpp"
#include "networks/light_cnn.hpp"
#include "networks/lld_bilstm.hpp"
#include "networks/musicnn.hpp"
#include "networks/vgg_tagger.hpp"

namespace mer {
namespace {

struct Entry {
  InputParts reads;
  int embedding_size;  ///< 0 = as the options say
  std::shared_ptr<Network> (*make)(const ModelOptions&, const NetworkShape&);
};

template <class Kind>
Entry entry_of() {
  int embedding_size = 0;
  if constexpr (requires { Kind::kEmbeddingSize; }) embedding_size = Kind::kEmbeddingSize;
  return {Kind::kReads, embedding_size,
          [](const ModelOptions& options, const NetworkShape& shape) -> std::shared_ptr<Network> {
            return std::make_shared<Kind>(options, shape);
          }};
}

/// Every network that a config can name.
const std::map<std::string, Entry>& entries() {
  static const std::map<std::string, Entry> kEntries = {
      {"cnn", entry_of<Cnn>()},
      {"crnn", entry_of<Crnn>()},
      {"drnn", entry_of<Drnn>()},
      {"improved_cnn", entry_of<ImprovedCnn>()},
      {"light_cnn", entry_of<LightCnn>()},
      {"lld_bilstm", entry_of<LldBiLstm>()},
      {"musicnn", entry_of<Musicnn>()},
      {"vgg_tagger", entry_of<VggTagger>()},
  };
  return kEntries;
}

const Entry& find_entry(const std::string& name) {
  const auto found = entries().find(name);
  if (found != entries().end()) return found->second;
  std::vector<std::string> known;
  for (const auto& [key, entry] : entries()) known.push_back(key);
  const auto nearest = nearest_word(name, known);
  throw UsageError("unknown network 'model.name: " + name + "', known: " + join(known, ", "),
                   nearest ? "did you mean '" + *nearest + "'?" : "");
}

void check_size(const char* what, int size, int smallest) {
  if (size >= smallest) return;
  throw UsageError("the network's input has " + std::string(what) + " " + std::to_string(size) +
                       ", allowed: at least " + std::to_string(smallest),
                   "check the features and segments of the config");
}

void check_lld_branches(const NetworkShape& shape, int most) {
  if (shape.lld_branches >= 1 && shape.lld_branches <= most) return;
  throw UsageError("the network's input has lld_branches " + std::to_string(shape.lld_branches) +
                   ", allowed: 1" + (most == 2 ? " or 2" : ""));
}

void check_shape(const NetworkShape& shape, const InputParts& reads) {
  check_size("num_classes", shape.num_classes, 2);
  if (reads.spectrogram) {
    check_size("spectrogram_bands", shape.spectrogram_bands, 1);
    check_size("spectrogram_steps", shape.spectrogram_steps, 1);
  }
  if (reads.lld != InputParts::Lld::kNone) {
    check_size("lld_columns", shape.lld_columns, 1);
    check_size("lld_steps", shape.lld_steps, 1);
    check_lld_branches(shape, reads.lld == InputParts::Lld::kAll ? 2 : 1);
  }
  if (shape.song_vector_columns > 0 && !reads.song_vector) {
    throw UsageError("the network's input has a song_vector, which this network does not look at",
                     "set inputs.song_vector=[], or model.name=improved_cnn");
  }
  if (!(shape.lld_weight >= 0.0 && shape.lld_weight <= 1.0)) {
    throw UsageError("the network's input has lld_weight " + format_number(shape.lld_weight) +
                     ", allowed: in 0…1");
  }
}

}  // namespace

std::shared_ptr<Network> make_network(const ModelOptions& options, const NetworkShape& shape,
                                      std::uint64_t seed) {
  const Entry& entry = find_entry(options.name);
  options.validate();
  check_shape(shape, entry.reads);
  std::shared_ptr<Network> network = entry.make(options, shape);
  draw_weights(*network, seed);
  return network;
}

int embedding_size_of(const ModelOptions& options) {
  const int fixed = find_entry(options.name).embedding_size;
  return fixed > 0 ? fixed : options.embedding_size;
}

InputParts inputs_of(const ModelOptions& options) { return find_entry(options.name).reads; }

std::int64_t num_parameters(const torch::nn::Module& module) {
  std::int64_t count = 0;
  for (const torch::Tensor& parameter : module.parameters()) count += parameter.numel();
  return count;
}

}  // namespace mer
