#include <algorithm>

#include "mer/classic/classic_model.hpp"
#include "trained_system.hpp"

namespace mer {
namespace {

/// What a file's card says of a classical system.
struct ClassicCard {
  explicit ClassicCard(const TensorFile& file) {
    const ModelCard card = ModelCard::read(file);
    system = card.model;
    if (system.is_network()) return;  // refused by who has the words for it
    options_in_card(card.classic, "classic", file.path().string(), ClassicSection{options, system});
  }

  ClassicOptions options;
  ModelOptions system;
};

class ClassicSystem : public TrainedSystem {
 public:
  ClassicSystem(const TensorFile& file, const ClassicCard& card)
      : TrainedSystem(file, card.options.song_vector_over == ClassicOptions::Over::kSong),
        model_(load_model(file, card)) {}

  bool can_adapt() const override { return model_.can_adapt(); }

  std::vector<RowMatrixXf> adaptation_rows(const SongInputs& song) const override {
    const std::vector<Segment> segments = segments_of(song);
    const std::size_t count = std::min(segments.size(), kAdaptationRows);
    std::vector<RowMatrixXf> rows;
    for (std::size_t i = 0; i < count; ++i) {
      rows.push_back(model_.inputs().compute(song, segments[i * segments.size() / count]));
    }
    return rows;
  }

  double adapt(const std::vector<std::vector<RowMatrixXf>>& songs) override {
    return model_.adapt(songs);
  }

 protected:
  void fill(const SongInputs& song, SystemAnswer& answer) const override {
    double valence = 0.0;
    double arousal = 0.0;
    Eigen::VectorXd embedding;
    for (const Segment& segment : answer.segments) {
      const RowMatrixXf rows = model_.inputs().compute(song, segment);
      TableAnswer of_segment = model_.answer(rows);
      const Eigen::VectorXd seen = model_.standardized(rows);
      embedding = embedding.size() == 0 ? seen : Eigen::VectorXd(embedding + seen);
      require_finite(of_segment.probabilities);
      answer.probabilities.push_back(std::move(of_segment.probabilities));
      valence += of_segment.valence;
      arousal += of_segment.arousal;
    }
    const auto count = static_cast<double>(answer.segments.size());
    answer.valence = valence / count;
    answer.arousal = arousal / count;
    embedding /= count;
    answer.embedding.assign(embedding.begin(), embedding.end());
  }

 private:
  ClassicModel load_model(const TensorFile& file, const ClassicCard& own) const {
    if (own.system.is_network()) {
      refuse("it has classic options, but its 'model.name' is " + own.system.name);
    }
    return ClassicModel::load(own.system, own.options, sources(own.options), file, card().classes);
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
  return std::make_unique<ClassicSystem>(file, ClassicCard(file));
}

}  // namespace mer
