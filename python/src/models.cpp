#include <nlohmann/json.hpp>
#include <optional>

#include "bindings.hpp"
#include "mer/core/error.hpp"
#include "mer/core/scratch_folder.hpp"
#include "mer/runs/ensemble_card.hpp"
#include "mer/runs/model_card.hpp"
#include "mer/store/input_builder.hpp"
#include "mer/store/layout_json.hpp"
#include "mer/store/segment_rows.hpp"
#include "mer/store/song_features.hpp"
#include "mer/store/song_vector.hpp"

namespace mer::python {
namespace {

namespace fs = std::filesystem;

fs::path find_model(const std::string& name, const std::string& weights,
                    const fs::path& program_folder) {
  return bundled_files(program_folder).find_model(name, weights).file;
}

py::array_t<float> to_array(FloatTensor tensor) {
  return python::to_array(std::move(tensor.values), {tensor.shape.begin(), tensor.shape.end()});
}

/// Everything between a song and a network: features, segments, standardization.
class NetworkInputs {
 public:
  explicit NetworkInputs(const TensorFile& file)
      : file_(file.path().string()),
        card_(ModelCard::read(file)),
        recipe_(options_in_card<Recipe>(card_.recipe, "recipe", file_)),
        segment_(options_in_card<SegmentOptions>(card_.segment, "segment", file_)),
        layout_(layout_from_json(nlohmann::ordered_json::parse(card_.layout), file_)) {
    if (!card_.is_network()) {
      throw UsageError(file_ + ": a classical system, not a network",
                       "mer.predict() answers for every system");
    }
    options_ = options_in_card<InputOptions>(card_.inputs, "inputs", file_);
    builder_.emplace(layout_, segment_.num_frames(layout_.sample_rate_hz, layout_.hop_samples),
                     options_, Standardization::from(file), inputs_of(card_.model));
    if (options_.song_vector_has("embeddings")) {
      throw UsageError(file_ + ": looks at embeddings of frozen networks beside the features",
                       "mer.predict() answers for every system");
    }
    if (options_.song_vector.empty()) return;
    SongVectorSources sources;
    sources.recipe = recipe_;
    sources.descriptors =
        options_in_card<DescriptorOptions>(card_.descriptors, "descriptors", file_);
    sources.over_songs = options_.song_vector_over == InputOptions::Over::kSong;
    song_vector_.emplace(sources);
  }

  struct OfSong {
    InputBatch batch;
    std::vector<double> start_s, end_s;
  };

  OfSong of(const OpenSound& sound, double max_seconds) const {
    Recipe recipe = recipe_;
    recipe.audio.start_s = 0.0;
    recipe.audio.duration_s = max_seconds;
    const ScratchFolder folder;
    extract_song(*sound.read(recipe.audio), sound.name(), recipe, folder / "features",
                 OpenSound::check_signals);
    const SongFeatures song = SongFeatures::open(folder / "features");
    const std::vector<Segment> segments = grid_of(song, recipe, segment_, true);
    OfSong made{builder_->make_batch(static_cast<std::int64_t>(segments.size())), {}, {}};
    for (std::size_t i = 0; i < segments.size(); ++i) {
      const auto row = static_cast<std::int64_t>(i);
      builder_->fill(song, segments[i], row, made.batch);
      if (song_vector_) {
        builder_->fill_song_vector(song_vector_->compute({song}, segments[i]), row, made.batch);
      }
      const TimeSpan span =
          time_span(song, segments[i], layout_.sample_rate_hz, layout_.window_samples);
      made.start_s.push_back(span.start_s);
      made.end_s.push_back(span.end_s);
    }
    return made;
  }

 private:
  std::string file_;
  ModelCard card_;
  Recipe recipe_;
  SegmentOptions segment_;
  FeatureLayout layout_;
  InputOptions options_;
  std::optional<InputBuilder> builder_;
  std::optional<SongVectorBuilder> song_vector_;
};

py::dict network_inputs(const fs::path& model, std::size_t member, Sound sound,
                        double max_seconds) {
  const OpenSound open(std::move(sound));
  NetworkInputs::OfSong made;
  {
    const py::gil_scoped_release unlocked;
    const std::vector<TensorFile> systems = systems_in(TensorFile::open(model));
    if (member >= systems.size()) {
      throw UsageError(model.string() + ": holds " + std::to_string(systems.size()) +
                       " systems, there is no member " + std::to_string(member));
    }
    made = NetworkInputs(systems[member]).of(open, max_seconds);
  }
  InputBatch& batch = made.batch;
  py::list lld;
  for (FloatTensor& branch : batch.lld) lld.append(to_array(std::move(branch)));
  using namespace py::literals;
  const auto count = static_cast<py::ssize_t>(made.start_s.size());
  return py::dict("spectrogram"_a = to_array(std::move(batch.spectrogram)),
                  "spectrogram_valid"_a = to_array(std::move(batch.spectrogram_valid)),
                  "lld"_a = lld, "lld_valid"_a = to_array(std::move(batch.lld_valid)),
                  "song_vector"_a = to_array(std::move(batch.song_vector)),
                  "start_s"_a = python::to_array(std::move(made.start_s), {count}),
                  "end_s"_a = python::to_array(std::move(made.end_s), {count}));
}

}  // namespace

void bind_models(py::module_& module) {
  module.def("find_model", &find_model, py::arg("name"), py::arg("weights"),
             py::arg("program_folder"),
             "The model file that a run folder, a path or a bundled model's name stands for.");
  module.def("network_inputs", &network_inputs, py::arg("model"), py::arg("member"),
             py::arg("sound"), py::arg("max_seconds"),
             "What the network of a model file is shown of a song, a row a segment.");
}

}  // namespace mer::python
