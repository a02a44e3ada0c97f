#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <optional>

#include "mer/core/text.hpp"
#include "mer/core/text_table.hpp"
#include "mer/experiment/sweep_summary.hpp"

namespace mer {
namespace {

constexpr const char* kNothing = "–";

std::string number(double value, int digits) {
  return std::isnan(value) ? kNothing : fixed(value, digits);
}

std::string percent(double share) { return number(100.0 * share, 1); }

std::string interval_percent(const Interval& ci95) {
  if (std::isnan(ci95[0])) return "";
  return "[" + percent(ci95[0]) + ", " + percent(ci95[1]) + "]";
}

/// "61.2 ± 1.3 [55.0, 67.1]"
std::string percent(const Measured& measured) {
  if (std::isnan(measured.mean)) return kNothing;
  std::string text = percent(measured.mean);
  if (!std::isnan(measured.deviation)) text += " ± " + percent(measured.deviation);
  return text + " " + interval_percent(measured.ci95);
}

/// With its sign, in percentage points.
std::string points(double difference) {
  if (std::isnan(difference)) return kNothing;
  return (difference >= 0.0 ? "+" : "") + fixed(100.0 * difference, 1);
}

std::string p_value(double p) {
  if (std::isnan(p)) return kNothing;
  return p < 0.001 ? "< 0.001" : fixed(p, 3);
}

std::string line_of(const std::vector<std::string>& cells) {
  return "| " + join(cells, " | ") + " |\n";
}

std::string header_of(const std::vector<std::string>& cells) {
  return line_of(cells) + line_of(std::vector<std::string>(cells.size(), "---"));
}

/// Characters that would end a cell of a table.
std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : to_valid_utf8(text)) {
    if (c == '|') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out;
}

const char* word_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::kHolds:
      return "**holds**";
    case Verdict::kFails:
      return "**does not hold**";
    case Verdict::kUndecided:
      return "the intervals can't decide";
    case Verdict::kNotRun:
      break;
  }
  return "not run";
}

class Markdown {
 public:
  Markdown(const SweepPlan& plan, const SweepSummary& summary) : plan_(plan), summary_(summary) {}

  std::string text() const {
    std::string text = "# " + plan_.file.file.stem().string() +
                       (plan_.file.title.empty() ? "" : ": " + escaped(plan_.file.title)) + "\n\n";
    text += verdict() + "\n\n" + state() + accuracies() + training_songs() + training_segments() +
            embeddings() + tests() + losses() + confusions() + claims();
    for (const std::string& note : plan_.file.notes) text += "\n* " + escaped(note);
    if (!plan_.file.notes.empty()) text += "\n";
    return text + missing();
  }

 private:
  /// The rows' names in order, each once.
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const SweepRow& row : plan_.rows) {
      if (std::find(names.begin(), names.end(), row.name) == names.end()) {
        names.push_back(row.name);
      }
    }
    return names;
  }

  const RowSummary* row_of(const std::string& name, const std::string& variant) const {
    for (std::size_t i = 0; i < plan_.rows.size(); ++i) {
      if (plan_.rows[i].name == name && plan_.rows[i].variant == variant) return &summary_.rows[i];
    }
    return nullptr;
  }

  std::string paper_number(const std::string& measure, const std::string& row) const {
    const auto numbers = plan_.file.paper.by_measure.find(measure);
    if (numbers == plan_.file.paper.by_measure.end()) return kNothing;
    const auto found = numbers->second.find(row);
    return found == numbers->second.end() ? kNothing : format_number(found->second);
  }

  bool paper_has(const std::string& measure) const {
    return plan_.file.paper.by_measure.contains(measure);
  }

  /// What came out, in a sentence.
  std::string verdict() const {
    std::vector<std::string> parts;
    for (const std::string& part : {best_row(), most_segments(), lowest_loss(), claims_count()}) {
      if (!part.empty()) parts.push_back(part);
    }
    return parts.empty() ? "Nothing to compare has finished yet." : join(parts, "; ") + ".";
  }

  /// The finished row with the largest value; none where no row has one.
  std::optional<std::size_t> largest(const std::function<double(const RowSummary&)>& value) const {
    std::optional<std::size_t> best;
    for (std::size_t i = 0; i < summary_.rows.size(); ++i) {
      const double here = value(summary_.rows[i]);
      if (summary_.rows[i].finished == 0 || std::isnan(here)) continue;
      if (!best || here > value(summary_.rows[*best])) best = i;
    }
    return best;
  }

  std::string bold_name(std::size_t row) const {
    return "**" + escaped(plan_.rows[row].full_name()) + "**";
  }

  /// Which row has the best accuracy, and whether that is more than chance.
  std::string best_row() const {
    if (!is_scored()) return "";
    const auto best = largest([](const RowSummary& row) { return row.song_accuracy.mean; });
    if (!best) return "";
    const RowSummary& row = summary_.rows[*best];
    std::string text = (plan_.rows.size() > 1 ? "Best is " : "") + bold_name(*best) + " with " +
                       percent(row.song_accuracy.mean) + " % of the " + plan_.file.score +
                       " songs right " + interval_percent(row.song_accuracy.ci95);
    if (row.comparison) return text + against_reference(*row.comparison);
    return text + against_others(*best);
  }

  static constexpr double kSignificant = 0.05;

  std::string against_reference(const PairedComparison& test) const {
    if (std::isnan(test.song_bootstrap_holm)) return "";
    return ", " + points(test.song_difference) + " points against " + bold_name(test.reference) +
           ", which is " + (test.song_bootstrap_holm < kSignificant ? "" : "not ") +
           "beyond chance (p " + equals(test.song_bootstrap_holm) + ")";
  }

  static std::string equals(double p) { return (p < 0.001 ? "" : "= ") + p_value(p); }

  /// Of the rows that are compared with the best one.
  std::string against_others(std::size_t best) const {
    std::size_t compared = 0;
    std::size_t beaten = 0;
    for (const RowSummary& row : summary_.rows) {
      if (!row.comparison || row.comparison->reference != best) continue;
      ++compared;
      const double p = row.comparison->song_bootstrap_holm;
      if (row.comparison->song_difference < 0.0 && p < kSignificant) ++beaten;
    }
    if (compared == 0) return "";
    if (compared == 1) {
      return std::string(", the reference; the other is ") + (beaten == 1 ? "" : "not ") +
             "worse beyond chance";
    }
    return ", the reference; " + (beaten == 0 ? "none" : std::to_string(beaten)) + " of the " +
           std::to_string(compared) + " others " + (beaten < 2 ? "is" : "are") +
           " worse beyond chance";
  }

  std::string most_segments() const {
    if (is_scored() || !plan_.file.show_training_segments) return "";
    const auto most = largest([](const RowSummary& row) { return row.training_segments; });
    const auto least = largest([](const RowSummary& row) { return -row.training_segments; });
    if (!most) return "";
    return "Training segments go from " + number(summary_.rows[*least].training_segments, 0) +
           " (" + bold_name(*least) + ") to " + number(summary_.rows[*most].training_segments, 0) +
           " (" + bold_name(*most) + ")";
  }

  std::string lowest_loss() const {
    if (is_scored() || !plan_.file.show_loss) return "";
    const auto least = largest([](const RowSummary& row) { return -row.loss; });
    if (!least) return "";
    return "The lowest training loss has " + bold_name(*least) + ", " +
           number(summary_.rows[*least].loss, 4);
  }

  /// "of 4 claims 2 hold, 1 does not hold": of songs, each in each variant.
  std::string claims_count() const {
    std::size_t count = 0;
    std::map<Verdict, std::size_t> verdicts;
    for (const auto& variants : summary_.claims) {
      for (const ClaimResult& result : variants) {
        ++count;
        ++verdicts[result.songs];
      }
    }
    if (count == verdicts[Verdict::kNotRun]) return "";
    const auto told = [&](Verdict verdict, const char* one, const char* several) {
      const std::size_t number = verdicts[verdict];
      return std::to_string(number) + " " + (number == 1 ? one : several);
    };
    return "of " + std::to_string(count) + (count == 1 ? " claim " : " claims ") +
           told(Verdict::kHolds, "holds", "hold") + ", " +
           told(Verdict::kFails, "does not", "do not") + ", " +
           told(Verdict::kUndecided, "is", "are") + " left open by the intervals" +
           (verdicts[Verdict::kNotRun] == 0
                ? ""
                : ", " + told(Verdict::kNotRun, "was", "were") + " not run");
  }

  std::string state() const {
    std::size_t finished = 0;
    for (const RowSummary& row : summary_.rows) finished += row.finished;
    std::string text = std::to_string(finished) + " of " + std::to_string(plan_.cells.size()) +
                       " cells have finished. ";
    const auto first = std::find_if(summary_.rows.begin(), summary_.rows.end(),
                                    [](const RowSummary& row) { return row.finished > 0; });
    if (is_scored() && first != summary_.rows.end()) {
      text += "Scored: the " + plan_.file.score + " songs (" + std::to_string(first->num_songs) +
              " in " + std::to_string(first->num_groups) + " groups); most frequent class " +
              percent(first->baseline_accuracy) + " %. ";
    }
    if (!is_scored()) return text + "\n\n";
    return text +
           "Accuracies in per cent: mean ± deviation between runs (seeds, splits, folds) [95 % "
           "interval from resampling groups of songs].\n\n";
  }

  bool is_scored() const { return plan_.file.score != kScoreNone; }

  /// What a table shows of a row.
  struct Column {
    std::string name;
    std::function<std::string(const RowSummary&)> value;
  };

  /// Rows by name; the paper's numbers, then the columns of each variant.
  std::string table(const std::vector<std::string>& measures,
                    const std::vector<Column>& columns) const {
    std::vector<std::string> header = {"cell"};
    for (const std::string& measure : measures) {
      if (paper_has(measure)) header.push_back("paper: " + measure);
    }
    for (const SweepVariant& variant : plan_.file.variants) {
      for (const Column& column : columns) {
        header.push_back((variant.name.empty() ? "" : variant.name + ": ") + column.name);
      }
    }
    std::string text = header_of(header);
    static const RowSummary kAbsent;
    for (const std::string& name : names()) {
      std::vector<std::string> cells = {escaped(name)};
      for (const std::string& measure : measures) {
        if (paper_has(measure)) cells.push_back(paper_number(measure, name));
      }
      for (const SweepVariant& variant : plan_.file.variants) {
        const RowSummary* row = row_of(name, variant.name);
        for (const Column& column : columns) {
          cells.push_back(column.value(row == nullptr ? kAbsent : *row));
        }
      }
      text += line_of(cells);
    }
    return text;
  }

  static Column share(const std::string& name, Measured RowSummary::*measured) {
    return {name, [measured](const RowSummary& row) { return percent(row.*measured); }};
  }

  static Column runs() {
    return {"runs", [](const RowSummary& row) { return std::to_string(row.num_runs); }};
  }

  std::string accuracies() const {
    if (!is_scored()) return "";
    return table({"accuracy"}, {share("songs", &RowSummary::song_accuracy),
                                share("segments", &RowSummary::segment_accuracy), runs()});
  }

  std::string training_songs() const {
    if (!plan_.file.show_train_accuracy) return "";
    return "\n## Training songs\n\nTheir accuracy, and how much less that of the " +
           plan_.file.score + " songs is (the gap), in percentage points.\n\n" +
           table({"train_accuracy", "gap"},
                 {share("songs", &RowSummary::train_accuracy), share("gap", &RowSummary::gap),
                  share("segments", &RowSummary::train_segment_accuracy),
                  share("gap of segments", &RowSummary::segment_gap)});
  }

  std::string embeddings() const {
    if (!plan_.file.show_embeddings) return "";
    const auto plain = [](Measured RowSummary::*measured) {
      return [measured](const RowSummary& row) {
        const Measured& value = row.*measured;
        if (std::isnan(value.mean)) return std::string(kNothing);
        return number(value.mean, 3) + " [" + number(value.ci95[0], 3) + ", " +
               number(value.ci95[1], 3) + "]";
      };
    };
    return "\n## Embeddings\n\nDistances of the songs' embeddings to the mean of their own class "
           "over "
           "those to the others' (the smaller, the further apart are the classes), and "
           "silhouettes.\n\n" +
           table({}, {{"own / other centers", plain(&RowSummary::center_ratio)},
                      {"silhouette", plain(&RowSummary::silhouette)}});
  }

  std::string training_segments() const {
    if (!plan_.file.show_training_segments) return "";
    const Column segments = {
        "segments", [](const RowSummary& row) { return number(row.training_segments, 0); }};
    const Column songs = {"of songs",
                          [](const RowSummary& row) { return number(row.training_songs, 0); }};
    return (is_scored() ? "\n## Training segments\n\n" : "") +
           table({"training_segments"}, {segments, songs});
  }

  std::string tests() const {
    const bool any = std::any_of(summary_.rows.begin(), summary_.rows.end(),
                                 [](const RowSummary& row) { return row.comparison.has_value(); });
    if (!any) return "";
    std::string text =
        "\n## Against the reference\n\nDifferences in percentage points with 95 % intervals from "
        "resampling groups, both cells on the same draw; p corrected by Holm for the number of "
        "comparisons in this table. Songs: those that only this cell gets right, and only the "
        "reference (in more of its runs, when there are several). Folds or splits: Nadeau and "
        "Bengio's corrected t-test.\n\n";
    text += header_of({"cell", "reference", "songs", "p", "better / worse songs", "McNemar p",
                       "segments", "p", "folds: t", "p"});
    for (std::size_t i = 0; i < summary_.rows.size(); ++i) {
      if (summary_.rows[i].comparison)
        text += test_line(plan_.rows[i], *summary_.rows[i].comparison);
    }
    return text + note_on_songs();
  }

  std::string test_line(const SweepRow& row, const PairedComparison& test) const {
    const auto difference = [](double value, const Bootstrap& bootstrap) {
      return points(value) + " [" + points(bootstrap.ci95[0]) + ", " + points(bootstrap.ci95[1]) +
             "]";
    };
    const bool has_t = test.nadeau_bengio.has_value();
    return line_of(
        {escaped(row.full_name()), escaped(plan_.rows[test.reference].full_name()),
         difference(test.song_difference, test.song_bootstrap), p_value(test.song_bootstrap_holm),
         test.common_songs == 0 ? kNothing
                                : std::to_string(test.better) + " / " + std::to_string(test.worse),
         p_value(test.mcnemar_holm), difference(test.segment_difference, test.segment_bootstrap),
         p_value(test.segment_bootstrap_holm),
         has_t ? number(test.nadeau_bengio->t, 2) + " (" +
                     std::to_string(test.nadeau_bengio->degrees_of_freedom) + ")"
               : kNothing,
         p_value(test.nadeau_bengio_holm)});
  }

  std::string note_on_songs() const {
    std::string text;
    for (std::size_t i = 0; i < summary_.rows.size(); ++i) {
      const auto& test = summary_.rows[i].comparison;
      if (!test || test->same_songs) continue;
      text += "\n* " + escaped(plan_.rows[i].full_name()) +
              " and its reference were not scored on " + "the same songs: they share " +
              std::to_string(test->common_songs) + ", and their difference is not a paired one.";
    }
    return text.empty() ? text : text + "\n";
  }

  std::string losses() const {
    if (!plan_.file.show_loss) return "";
    std::string text = "\n## Training loss\n\nMeans of the rows of metrics.csv after iteration " +
                       format_number(plan_.file.loss_after) +
                       "; its fall = the share of the whole fall that comes after it; as printed = "
                       "the paper's sum over a batch, at the end. The curves are in loss.csv and "
                       "loss_as_printed.csv.\n\n";
    text += header_of({"cell", "paper", "mean", "deviation between runs", "deviation in time",
                       "its fall, %", "as printed", "runs"});
    for (std::size_t i = 0; i < summary_.rows.size(); ++i) {
      const RowSummary& row = summary_.rows[i];
      text += line_of({escaped(plan_.rows[i].full_name()), paper_number("loss", plan_.rows[i].name),
                       number(row.loss, 4), number(row.loss_deviation, 4),
                       number(row.loss_in_time, 4), percent(row.loss_fall),
                       number(row.loss_as_printed, 3), std::to_string(row.num_runs)});
    }
    return text;
  }

  std::string confusions() const {
    if (plan_.file.confusion_order.empty() || summary_.classes.empty()) return "";
    std::string text;
    for (std::size_t i = 0; i < summary_.rows.size(); ++i) {
      if (summary_.rows[i].finished > 0) text += confusion(plan_.rows[i], summary_.rows[i]);
    }
    return text;
  }

  std::string confusion(const SweepRow& row, const RowSummary& of_row) const {
    std::string text = "\n## Confusion of " + escaped(row.full_name()) +
                       "\n\nPer cent of the truth (rows): songs / segments";
    const auto paper = plan_.file.paper.confusion.find(row.name);
    const bool has_paper = paper != plan_.file.paper.confusion.end();
    text += has_paper ? " / the paper\n\n" : "\n\n";
    const std::vector<std::size_t> order_of_classes = class_order(plan_, summary_);
    std::vector<std::string> header = {"truth"};
    for (const std::size_t c : order_of_classes) header.push_back(escaped(summary_.classes[c]));
    text += header_of(header);
    const Eigen::MatrixXd songs = row_percent(of_row.song_confusion);
    const Eigen::MatrixXd segments = row_percent(of_row.segment_confusion);
    for (std::size_t r = 0; r < order_of_classes.size(); ++r) {
      std::vector<std::string> cells = {escaped(summary_.classes[order_of_classes[r]])};
      for (std::size_t c = 0; c < order_of_classes.size(); ++c) {
        const auto truth = static_cast<Eigen::Index>(order_of_classes[r]);
        const auto answer = static_cast<Eigen::Index>(order_of_classes[c]);
        std::string cell =
            fixed(songs(truth, answer), 1) + " / " + fixed(segments(truth, answer), 1);
        if (has_paper && r < paper->second.size() && c < paper->second.size()) {
          cell += " / " + format_number(paper->second[r][c]);
        }
        cells.push_back(std::move(cell));
      }
      text += line_of(cells);
    }
    return text;
  }

  std::string claims() const {
    if (plan_.file.claims.empty()) return "";
    std::string text =
        "\n## Claims\n\nA claim holds when the 95 % interval of each of its comparisons lies above "
        "0, and does not when one lies below.\n\n";
    std::vector<std::string> header = {"claim", "in the paper"};
    for (const SweepVariant& variant : plan_.file.variants) {
      header.push_back(variant.name.empty() ? "here" : variant.name);
    }
    text += header_of(header);
    for (std::size_t i = 0; i < plan_.file.claims.size(); ++i) {
      const Claim& claim = plan_.file.claims[i];
      std::vector<std::string> cells = {escaped(claim.says), escaped(claim.paper)};
      for (const ClaimResult& result : summary_.claims[i]) cells.push_back(verdicts(claim, result));
      while (cells.size() < header.size()) cells.emplace_back("no comparison is made of it");
      text += line_of(cells);
    }
    return text + claim_details();
  }

  static bool is_about_losses(const Comparison& comparison) {
    return comparison.larger.is_loss() || comparison.smaller.is_loss();
  }

  static std::string verdicts(const Claim& claim, const ClaimResult& result) {
    const bool only_losses =
        std::all_of(claim.holds_if.begin(), claim.holds_if.end(), is_about_losses);
    if (only_losses) return word_of(result.songs);
    return std::string("songs: ") + word_of(result.songs) +
           "; segments: " + word_of(result.segments);
  }

  std::string claim_details() const {
    std::string text;
    for (std::size_t i = 0; i < plan_.file.claims.size(); ++i) {
      const Claim& claim = plan_.file.claims[i];
      for (const ClaimResult& result : summary_.claims[i]) {
        for (std::size_t c = 0; c < claim.holds_if.size(); ++c) {
          if (result.of_songs[c].verdict == Verdict::kNotRun) continue;
          text += "* " + (result.variant.empty() ? "" : escaped(result.variant) + ": ") +
                  escaped(claim.holds_if[c].text()) + ": " +
                  (is_about_losses(claim.holds_if[c])
                       ? loss_detail(result.of_songs[c])
                       : "songs " + detail(result.of_songs[c]) + ", segments " +
                             detail(result.of_segments[c])) +
                  "\n";
        }
      }
    }
    return text.empty() ? text : "\nDifferences, left minus right (percentage points):\n\n" + text;
  }

  static std::string detail(const ComparisonResult& result) {
    return points(result.difference) + " [" + points(result.ci95[0]) + ", " +
           points(result.ci95[1]) + "]";
  }

  static std::string loss_detail(const ComparisonResult& result) {
    return "loss " + number(result.difference, 4) +
           (std::isnan(result.ci95[0]) ? " (one run: no interval)"
                                       : " [" + number(result.ci95[0], 4) + ", " +
                                             number(result.ci95[1], 4) + "] over runs");
  }

  std::string missing() const {
    std::string text;
    if (!summary_.missing.empty()) {
      text += "\n## Without results\n\n";
      for (const MissingCell& cell : summary_.missing) {
        text += "* " + escaped(cell.name) + ": " + escaped(cell.reason) + "\n";
      }
    }
    if (!summary_.failed_songs.empty()) {
      text += "\n## Songs that could not be read\n\n";
      for (const std::string& song : summary_.failed_songs) text += "* " + escaped(song) + "\n";
    }
    return text;
  }

  const SweepPlan& plan_;
  const SweepSummary& summary_;
};

}  // namespace

std::string summary_markdown(const SweepPlan& plan, const SweepSummary& summary) {
  return Markdown(plan, summary).text();
}

}  // namespace mer
