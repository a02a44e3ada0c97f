#include "mer/predict/evaluation.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <stdexcept>

#include "mer/core/error.hpp"
#include "mer/core/text.hpp"
#include "mer/core/text_table.hpp"
#include "probability_scores.hpp"
#include "task_scores.hpp"

namespace mer {
namespace {

constexpr std::uint64_t kBootstrapSeed = 0;
constexpr std::size_t kNumberWidth = 9;
constexpr std::size_t kColumns = 80;  ///< of a terminal

std::optional<int> index_of(const std::string& label, const std::vector<std::string>& classes) {
  const auto found = std::find(classes.begin(), classes.end(), label);
  if (found == classes.end()) return std::nullopt;
  return static_cast<int>(found - classes.begin());
}

[[noreturn]] void refuse_label(const std::string& manifest, const Song& song,
                               const std::vector<std::string>& classes) {
  const std::optional<std::string> near = nearest_word(song.label, classes);
  throw UsageError(manifest + ":" + std::to_string(song.line) + ": label '" + song.label +
                       "' is unknown to the model, its classes are " + join(classes, ", "),
                   near ? "did you mean '" + *near + "'?"
                        : "rename the label in the manifest, or take a model of these classes");
}

/// What scores are computed from: one entry an item.
struct Items {
  std::vector<int> truth;
  std::vector<int> predicted;
  std::vector<int> groups;
  ProbabilityRows probabilities;

  void add(int true_class, const std::vector<double>& of_item, int group) {
    truth.push_back(true_class);
    predicted.push_back(argmax(of_item));
    groups.push_back(group);
    probabilities.push_back(of_item);
  }
  ProbabilityItems with_probabilities() const { return {truth, groups, probabilities}; }
  Scores scores(std::size_t num_classes) const {
    return scores_with_intervals(truth, predicted, groups, static_cast<int>(num_classes),
                                 kBootstrapSeed);
  }
};

std::size_t count_groups(const std::vector<ScoredSong>& songs) {
  GroupNumbers groups;
  int largest = -1;
  for (const ScoredSong& scored : songs) largest = std::max(largest, groups.of(scored.song));
  return static_cast<std::size_t>(largest + 1);
}

/// Says of each song where its embedding lies among all of them. Those of a cross-validation come
/// with their places among their fold's, from the same network.
void place_embeddings(const std::vector<int>& truth, std::vector<ScoredSong>& songs) {
  if (songs.empty()) return;
  const std::size_t width = songs.front().prediction.network_embedding.size();
  Eigen::MatrixXd embeddings(std::ssize(songs), static_cast<Eigen::Index>(width));
  for (std::size_t i = 0; i < songs.size(); ++i) {
    const std::vector<double>& one = songs[i].prediction.network_embedding;
    if (width == 0 || one.size() != width || !std::isnan(songs[i].prediction.place.silhouette)) {
      return;
    }
    embeddings.row(static_cast<Eigen::Index>(i)) =
        Eigen::Map<const Eigen::RowVectorXd>(one.data(), static_cast<Eigen::Index>(width));
  }
  const std::vector<EmbeddingPlace> places = embedding_places(embeddings, truth);
  for (std::size_t i = 0; i < songs.size(); ++i) songs[i].prediction.place = places[i];
}

std::optional<EmbeddingScores> score_embeddings(const std::vector<ScoredSong>& songs,
                                                const std::vector<int>& groups) {
  std::vector<EmbeddingPlace> places;
  for (const ScoredSong& song : songs) places.push_back(song.prediction.place);
  const EmbeddingScores scores = embedding_scores(places, groups, kBootstrapSeed);
  if (scores.count == 0) return std::nullopt;
  return scores;
}

std::string plural(std::size_t count, const std::string& word) {
  return std::to_string(count) + " " + word + (count == 1 ? "" : "s");
}

std::string interval_text(const Interval& interval) {
  return "[" + fixed(interval[0], 3) + ", " + fixed(interval[1], 3) + "]";
}

std::string embedding_line(const EmbeddingScores& scores) {
  return "embedding   own center / others " + fixed(scores.ratio, 3) + " " +
         interval_text(scores.ratio_ci95) + ", silhouette " + fixed(scores.silhouette, 3) + " " +
         interval_text(scores.silhouette_ci95) + "\n";
}

std::string score_row(const std::string& name, const Scores& scores) {
  return pad_right(name, 10) + pad_left(fixed(scores.accuracy, 3), kNumberWidth) + "  " +
         interval_text(scores.accuracy_ci95) + pad_left(fixed(scores.macro_f1, 3), kNumberWidth) +
         "  " + interval_text(scores.macro_f1_ci95) + "\n";
}

std::size_t name_width(const std::vector<std::string>& classes, std::size_t at_least) {
  for (const std::string& name : classes) {
    at_least = std::max(at_least, display_width(printable(name)));
  }
  return at_least;
}

std::string per_class_table(const std::string& title, const Scores& scores,
                            const std::vector<std::string>& classes) {
  const std::size_t width = name_width(classes, 10);
  std::string text = pad_right(title, width);
  for (const char* name : {"precision", "recall", "F1", "support"}) {
    text += "  " + pad_left(name, kNumberWidth);
  }
  text += "\n";
  for (std::size_t c = 0; c < classes.size(); ++c) {
    const ClassScores& of_class = scores.per_class.at(c);
    text += pad_right(printable(classes[c]), width);
    for (const double value : {of_class.precision, of_class.recall, of_class.f1}) {
      text += "  " + pad_left(fixed(value, 3), kNumberWidth);
    }
    text += "  " + pad_left(std::to_string(of_class.support), kNumberWidth) + "\n";
  }
  return text;
}

/// Counts on the left, per cent of the row on the right.
std::string confusion_table(const std::string& title, const Scores& scores,
                            const std::vector<std::string>& classes) {
  const std::size_t width = name_width(classes, 0);
  const std::size_t cell = name_width(classes, 6) + 1;
  const Eigen::MatrixXd percent = row_percent(scores.confusion);
  std::string names;
  for (const std::string& name : classes) names += pad_left(printable(name), cell);
  std::vector<std::string> counts = {names};
  std::vector<std::string> shares = {names};
  for (Eigen::Index row = 0; row < scores.confusion.rows(); ++row) {
    counts.emplace_back();
    shares.emplace_back();
    for (Eigen::Index column = 0; column < scores.confusion.cols(); ++column) {
      counts.back() += pad_left(std::to_string(scores.confusion(row, column)), cell);
      shares.back() += pad_left(fixed(percent(row, column), 1), cell);
    }
  }
  const bool side_by_side = width + 2 * classes.size() * cell + 3 <= kColumns;
  std::string text =
      title + " confusion: rows = truth, columns = predicted; counts, then % of row\n";
  for (std::size_t row = 0; row < counts.size(); ++row) {
    text += pad_right(row == 0 ? "" : printable(classes[row - 1]), width) + counts[row] +
            (side_by_side ? "   " + shares[row] : "") + "\n";
  }
  for (std::size_t row = 0; row < shares.size() && !side_by_side; ++row) {
    text += pad_right(row == 0 ? "" : printable(classes[row - 1]), width) + shares[row] + "\n";
  }
  return text;
}

/// Scores of classes, over the songs that have one.
void score_classes(const ModelAnswers& answers, std::vector<ScoredSong>& songs,
                   Evaluation& evaluation) {
  const std::vector<std::string>& classes = answers.classes;
  GroupNumbers groups;
  Items song_items;
  Items segment_items;
  for (const ScoredSong& scored : songs) {
    if (scored.song.label.empty()) continue;
    const std::optional<int> truth = index_of(scored.song.label, classes);
    if (!truth) refuse_label("the manifest", scored.song, classes);
    const int group = groups.of(scored.song);
    song_items.add(*truth, scored.prediction.probabilities, group);
    for (const SegmentPrediction& segment : scored.prediction.segments) {
      segment_items.add(*truth, segment.probabilities, group);
    }
  }
  if (song_items.truth.size() == songs.size()) {
    place_embeddings(song_items.truth, songs);
    evaluation.embedding_scores = score_embeddings(songs, song_items.groups);
  }
  const std::vector<std::int64_t>& counts = answers.training_counts;
  const auto baseline =
      static_cast<std::size_t>(std::max_element(counts.begin(), counts.end()) - counts.begin());
  evaluation.baseline_class = classes[baseline];
  evaluation.song_scores = song_items.scores(classes.size());
  evaluation.segment_scores = segment_items.scores(classes.size());
  evaluation.probability_scores = score_probabilities(
      song_items.with_probabilities(), segment_items.with_probabilities(), classes, kBootstrapSeed);
  // Saying the same class of every song is right as often as that class occurs.
  if (song_items.truth.empty()) return;
  evaluation.baseline_accuracy =
      static_cast<double>(evaluation.song_scores.per_class[baseline].support) /
      static_cast<double>(song_items.truth.size());
}

/// How well classes are found, and what their probabilities are worth.
std::string class_tables(const Evaluation& evaluation) {
  const Scores& songs = evaluation.song_scores;
  std::string text = pad_right("", 10) + pad_left("accuracy", kNumberWidth) + "  95 % interval " +
                     pad_left("macro-F1", kNumberWidth) + "  95 % interval  (resampling groups)\n";
  text += score_row("songs", songs);
  text += score_row("segments", evaluation.segment_scores);
  text += pad_right("baseline", 10) +
          pad_left(fixed(evaluation.baseline_accuracy, 3), kNumberWidth) + "  always '" +
          printable(evaluation.baseline_class) + "', the training songs' most frequent class\n\n";
  text += probability_table(evaluation.probability_scores);
  if (evaluation.embedding_scores) text += embedding_line(*evaluation.embedding_scores) + "\n";
  return text;
}

}  // namespace

void require_known_labels(const Manifest& manifest, const std::vector<std::size_t>& songs,
                          const std::vector<std::string>& classes) {
  if (classes.empty()) return;
  for (const std::size_t index : songs) {
    const Song& song = manifest.songs.at(index);
    if (song.label.empty() || index_of(song.label, classes)) continue;
    refuse_label(manifest.file.string(), song, classes);
  }
}

Evaluation score_songs(std::string model, std::string split, ModelAnswers answers,
                       std::vector<ScoredSong> songs, std::vector<std::string> failed) {
  const std::vector<std::string>& classes = answers.classes;
  if (answers.training_counts.size() != classes.size()) {
    throw std::invalid_argument("score_songs: " + std::to_string(answers.training_counts.size()) +
                                " training counts for " + std::to_string(classes.size()) +
                                " classes");
  }
  Evaluation evaluation;
  if (!classes.empty()) score_classes(answers, songs, evaluation);
  evaluation.valence =
      score_numbers(songs, &Song::valence, &SongPrediction::valence, kBootstrapSeed);
  evaluation.arousal =
      score_numbers(songs, &Song::arousal, &SongPrediction::arousal, kBootstrapSeed);
  AxesOverTime over_time = score_curves(songs, kBootstrapSeed);
  evaluation.valence_over_time = std::move(over_time.valence);
  evaluation.arousal_over_time = std::move(over_time.arousal);
  evaluation.tag_scores = score_tags(songs, answers.tags, kBootstrapSeed);
  evaluation.model = std::move(model);
  evaluation.split = std::move(split);
  evaluation.classes = std::move(answers.classes);
  evaluation.tags = std::move(answers.tags);
  evaluation.songs = std::move(songs);
  evaluation.failed = std::move(failed);
  return evaluation;
}

std::string to_table(const Evaluation& evaluation) {
  const Scores& songs = evaluation.song_scores;
  const Scores& segments = evaluation.segment_scores;
  const auto num_segments = [&evaluation] {
    std::size_t count = 0;
    for (const ScoredSong& song : evaluation.songs) count += song.prediction.segments.size();
    return count;
  };
  const bool has_classes = !evaluation.classes.empty();
  std::string text = "model     " + printable(evaluation.model) + "\n";
  text +=
      "split     " + printable(evaluation.split) + ": " + plural(evaluation.songs.size(), "song") +
      " in " + plural(count_groups(evaluation.songs), "group") + ", " +
      plural(has_classes ? static_cast<std::size_t>(segments.count) : num_segments(), "segment");
  if (!evaluation.failed.empty()) {
    text += "; " + plural(evaluation.failed.size(), "song") + " could not be read, not counted";
  }
  if (has_classes && songs.count < std::ssize(evaluation.songs)) {
    text += "; " + plural(evaluation.songs.size() - static_cast<std::size_t>(songs.count), "song") +
            " without a class";
  }
  text += "\n\n";
  if (has_classes) text += class_tables(evaluation);
  text += task_table(evaluation);
  if (!has_classes) return text;
  text += per_class_table("songs", songs, evaluation.classes) + "\n";
  text += per_class_table("segments", segments, evaluation.classes) + "\n";
  text += confusion_table("songs", songs, evaluation.classes) + "\n";
  text += confusion_table("segments", segments, evaluation.classes);
  return text;
}

}  // namespace mer
