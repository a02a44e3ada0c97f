#include "cmd_preprocess.hpp"

#include <CLI/CLI.hpp>

#include "command.hpp"
#include "mer/core/error.hpp"
#include "mer/store/feature_store.hpp"
#include "mer/store/fill_store.hpp"
#include "terminal.hpp"
#include "validators.hpp"

namespace mer::app {
namespace {

int run_preprocess(const PreprocessArgs& args) {
  catch_interrupts();
  Shard::parse(args.shard);
  const RunConfig config = args.config.read();
  if (!config.embed.sources().empty()) return in_engine(run_embed, args, config);
  return preprocess_features(args, config, config.data.load_manifest()) ? kDone : kSomeInputsFailed;
}

}  // namespace

bool preprocess_features(const PreprocessArgs& args, const RunConfig& config,
                         const Manifest& manifest) {
  const FeatureStore store(config.data.store, config.recipe);
  Terminal terminal;
  const SongStore::Report report = fill_store(store.songs(), manifest, {}, args.jobs,
                                              Shard::parse(args.shard), "features", terminal);
  log_filled("preprocessed", report, store.folder());
  return report.failures.empty();
}

void log_filled(const char* what, const SongStore::Report& report,
                const std::filesystem::path& folder) {
  log_info(std::to_string(report.made) + " songs " + what + ", " + std::to_string(report.present) +
           " were there already, " + std::to_string(report.failures.size()) +
           " failed: " + folder.string());
}

std::function<int()> add_preprocess(CLI::App& cmd) {
  auto args = std::make_shared<PreprocessArgs>();
  args->config.sections = {"data", "audio", "vad", "features", "embed"};
  args->config.add_to(cmd, true);
  add_jobs_option(cmd, args->jobs, "Songs at once, 0 for one per core");
  cmd.add_option("--shard", args->shard, "Do the I-th of N equal parts only")
      ->capture_default_str()
      ->type_name("I/N");
  add_verbosity_options(cmd);
  cmd.footer(
      "Example:\n  mer preprocess -c configs/4qaed.yaml --set data.manifest=songs.csv -j 8 --shard "
      "1/4\n"
      "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 some songs could not be read, 130 "
      "interrupted");
  return [args] { return run_preprocess(*args); };
}

}  // namespace mer::app
