#include "mer/experiment/claim.hpp"

#include <algorithm>
#include <charconv>

#include "mer/core/error.hpp"
#include "mer/core/text.hpp"

namespace mer {
namespace {

struct MeasureName {
  std::string name;
  std::size_t min_arguments;
  std::size_t max_arguments;
};
const std::vector<MeasureName> kMeasures = {
    {"accuracy", 0, 0},  {"macro_f1", 0, 0},   {"train_accuracy", 0, 0}, {"gap", 0, 0},
    {"recall", 1, 1},    {"confused", 2, 2},   {"loss", 0, 1},           {"loss_as_printed", 0, 1},
    {"loss_fall", 1, 1}, {"silhouette", 0, 0}, {"center_ratio", 0, 0}};

std::string trimmed(const std::string& text) {
  const std::size_t first = text.find_first_not_of(' ');
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

bool parse_number(const std::string& text, double& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

std::vector<std::string> words_of(const std::string& dotted) {
  std::vector<std::string> words;
  for (std::size_t start = 0; start <= dotted.size();) {
    const std::size_t dot = std::min(dotted.find('.', start), dotted.size());
    words.push_back(dotted.substr(start, dot - start));
    start = dot + 1;
  }
  return words;
}

[[noreturn]] void refuse_measure(const std::string& name, const std::string& place) {
  std::vector<std::string> names;
  for (const MeasureName& measure : kMeasures) names.push_back(measure.name);
  const auto near = nearest_word(name, names);
  throw UsageError(place + ": unknown measure '" + name + "', known are " + join(names, ", "),
                   near ? "did you mean '" + *near + "'?"
                        : "for example accuracy(improved_cnn) > accuracy(cnn)");
}

ClaimTerm parse_term(const std::string& raw, const std::string& place) {
  const std::string text = trimmed(raw);
  ClaimTerm term;
  if (parse_number(text, term.number)) return term;
  const std::size_t open = text.find('(');
  if (open == std::string::npos || open == 0 || text.back() != ')') {
    throw UsageError(place + ": '" + text + "' is neither a number nor MEASURE(CELL)",
                     "for example accuracy(improved_cnn) > accuracy(cnn)");
  }
  term.arguments = words_of(text.substr(0, open));
  term.measure = term.arguments.front();
  term.arguments.erase(term.arguments.begin());
  term.row = text.substr(open + 1, text.size() - open - 2);
  const auto known =
      std::find_if(kMeasures.begin(), kMeasures.end(),
                   [&](const MeasureName& measure) { return measure.name == term.measure; });
  if (known == kMeasures.end()) refuse_measure(term.measure, place);
  if (term.arguments.size() < known->min_arguments ||
      term.arguments.size() > known->max_arguments) {
    throw UsageError(place + ": '" + text + "' has " + std::to_string(term.arguments.size()) +
                         " words after '" + term.measure + "'",
                     "recall.CLASS(CELL), confused.CLASS.CLASS(CELL), loss.ITERATION(CELL)");
  }
  double iteration = 0.0;
  if (term.is_loss() && !term.arguments.empty() && !parse_number(term.arguments[0], iteration)) {
    throw UsageError(place + ": '" + term.arguments[0] + "' is not an iteration",
                     "for example loss.1500(improved_cnn)");
  }
  return term;
}

}  // namespace

std::string ClaimTerm::text() const {
  if (row.empty()) return format_number(number);
  std::string text = measure;
  for (const std::string& argument : arguments) text += "." + argument;
  return text + "(" + row + ")";
}

Comparison Comparison::parse(const std::string& text, const std::string& place) {
  const std::size_t sign = text.find_first_of("<>");
  if (sign == std::string::npos || text.find_first_of("<>", sign + 1) != std::string::npos) {
    throw UsageError(place + ": '" + text + "' is not a comparison of two terms by > or <",
                     "for example accuracy(improved_cnn) > accuracy(cnn)");
  }
  Comparison comparison{parse_term(text.substr(0, sign), place),
                        parse_term(text.substr(sign + 1), place)};
  if (text[sign] == '<') std::swap(comparison.larger, comparison.smaller);
  const ClaimTerm& larger = comparison.larger;
  const ClaimTerm& smaller = comparison.smaller;
  if (larger.row.empty() && smaller.row.empty()) {
    throw UsageError(place + ": '" + text + "' compares two numbers");
  }
  if (!larger.row.empty() && !smaller.row.empty() && larger.is_loss() != smaller.is_loss()) {
    throw UsageError(place + ": '" + text + "' compares a loss with something else");
  }
  return comparison;
}

}  // namespace mer
