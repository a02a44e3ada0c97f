#pragma once

#include <string>
#include <vector>

namespace mer {

/// Something measured of a row: `accuracy(cnn)`, `recall.sad(cnn)`.
///
///   accuracy, macro_f1           of the scored songs, or of their segments
///   train_accuracy, gap          of the training songs; gap = train_accuracy − accuracy
///   recall.CLASS                 share of a class that is recognized
///   confused.A.B                 share of the songs of A and B that are taken for the other
///   loss, loss.N                 mean training loss, after iteration N
///   loss_as_printed(.N)          the same of the loss as the paper prints it
///   loss_fall.N                  share of the training loss' whole fall that comes after iteration
///                                N: (first row after N − last row) / (first row − last row)
///   silhouette, center_ratio     of the scored songs' embeddings, see EmbeddingScores
struct ClaimTerm {
  std::string measure;  ///< the first word
  std::vector<std::string> arguments;
  std::string row;  ///< empty: a plain number
  double number = 0.0;

  std::string text() const;
  bool is_loss() const { return measure.starts_with("loss"); }
  bool needs_training_songs() const { return measure == "train_accuracy" || measure == "gap"; }
};

/// `larger > smaller`
struct Comparison {
  ClaimTerm larger;
  ClaimTerm smaller;

  std::string text() const { return larger.text() + " > " + smaller.text(); }
  /// Reads `TERM > TERM` or `TERM < TERM`, where a term may be a number.
  /// @throws UsageError that starts with `place`
  static Comparison parse(const std::string& text, const std::string& place);
};

/// What a paper says, and what would have to be so. Without comparisons it is printed as text.
struct Claim {
  std::string says;
  std::string paper;  ///< how the paper supports it: measured, argued, contradicted
  std::vector<Comparison> holds_if;
  std::string place;
};

}  // namespace mer
