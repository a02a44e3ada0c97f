#include "mer/classic/classic_model.hpp"
#include "mer/embed/embedding_extractor.hpp"
#include "trained_system.hpp"

namespace mer {
namespace {

ClassicOptions options_of(const TensorFile& file) {
  return options_from_json<ClassicOptions>(ModelCard::read(file).classic,
                                           file.path().string() + " ('classic' of the model)");
}

class ClassicSystem : public TrainedSystem {
 public:
  ClassicSystem(const TensorFile& file, const ClassicOptions& options)
      : TrainedSystem(file, options.statistics_over == ClassicOptions::Over::kSong),
        model_(load_model(file, options)) {}

 protected:
  void fill(const SongInputs& song, SystemAnswer& answer) const override {
    double valence = 0.0;
    double arousal = 0.0;
    for (const Segment& segment : answer.segments) {
      TableAnswer of_segment = model_.answer(model_.inputs().compute(song, segment));
      require_finite(of_segment.probabilities);
      answer.probabilities.push_back(std::move(of_segment.probabilities));
      valence += of_segment.valence;
      arousal += of_segment.arousal;
    }
    const auto count = static_cast<double>(answer.segments.size());
    answer.valence = valence / count;
    answer.arousal = arousal / count;
  }

 private:
  ClassicModel load_model(const TensorFile& file, const ClassicOptions& options) const {
    if (!is_classic_system(card().model.name)) {
      refuse("it has classic options, but its 'model.name' is " + card().model.name);
    }
    return ClassicModel::load(card().model.name, options, sources(options), file, card().classes);
  }

  SongSources sources(const ClassicOptions& options) const {
    SongSources sources;
    sources.recipe = recipe();
    sources.layout = layout();
    sources.inputs =
        options_from_json<InputOptions>(card().inputs, file() + " ('inputs' of the model)");
    if (options.sees("descriptors")) {
      if (card().descriptors.is_null()) refuse("it has no 'descriptors'");
      sources.descriptors = options_from_json<DescriptorOptions>(
          card().descriptors, file() + " ('descriptors' of the model)");
    }
    if (options.sees("embeddings")) {
      if (embedding_recipe().is_null()) refuse("it has no 'embeddings'");
      sources.embedding_columns = embedding_columns(embed_options_of(embedding_recipe(), file()));
    }
    return sources;
  }

  ClassicModel model_;
};

}  // namespace

std::unique_ptr<TrainedSystem> load_classic_system(const TensorFile& file) {
  return std::make_unique<ClassicSystem>(file, options_of(file));
}

}  // namespace mer
