#include "arguments.hpp"

#include <CLI/CLI.hpp>

#include "models.hpp"

namespace mer::app {

void ConfigArgs::add_to(CLI::App& command, bool required) {
  CLI::Option* option = command
                            .add_option("-c,--config", config,
                                        "YAML file that says what to compute and for which songs")
                            ->type_name("FILE");
  if (required) option->required();
  command.add_option("--set", set, "Override one option of the config; may be repeated")
      ->type_name("KEY=VALUE")
      ->expected(1)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

RunConfig ConfigArgs::read() const {
  return read_over(config.empty() ? ConfigDocument() : ConfigDocument::load(config));
}

RunConfig ConfigArgs::read_over(ConfigDocument document) const {
  for (const std::string& assignment : set) document.set(assignment);
  RunConfig run;
  document.read(run);
  if (run.data.store.empty()) run.data.store = std::filesystem::absolute("mer-store");
  if (!run.train.init_from.empty()) {
    run.train.init_from = find_initial_weights(run.train.init_from);
  }
  return run;
}

}  // namespace mer::app
