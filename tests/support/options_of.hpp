#pragma once

#include <string>

#include "mer/core/options.hpp"

namespace mer::test {

/// Changes options by a section of a config, in YAML.
template <class Options>
void change(Options& options, const std::string& yaml) {
  ConfigDocument::parse(yaml, "test", {}).read(options);
}

/// Options of one kind (a network, a loss) by its name. What the section says of other kinds gives
/// way, so that one section may serve all.
template <class Options>
Options of_kind(const std::string& name, const std::string& yaml = "{}") {
  ConfigDocument document = ConfigDocument::parse(yaml, "test", {});
  document.set("name=" + name);
  Options options;
  document.read(options);
  return options;
}

}  // namespace mer::test
