#include "exported_card.hpp"

#include <algorithm>

#include "mer/core/error.hpp"
#include "mer/core/text.hpp"

namespace mer {

std::filesystem::path card_of(const std::filesystem::path& network_file) {
  return std::filesystem::path(network_file).replace_extension(".yaml");
}

ExportedCard::ExportedCard() { features.lld.clear(); }

ExportedCard ExportedCard::of(const std::filesystem::path& network_file) {
  if (!std::filesystem::exists(network_file)) {
    throw UsageError(network_file.string() + ": no such exported network",
                     "torch.jit.save(network, 'NAME.pt'), and its card NAME.yaml beside it");
  }
  if (!std::filesystem::exists(card_of(network_file))) {
    throw UsageError(network_file.string() + ": has no card " + card_of(network_file).string(),
                     "docs/systems.md shows one");
  }
  ExportedCard card;
  ConfigDocument::load(card_of(network_file)).read(card);
  if (card.hop == 0) card.hop = card.patch;
  return card;
}

void ExportedCard::visit(OptionsVisitor& v) {
  constexpr double kMaxPatch = 1 << 24;
  v.choice("front_end", front_end, {{"waveform", FrontEnd::kWaveform}, {"mel", FrontEnd::kMel}},
           "what the network is shown");
  v.field("sample_rate_hz", sample_rate_hz, between(4000, 96000), "of the sound");
  v.section("features", features);
  v.field("patch", patch, between(0, kMaxPatch), "length of a patch, in samples or mel frames");
  v.field("hop", hop, between(0, kMaxPatch), "between the starts of patches; 0 = patch");
  v.field("input", network.input, "dimensions: batch, bands, frames; or batch, samples; one");
  v.field("output", network.output,
          "empty = the output itself, a place in a tuple or a key of a dict");
  v.field("embedding_size", network.embedding_size, between(0, 65536), "numbers a patch");
  v.field("made_with", network.made_with, "program and version that exported it");
}

void ExportedCard::validate() const {
  if (patch < 1 || network.embedding_size < 1 || network.made_with.empty()) {
    throw UsageError("'patch', 'embedding_size' and 'made_with' must be given",
                     "for example patch: 187, embedding_size: 128, made_with: torch 1.13.1");
  }
  if (hop > patch) throw UsageError("'hop' is longer than 'patch'", "hop: 0 takes the patch's");
  if (!features.lld.empty()) {
    throw UsageError("'features.lld' changes nothing: the network sees the spectrogram", "lld: []");
  }
  std::vector<std::string> names = network.input;
  std::erase(names, "one");
  std::sort(names.begin(), names.end());
  const std::vector<std::string> wanted = front_end == FrontEnd::kMel
                                              ? std::vector<std::string>{"bands", "batch", "frames"}
                                              : std::vector<std::string>{"batch", "samples"};
  if (names != wanted || network.input.front() != "batch") {
    throw UsageError("'input' is [" + join(network.input, ", ") + "], not batch, then " +
                         (front_end == FrontEnd::kMel ? "bands and frames" : "samples"),
                     front_end == FrontEnd::kMel ? "input: [batch, one, bands, frames]"
                                                 : "input: [batch, samples]");
  }
}

}  // namespace mer
