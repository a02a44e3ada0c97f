#include "mer/core/options.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "mer/core/error.hpp"
#include "mer/core/text.hpp"

namespace mer {
namespace {

/// Builds JSON from a struct; leaves the struct as it is.
class JsonWriter : public OptionsVisitor {
 public:
  void field(std::string_view key, bool& value, std::string_view) override { put(key, value); }
  void field(std::string_view key, int& value, Range, std::string_view) override {
    put(key, value);
  }
  void field(std::string_view key, std::int64_t& value, Range, std::string_view) override {
    put(key, value);
  }
  void field(std::string_view key, double& value, Range, std::string_view) override {
    put(key, value);
  }
  void field(std::string_view key, std::string& value, std::string_view) override {
    put(key, value);
  }
  void field(std::string_view key, std::vector<double>& value, Range, std::string_view) override {
    put(key, value);
  }
  void field(std::string_view key, std::vector<std::string>& value, std::string_view) override {
    put(key, value);
  }
  void field(std::string_view key, std::filesystem::path& value, std::string_view) override {
    put(key, value.string());
  }

  nlohmann::ordered_json take() { return std::move(open_.front()); }

 protected:
  std::size_t choose(std::string_view key, std::size_t current,
                     const std::vector<std::string_view>& words, std::string_view) override {
    put(key, std::string(words[current]));
    return current;
  }
  void begin_section(std::string_view key) override {
    names_.emplace_back(key);
    open_.push_back(nlohmann::ordered_json::object());
  }
  void end_section(const std::function<void()>&) override {
    nlohmann::ordered_json done = std::move(open_.back());
    open_.pop_back();
    open_.back()[names_.back()] = std::move(done);
    names_.pop_back();
  }

 private:
  template <class T>
  void put(std::string_view key, const T& value) {
    open_.back()[std::string(key)] = value;
  }

  std::vector<nlohmann::ordered_json> open_ = {nlohmann::ordered_json::object()};
  std::vector<std::string> names_;
};

/// A string as a YAML scalar; quoted (as JSON, which YAML reads) unless it is plainly a word.
std::string yaml_scalar(const std::string& text) {
  const auto is_plain = [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '/' || c == '.' || c == '-' || c >= 0x80;
  };
  const bool plain =
      !text.empty() &&
      (std::isalpha(static_cast<unsigned char>(text.front())) != 0 || text.front() == '/') &&
      std::all_of(text.begin(), text.end(), is_plain);
  static const std::vector<std::string> kWordsWithMeaning = {"true", "false", "null", "yes", "no",
                                                             "on",   "off",   "y",    "n"};
  const bool has_meaning = std::find(kWordsWithMeaning.begin(), kWordsWithMeaning.end(), text) !=
                           kWordsWithMeaning.end();
  if (plain && !has_meaning) return text;
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

class YamlWriter : public OptionsVisitor {
 public:
  explicit YamlWriter(bool with_comments) : with_comments_(with_comments) {}

  void field(std::string_view key, bool& value, std::string_view help) override {
    line(key, value ? "true" : "false", help);
  }
  void field(std::string_view key, int& value, Range range, std::string_view help) override {
    line(key, std::to_string(value), with_range(help, range));
  }
  void field(std::string_view key, std::int64_t& value, Range range,
             std::string_view help) override {
    line(key, std::to_string(value), with_range(help, range));
  }
  void field(std::string_view key, double& value, Range range, std::string_view help) override {
    line(key, format_number(value), with_range(help, range));
  }
  void field(std::string_view key, std::string& value, std::string_view help) override {
    line(key, yaml_scalar(value), help);
  }
  void field(std::string_view key, std::vector<double>& value, Range range,
             std::string_view help) override {
    std::vector<std::string> words;
    for (const double number : value) words.push_back(format_number(number));
    line(key, "[" + join(words, ", ") + "]", with_range(help, range));
  }
  void field(std::string_view key, std::vector<std::string>& value,
             std::string_view help) override {
    std::vector<std::string> words;
    for (const std::string& word : value) words.push_back(yaml_scalar(word));
    line(key, "[" + join(words, ", ") + "]", help);
  }
  void field(std::string_view key, std::filesystem::path& value, std::string_view help) override {
    line(key, yaml_scalar(value.string()), help);
  }

  const std::string& text() const { return text_; }
  const std::vector<OptionText>& options() const { return options_; }

 protected:
  std::size_t choose(std::string_view key, std::size_t current,
                     const std::vector<std::string_view>& words, std::string_view help) override {
    std::string allowed;
    for (const std::string_view word : words) {
      allowed += (allowed.empty() ? "" : " | ") + std::string(word);
    }
    line(key, std::string(words[current]), std::string(help) + ": " + allowed);
    return current;
  }
  void begin_section(std::string_view key) override {
    text_ += std::string(2 * depth_, ' ') + std::string(key) + ":\n";
    ++depth_;
  }
  void end_section(const std::function<void()>&) override { --depth_; }

 private:
  static std::string with_range(std::string_view help, const Range& range) {
    const std::string allowed = range.text();
    return std::string(help) + (allowed.empty() ? "" : "; " + allowed);
  }

  void line(std::string_view key, const std::string& value, std::string_view help) {
    options_.push_back({std::string(key), value, std::string(help)});
    std::string out = std::string(2 * depth_, ' ') + std::string(key) + ": " + value;
    if (with_comments_ && !help.empty()) {
      constexpr std::size_t kCommentColumn = 36;
      out.resize(std::max(out.size() + 2, kCommentColumn), ' ');
      out += "# " + std::string(help);
    }
    text_ += out + "\n";
  }

  bool with_comments_;
  std::size_t depth_ = 0;
  std::string text_;
  std::vector<OptionText> options_;
};

}  // namespace

bool Range::contains(double value) const {
  return std::isfinite(value) && (excludes_min ? value > min : value >= min) && value <= max;
}

std::string Range::text() const {
  const bool bounded_below = std::isfinite(min);
  const bool bounded_above = std::isfinite(max);
  if (bounded_below && bounded_above) {
    return (excludes_min ? "above " + format_number(min) + " up to " + format_number(max)
                         : "in " + format_number(min) + "…" + format_number(max));
  }
  if (bounded_below) return (excludes_min ? "above " : "at least ") + format_number(min);
  if (bounded_above) return "at most " + format_number(max);
  return "";
}

void OptionsVisitor::choice(std::string_view key, std::string& value,
                            const std::vector<std::string>& allowed, std::string_view help) {
  const auto found = std::find(allowed.begin(), allowed.end(), value);
  if (found == allowed.end()) {
    throw std::invalid_argument("option '" + std::string(key) + "' holds the unknown word '" +
                                value + "'");
  }
  const std::vector<std::string_view> words(allowed.begin(), allowed.end());
  value = allowed[choose(key, static_cast<std::size_t>(found - allowed.begin()), words, help)];
}

void require_ordered_words(std::string_view key, const std::vector<std::string>& words,
                           const std::vector<std::string>& known) {
  auto place = known.begin();
  for (const std::string& word : words) {
    const std::string has = "'" + std::string(key) + "' has '" + word + "'";
    const auto found = std::find(known.begin(), known.end(), word);
    if (found == known.end()) {
      const auto near = nearest_word(word, known);
      throw UsageError(has + ", allowed: " + join(known, ", "),
                       near ? "did you mean '" + *near + "'?" : "");
    }
    if (found < place) {
      throw UsageError(has + " out of place, the order is " + join(known, ", "),
                       "name each once, in this order");
    }
    place = found + 1;
  }
}

namespace detail {

nlohmann::ordered_json options_to_json(const std::function<void(OptionsVisitor&)>& visit) {
  JsonWriter writer;
  visit(writer);
  return writer.take();
}

std::string options_to_yaml(const std::function<void(OptionsVisitor&)>& visit, bool with_comments) {
  YamlWriter writer(with_comments);
  visit(writer);
  return writer.text();
}

std::vector<OptionText> option_texts(const std::function<void(OptionsVisitor&)>& visit) {
  YamlWriter writer(false);
  visit(writer);
  return writer.options();
}

}  // namespace detail
}  // namespace mer
