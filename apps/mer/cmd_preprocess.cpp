#include "arguments.hpp"
#include "command.hpp"
#include "mer/core/error.hpp"
#include "mer/store/feature_store.hpp"
#include "preprocessing.hpp"
#include "validators.hpp"

namespace mer::app {
namespace {

int run_preprocess(const PreprocessArgs& args) {
  catch_interrupts();
  Shard::parse(args.shard);
  const RunConfig config = args.config.read();
  if (!config.embed.networks.empty()) return run_embed(args, config);
  return preprocess_features(args, config, load_manifest(config.data));
}

}  // namespace

int preprocess_features(const PreprocessArgs& args, const RunConfig& config,
                        const Manifest& manifest) {
  const FeatureStore store(config.data.store, config.recipe);
  const FeatureStore::Report report =
      fill_store(store, manifest, {}, args.jobs, Shard::parse(args.shard), args.talk);
  say_filled(args.talk, "preprocessed", report, store.folder());
  return report.failures.empty() ? kDone : kSomeInputsFailed;
}

Command add_preprocess(CLI::App& app) {
  auto args = std::make_shared<PreprocessArgs>();
  CLI::App* cmd = app.add_subcommand("preprocess", "Turn audio files into feature files");
  args->config.add_to(*cmd, true);
  cmd->add_option("-j,--jobs", args->jobs, "Songs at once, 0 for one per core")
      ->capture_default_str()
      ->check(number(at_least(0)));
  cmd->add_option("--shard", args->shard, "Do the I-th of N equal parts only")
      ->capture_default_str()
      ->type_name("I/N");
  add_talk_options(*cmd, args->talk);
  cmd->footer(
      "Example:\n  mer preprocess -c configs/4qaed.yaml --set data.manifest=songs.csv -j 8 --shard "
      "1/4\n"
      "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 some songs could not be read, 130 "
      "interrupted");
  return {cmd, [args] { return run_preprocess(*args); }};
}

}  // namespace mer::app
