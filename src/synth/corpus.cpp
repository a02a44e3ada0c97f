#include "mer/synth/corpus.hpp"

#include <mutex>
#include <nlohmann/json.hpp>
#include <set>

#include "dice.hpp"
#include "mer/audio/audio_reader.hpp"
#include "mer/core/atomic_file.hpp"
#include "mer/core/error.hpp"
#include "mer/core/file_lock.hpp"
#include "mer/core/files.hpp"
#include "mer/core/options.hpp"
#include "mer/core/parallel.hpp"
#include "mer/core/random.hpp"
#include "mer/core/text.hpp"
#include "mer/synth/render.hpp"

namespace mer {
namespace {

namespace fs = std::filesystem;

constexpr const char* kManifest = "manifest.csv";
constexpr const char* kRecipe = "synth.json";
/// Raised when the same seed gives other songs, so that an old corpus is made again.
constexpr int kComposerVersion = 1;

std::string numbered(const std::string& word, std::size_t number, std::size_t digits) {
  const std::string text = std::to_string(number);
  return word + std::string(digits > text.size() ? digits - text.size() : 0, '0') + text;
}

std::string recipe_of(const SynthOptions& options) {
  nlohmann::ordered_json recipe;
  recipe["composer_version"] = kComposerVersion;
  recipe["options"] = to_json(options);
  return recipe.dump(2) + "\n";
}

std::string manifest_of(const std::vector<SongPlan>& plans) {
  std::string text = csv_line(std::vector<std::string>{"path", "label", "group"});
  for (const SongPlan& plan : plans) {
    text += csv_line(
        std::vector<std::string>{plan.path, std::string(name_of(plan.emotion)), plan.group});
  }
  return text;
}

bool holds(const fs::path& file, const std::string& text) {
  return fs::is_regular_file(file) && read_text_file(file) == text;
}

bool is_complete(const fs::path& folder, const SynthOptions& options,
                 const std::vector<SongPlan>& plans) {
  if (!holds(folder / kRecipe, recipe_of(options))) return false;
  if (!holds(folder / kManifest, manifest_of(plans))) return false;
  for (const SongPlan& plan : plans) {
    if (!fs::is_regular_file(folder / plan.path)) return false;
  }
  return true;
}

/// Of a folder that is not ours.
void require_nothing(const fs::path& file) {
  if (!fs::exists(file)) return;
  throw UsageError(file.string() + ": is there already and is not of `mer synth`",
                   "choose another folder with -o");
}

}  // namespace

void SynthOptions::visit(OptionsVisitor& v) {
  v.field("songs", songs, between(1, 100000), "number of songs, spread evenly over four emotions");
  v.field("seconds", seconds, between(1, 3600), "length of each song, in seconds");
  v.field("seed", seed, at_least(0), "another seed composes other songs");
  v.field("sample_rate_hz", sample_rate_hz, between(8000, 192000), "of the files, in Hz");
}

std::vector<SongPlan> plan_corpus(const SynthOptions& options) {
  const auto seed = static_cast<std::uint64_t>(options.seed);
  Dice dice(mix_seed({seed, seed_of("corpus")}));
  std::vector<SongPlan> plans;
  std::size_t artist = 0;
  int left_of_artist = 0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(options.songs); ++i) {
    if (left_of_artist == 0) {
      ++artist;
      left_of_artist = dice.between(2, 3);
    }
    --left_of_artist;
    SongPlan plan;
    // Neighbors differ in emotion, so an artist's two or three songs do.
    plan.emotion = kEmotions[i % kEmotions.size()];
    plan.path = std::string(name_of(plan.emotion)) + "/" + numbered("song_", i + 1, 4) + ".flac";
    plan.group = numbered("artist_", artist, 3);
    plan.song_seed = mix_seed({seed, seed_of("song"), i});
    plan.artist_seed = mix_seed({seed, seed_of("artist"), artist});
    plans.push_back(std::move(plan));
  }
  return plans;
}

SynthReport make_corpus(const fs::path& folder, const SynthOptions& options, int jobs,
                        const Progress& progress, const std::function<bool()>& stop) {
  const std::vector<SongPlan> plans = plan_corpus(options);
  SynthReport report;
  report.manifest = folder / kManifest;
  report.num_songs = plans.size();
  std::set<std::string> groups;
  for (const SongPlan& plan : plans) groups.insert(plan.group);
  report.num_groups = groups.size();

  if (!fs::exists(folder / kRecipe)) {
    require_nothing(report.manifest);
    for (const SongPlan& plan : plans) require_nothing(folder / plan.path);
  }
  if (is_complete(folder, options, plans)) {
    report.was_there = true;
    return report;
  }

  for (const Emotion emotion : kEmotions) {
    make_folder(folder / name_of(emotion), "choose another with -o");
    AtomicFile::remove_abandoned(folder / name_of(emotion));
  }
  FileLock folder_lock(folder);
  if (folder_lock.take() == FileLock::State::kTaken) {
    throw UsageError(folder.string() + ": another mer writes in this folder",
                     "wait until it has ended, or stop it");
  }
  // The recipe first and the manifest last: a folder without a manifest was interrupted.
  std::error_code ignored;
  fs::remove(report.manifest, ignored);
  write_text_file(folder / kRecipe, recipe_of(options));

  std::mutex mutex;
  std::size_t done = 0;
  parallel_for_each(
      plans.size(), jobs,
      [&](std::size_t i) {
        const SongPlan& plan = plans[i];
        write_audio(folder / plan.path,
                    render_song(plan.emotion, plan.song_seed, plan.artist_seed, options.seconds,
                                options.sample_rate_hz),
                    options.sample_rate_hz);
        const std::lock_guard lock(mutex);
        ++done;
        if (progress) progress(done, plans.size(), plan.path);
      },
      stop);
  if (stop && stop()) {
    throw Interrupted("interrupted after " + std::to_string(done) + " songs",
                      "the same command starts again");
  }
  write_text_file(report.manifest, manifest_of(plans));
  return report;
}

}  // namespace mer
