#pragma once

#include <any>
#include <string>
#include <vector>

#include "mer/config/input_parts.hpp"
#include "mer/config/kinds.hpp"

namespace mer {

/// What a config knows of a system besides its options. Those of a network say by
/// `static constexpr InputParts kReads` what it looks at; it has an `embedding_size`, as an option
/// or as a constant. A network that can be had ready-trained and frozen, for its embeddings, has
/// `static constexpr bool kPretrained = true`.
struct SystemFacts {
  static constexpr const char* kKey = "model.name";

  bool is_network = false;
  bool is_pretrained = false;
  InputParts reads{};
  int (*embedding_size)(const std::any& options) = nullptr;

  template <class Options>
  static SystemFacts of() {
    SystemFacts facts;
    if constexpr (requires { Options::kReads; }) {
      facts.is_network = true;
      facts.is_pretrained = requires { Options::kPretrained; };
      facts.reads = Options::kReads;
      facts.embedding_size = [](const std::any& options) {
        return std::any_cast<const Options&>(options).embedding_size;
      };
    }
    return facts;
  }
};

/// All that `model.name` can say: networks and classical systems.
using SystemTable = KindTable<SystemFacts>;
SystemTable builtin_systems();

/// Which system, and the options of a network; those of a classical one stand in ClassicOptions.
/// Free of LibTorch, so that a config can be read without it.
struct ModelOptions : Chosen<SystemFacts> {
  ModelOptions(SystemTable systems = builtin_systems())  // NOLINT: a table is all that it needs
      : Chosen("improved_cnn", std::move(systems)) {}

  /// Else a classical system.
  bool is_network() const { return kind().facts.is_network; }

  void visit(OptionsVisitor& v);
  void validate() const { validate_options(); }
};

/// What of a segment the network looks at.
/// @throws UsageError for a name that the table lacks
InputParts inputs_of(const ModelOptions& options);

/// Columns of the network's embedding, which some networks fix themselves.
int embedding_size_of(const ModelOptions& options);

/// Networks that can be had ready-trained, in the order of their columns.
std::vector<std::string> pretrained_networks();

}  // namespace mer
