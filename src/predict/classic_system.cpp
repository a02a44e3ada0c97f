#include "mer/classic/classic_model.hpp"
#include "trained_system.hpp"

namespace mer {
namespace {

ClassicOptions options_of(const TensorFile& file) {
  return options_in_card<ClassicOptions>(ModelCard::read(file).classic, "classic",
                                         file.path().string());
}

class ClassicSystem : public TrainedSystem {
 public:
  ClassicSystem(const TensorFile& file, const ClassicOptions& options)
      : TrainedSystem(file, options.song_vector_over == ClassicOptions::Over::kSong),
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
    sources.inputs = options_in_card<InputOptions>(card().inputs, "inputs", file());
    if (options.sees("descriptors")) sources.descriptors = descriptor_options();
    if (options.sees("embeddings")) sources.embedding_columns = embedding_columns();
    return sources;
  }

  ClassicModel model_;
};

}  // namespace

std::unique_ptr<TrainedSystem> load_classic_system(const TensorFile& file) {
  return std::make_unique<ClassicSystem>(file, options_of(file));
}

}  // namespace mer
