#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <limits>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mer {

/// The numbers that an option may take; printed in messages and by `--print-config`.
struct Range {
  double min = -std::numeric_limits<double>::infinity();
  double max = std::numeric_limits<double>::infinity();
  bool excludes_min = false;

  bool contains(double value) const;
  std::string text() const;  ///< "in 0…1", "at least 1", "above 0"
};
inline Range between(double min, double max) { return {min, max, false}; }
inline Range at_least(double min) { return {min, std::numeric_limits<double>::infinity(), false}; }
inline Range above(double min) { return {min, std::numeric_limits<double>::infinity(), true}; }
inline Range above_up_to(double min, double max) { return {min, max, true}; }

/// Visits every option of a struct by name. One `visit` function per options struct serves reading
/// YAML strictly, writing YAML and writing JSON, so that names, ranges and defaults stand once.
///
///   struct MfccOptions {
///     int num_coefficients = 20;
///     void visit(OptionsVisitor& v);   // v.field("num_coefficients", num_coefficients, between(1,
///     128), "…"); void validate() const;           // optional: checks across fields, throws
///     UsageError
///   };
class OptionsVisitor {
 public:
  virtual ~OptionsVisitor() = default;

  virtual void field(std::string_view key, bool& value, std::string_view help) = 0;
  virtual void field(std::string_view key, int& value, Range range, std::string_view help) = 0;
  virtual void field(std::string_view key, std::int64_t& value, Range range,
                     std::string_view help) = 0;
  virtual void field(std::string_view key, double& value, Range range, std::string_view help) = 0;
  virtual void field(std::string_view key, std::string& value, std::string_view help) = 0;
  virtual void field(std::string_view key, std::vector<double>& value, Range range,
                     std::string_view help) = 0;
  virtual void field(std::string_view key, std::vector<std::string>& value,
                     std::string_view help) = 0;
  /// A path; relative ones are relative to the config's folder, or to the working directory when
  /// given by `--set`. An empty path means "not given".
  virtual void field(std::string_view key, std::filesystem::path& value, std::string_view help) = 0;

  /// One of a few words, kept in the struct as an enumerator.
  template <class Enum>
  void choice(std::string_view key, Enum& value,
              std::initializer_list<std::pair<std::string_view, Enum>> names,
              std::string_view help) {
    std::vector<std::string_view> words;
    std::size_t index = 0;
    for (const auto& [word, enumerator] : names) {
      if (enumerator == value) index = words.size();
      words.push_back(word);
    }
    index = choose(key, index, words, help);
    value = (names.begin() + static_cast<std::ptrdiff_t>(index))->second;
  }

  /// One of a few words, kept as a string.
  void choice(std::string_view key, std::string& value, const std::vector<std::string>& allowed,
              std::string_view help);

  /// Where one of several kinds of a thing has options of its own: that the section open now lacks
  /// those of the others. One of them is an error that says so; but when the kind was chosen by an
  /// override, what the file itself says of another kind gives way.
  /// @param kind      the one that the options are of
  /// @param kind_key  where it is named: beside these options, or a whole dotted key
  /// @param keys      of the other kinds
  virtual void lacks_options_of_others(std::string_view /*kind*/, std::string_view /*kind_key*/,
                                       const std::function<std::vector<std::string>()>& /*keys*/) {}

  /// A nested options struct.
  template <class Options>
  void section(std::string_view key, Options& options) {
    begin_section(key);
    options.visit(*this);
    std::function<void()> check;
    if constexpr (requires { options.validate(); }) check = [&options] { options.validate(); };
    end_section(check);
  }

 protected:
  virtual std::size_t choose(std::string_view key, std::size_t current,
                             const std::vector<std::string_view>& words, std::string_view help) = 0;
  virtual void begin_section(std::string_view key) = 0;
  /// `check` runs the struct's validate(); empty when it has none.
  virtual void end_section(const std::function<void()>& check) = 0;
};

/// Checks a list whose words stand for columns: each known, each once, in one order, so that one
/// choice has one spelling (and one fingerprint).
/// @param key    of the list, for messages
/// @param known  in their order
/// @throws UsageError
void require_ordered_words(std::string_view key, const std::vector<std::string>& words,
                           const std::vector<std::string>& known);

/// A part of a config as it stands, for a reader that doesn't know its keys beforehand.
struct ConfigValue {
  enum class Kind { kEmpty, kScalar, kList, kMap } kind = Kind::kEmpty;
  std::string text;                  ///< a scalar's own text; a list or map on one line of YAML
  std::string place;                 ///< "file:line" or "--set key=value", for messages
  std::string key;                   ///< of an entry of a map
  std::vector<ConfigValue> items;    ///< of a list
  std::vector<ConfigValue> entries;  ///< of a map, in the file's order
};

/// A YAML (or JSON) text read strictly into options structs.
///
/// Errors are UsageErrors of the form `file:line: unknown key 'features.frame.hop_sample'` with the
/// nearest known key as a hint. Unknown, duplicate, mistyped and out-of-range keys are all errors;
/// an absent key keeps the struct's default.
class ConfigDocument {
 public:
  /// @throws UsageError when the file can't be read, isn't YAML or repeats a key
  static ConfigDocument load(const std::filesystem::path& file);
  /// @param name      stands in messages in the place of the file's name
  /// @param base_dir  what relative paths in the text are relative to
  static ConfigDocument parse(const std::string& text, const std::string& name,
                              const std::filesystem::path& base_dir);
  ConfigDocument();  ///< no file: every option keeps its default unless set() changes it
  ~ConfigDocument();
  ConfigDocument(ConfigDocument&&) noexcept;
  ConfigDocument& operator=(ConfigDocument&&) noexcept;

  /// Overrides one option by `dotted.key=value`; the value is YAML (`[1, 2]`, `true`, `text`).
  void set(const std::string& assignment);
  /// Overrides one option by a value that stands in another file.
  /// @param yaml      the value, on one line
  /// @param place     of the value in messages, e.g. "sweep.yaml:12"
  /// @param base_dir  what a relative path is relative to
  void set(const std::string& key, const std::string& yaml, const std::string& place,
           const std::filesystem::path& base_dir);

  /// The whole document, overrides included.
  ConfigValue tree() const;

  /// Reads the document into the struct and checks that every key of the document was known.
  template <class Options>
  void read(Options& options) {
    std::function<void()> check;
    if constexpr (requires { options.validate(); }) check = [&options] { options.validate(); };
    read_with([&options](OptionsVisitor& visitor) { options.visit(visitor); }, check);
  }

 private:
  void read_with(const std::function<void(OptionsVisitor&)>& visit,
                 const std::function<void()>& check);
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// An option in words.
struct OptionText {
  std::string key;
  std::string value;  ///< as YAML
  std::string help;   ///< with the range or the words that are allowed
};

namespace detail {
nlohmann::ordered_json options_to_json(const std::function<void(OptionsVisitor&)>& visit);
std::string options_to_yaml(const std::function<void(OptionsVisitor&)>& visit, bool with_comments);
std::vector<OptionText> option_texts(const std::function<void(OptionsVisitor&)>& visit);
ConfigDocument document_of(const nlohmann::ordered_json& json, const std::string& name);
}  // namespace detail

/// Every option with its value, in the order of the struct's visit(). Who calls it includes
/// <nlohmann/json.hpp>.
template <class Options, class Json = nlohmann::ordered_json>
Json to_json(const Options& options) {
  Options copy = options;  // visit() takes references; a writing visitor leaves them as they are
  return detail::options_to_json([&copy](OptionsVisitor& visitor) { copy.visit(visitor); });
}

/// The same as YAML, with each option's meaning and range as a comment when asked for.
template <class Options>
std::string to_yaml(const Options& options, bool with_comments) {
  Options copy = options;
  return detail::options_to_yaml([&copy](OptionsVisitor& visitor) { copy.visit(visitor); },
                                 with_comments);
}

/// The struct's options in words, those within sections by their last key.
template <class Options>
std::vector<OptionText> option_texts(Options options) {
  return detail::option_texts([&options](OptionsVisitor& visitor) { options.visit(visitor); });
}

/// Reads a struct back from what to_json() wrote; strict like a config.
/// @param name     stands in messages in the place of a file's name, e.g. the model's path
/// @param options  what absent keys keep
template <class Options>
Options options_from_json(const nlohmann::ordered_json& json, const std::string& name,
                          Options options = {}) {
  detail::document_of(json, name).read(options);
  return options;
}

}  // namespace mer
