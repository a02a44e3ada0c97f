#include <algorithm>
#include <nlohmann/json.hpp>

#include "../cmd_features.hpp"
#include "../terminal.hpp"
#include "load_predictor.hpp"
#include "mer/core/error.hpp"
#include "mer/core/scratch_folder.hpp"
#include "mer/core/version.hpp"
#include "mer/nn/network_runner.hpp"
#include "mer/predict/predictor.hpp"
#include "mer/runs/ensemble_card.hpp"

namespace mer::app {
namespace {

namespace fs = std::filesystem;

void add_columns(std::vector<Descriptor>& columns, const std::string& name, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) {
    columns.push_back({name + "_" + std::to_string(i), name, ""});
  }
}

/// Of patches, by frozen networks.
RowMaker maker_of(const EmbeddingExtractor& extractor) {
  RowMaker maker{{},
                 {{"recipe", extractor.recipe().dump()},
                  {"fingerprint", extractor.fingerprint()},
                  {"mer_version", kVersion}},
                 "patch",
                 {}};
  for (const EmbeddingGroup& group : extractor.groups()) {
    add_columns(maker.columns, group.network, group.num_columns);
  }
  maker.rows_of = [&extractor](const fs::path& audio_file) {
    const ScratchFolder scratch;
    extractor.extract(audio_file, scratch.path() / "song", [](std::span<const float>) {
      if (interrupted()) throw Interrupted("interrupted");
    });
    const SongEmbeddings song = SongEmbeddings::open(scratch.path() / "song");
    SongRows rows{song.matrix(), {}, song.warnings()};
    for (std::int64_t patch = 0; patch < song.num_patches(); ++patch) {
      const TimeSpan span = song.time_span(patch);
      rows.parts.push_back(
          {span.start_s, span.end_s, song.valid()[static_cast<std::size_t>(patch)] != 0});
    }
    return rows;
  };
  return maker;
}

/// Of segments, by a trained network.
int write_of_model(const FeaturesArgs& args) {
  const FoundModel model = bundled_files().find_model(args.embeddings);
  const fs::path& file = model.file;
  const std::vector<TensorFile> systems = systems_in(TensorFile::open(file));
  const ModelCard card = ModelCard::read(systems.front());
  if (systems.size() != 1 || !card.is_network()) {
    throw UsageError(file.string() + ": " +
                         (systems.size() != 1 ? "holds several systems"
                                              : "'" + card.model.name + "' is no network") +
                         ", --embeddings wants one network",
                     "name the run of a network");
  }
  if (!args.config.config.empty() || !args.config.set.empty()) {
    throw UsageError("-c and --set change nothing here: a model brings its own settings",
                     "leave them out; embeddings of a model are those of the whole file");
  }
  const Predictor predictor = load_predictor({file}, "cpu", embedding_sources({model}, {}), {});
  set_torch_threads(1);
  RowMaker maker{{},
                 {{"model", file.filename().string()},
                  {"run", card.run_name},
                  {"recipe", card.recipe},
                  {"fingerprint", card.recipe_fingerprint},
                  {"mer_version", kVersion}},
                 "segment",
                 [&](const fs::path& audio_file) {
                   SegmentEmbeddings song = predictor.embed_file(audio_file, 0.0, interrupted);
                   SongRows rows{std::move(song.values), {}, std::move(song.warnings)};
                   for (const TimeSpan& span : song.spans) {
                     rows.parts.push_back({span.start_s, span.end_s});
                   }
                   return rows;
                 }};
  add_columns(maker.columns, card.model.name, embedding_size_of(card.model));
  return write_embeddings(args, maker);
}

}  // namespace

int run_embeddings(const FeaturesArgs& args, const FeatureSettings& settings) {
  const std::vector<std::string> frozen = pretrained_networks();
  EmbedOptions options = settings.embed;
  options.networks.clear();
  if (std::find(frozen.begin(), frozen.end(), args.embeddings) != frozen.end()) {
    options.networks = {args.embeddings};
  } else if (fs::path(args.embeddings).extension() == ".pt") {
    options.exported = args.embeddings;
  } else {
    return write_of_model(args);
  }
  const EmbeddingExtractor extractor(options, settings.recipe, bundled_files().pretrained_weights(),
                                     "cpu");
  return write_embeddings(args, maker_of(extractor));
}

}  // namespace mer::app
