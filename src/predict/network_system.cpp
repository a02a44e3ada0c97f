#include <Eigen/Core>
#include <algorithm>
#include <optional>

#include "mer/nn/model_file.hpp"
#include "mer/nn/network_runner.hpp"
#include "mer/store/input_builder.hpp"
#include "mer/store/song_vector.hpp"
#include "mer/store/standardization.hpp"
#include "trained_system.hpp"

namespace mer {
namespace {

constexpr std::int64_t kBatchSegments = 16;

class NetworkSystem : public TrainedSystem {
 public:
  NetworkSystem(const TensorFile& weights, const std::string& device)
      : TrainedSystem(weights, false),
        options_(options_in_card<InputOptions>(card().inputs, "inputs", file())),
        inputs_(layout(), segment_frames(), options_, standardization_of(weights),
                inputs_of(card().model)),
        song_vector_(make_song_vector()),
        network_(card().model, checked_shape(), weights, kNetworkPrefix, device) {}

  std::string note_on_length(std::int64_t num_kept) const override {
    const std::string note = TrainedSystem::note_on_length(num_kept);
    return note.empty() ? note : note + ": the rest is padding";
  }

 protected:
  void fill(const SongInputs& song, SystemAnswer& answer) const override {
    const auto num_segments = static_cast<std::int64_t>(answer.segments.size());
    Eigen::VectorXf of_song;
    if (song_vector_ && song_vector_->over_songs()) {
      of_song = song_vector_->compute(song, answer.segments.front());
    }
    Eigen::VectorXd embedding = Eigen::VectorXd::Zero(network_.embedding_size());
    Eigen::VectorXd tags = Eigen::VectorXd::Zero(std::ssize(card().tags));
    for (std::int64_t first = 0; first < num_segments; first += kBatchSegments) {
      const std::int64_t size = std::min(kBatchSegments, num_segments - first);
      InputBatch batch = inputs_.make_batch(size);
      for (std::int64_t row = 0; row < size; ++row) {
        const Segment& segment = answer.segments[static_cast<std::size_t>(first + row)];
        inputs_.fill(song.features, segment, row, batch);
        if (!song_vector_) continue;
        inputs_.fill_song_vector(
            of_song.size() > 0 ? of_song : song_vector_->compute(song, segment), row, batch);
      }
      const NetworkRunner::Answer of_batch =
          network_.answer(batch.spectrogram, batch.spectrogram_valid, batch.lld, batch.lld_valid,
                          batch.song_vector);
      append(answer.probabilities, of_batch.probabilities);
      add_rows(of_batch.embeddings, embedding);
      answer.segment_embeddings.insert(answer.segment_embeddings.end(), of_batch.embeddings.begin(),
                                       of_batch.embeddings.end());
      require_finite(of_batch.values);
      for (std::size_t i = 0; i < of_batch.values.size(); i += 2) {
        answer.values.push_back({of_batch.values[i], of_batch.values[i + 1]});
      }
      require_finite(of_batch.tags);
      add_rows(of_batch.tags, tags);
    }
    const auto count = static_cast<double>(num_segments);
    embedding /= count;
    answer.embedding.assign(embedding.begin(), embedding.end());
    tags /= count;
    answer.tags.assign(tags.begin(), tags.end());
    if (answer.values.empty()) return;
    answer.valence = answer.arousal = 0.0;
    for (const auto& [valence, arousal] : answer.values) {
      answer.valence += valence / count;
      answer.arousal += arousal / count;
    }
  }

 private:
  /// What the network sees beside its branches.
  std::optional<SongVectorBuilder> make_song_vector() const {
    if (options_.song_vector.empty()) return std::nullopt;
    SongVectorSources sources;
    sources.recipe = recipe();
    if (options_.song_vector_has("descriptors")) sources.descriptors = descriptor_options();
    if (options_.song_vector_has("embeddings")) sources.embedding_columns = embedding_columns();
    sources.over_songs = options_.song_vector_over == InputOptions::Over::kSong;
    return SongVectorBuilder(sources);
  }

  Standardization standardization_of(const TensorFile& weights) const {
    Standardization standardization = Standardization::from(weights);
    const auto check = [&](const std::vector<float>& values, int columns, const char* what) {
      if (values.size() != static_cast<std::size_t>(columns)) {
        refuse(std::string("its standardization has ") + std::to_string(values.size()) + " " +
               what + " columns, its layout " + std::to_string(columns));
      }
    };
    check(standardization.spectrogram_mean, layout().spectrogram_columns(), "spectrogram");
    check(standardization.spectrogram_deviation, layout().spectrogram_columns(), "spectrogram");
    check(standardization.lld_mean, layout().lld_width(), "descriptor");
    check(standardization.lld_deviation, layout().lld_width(), "descriptor");
    return standardization;
  }

  /// The network's input sizes, which must be those that the options give.
  const NetworkShape& checked_shape() const {
    const InputShape& made = inputs_.shape();
    const NetworkShape& wanted = card().shape;
    if (made.spectrogram_bands != wanted.spectrogram_bands ||
        made.spectrogram_steps != wanted.spectrogram_steps ||
        made.lld_columns != wanted.lld_columns || made.lld_steps != wanted.lld_steps ||
        made.lld_branches != wanted.lld_branches ||
        made.song_vector_columns != wanted.song_vector_columns ||
        made.song_vector_columns != (song_vector_ ? song_vector_->num_columns() : 0)) {
      refuse("its network wants inputs of another size than its options give");
    }
    return wanted;
  }

  void append(std::vector<std::vector<double>>& rows, const std::vector<double>& flat) const {
    require_finite(flat);
    const auto width = static_cast<std::ptrdiff_t>(card().classes.size());
    if (width == 0) return;
    for (auto row = flat.begin(); row != flat.end(); row += width) {
      rows.emplace_back(row, row + width);
    }
  }

  template <class Number>
  static void add_rows(const std::vector<Number>& rows, Eigen::VectorXd& sum) {
    const auto width = static_cast<std::size_t>(sum.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      sum(static_cast<Eigen::Index>(i % width)) += rows[i];
    }
  }

  InputOptions options_;
  InputBuilder inputs_;
  std::optional<SongVectorBuilder> song_vector_;
  NetworkRunner network_;
};

}  // namespace

std::unique_ptr<TrainedSystem> load_network_system(const TensorFile& file,
                                                   const std::string& device) {
  return std::make_unique<NetworkSystem>(file, device);
}

}  // namespace mer
