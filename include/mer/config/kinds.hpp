#pragma once

#include <any>
#include <stdexcept>
#include <string>
#include <utility>

#include "mer/core/named_table.hpp"
#include "mer/core/options.hpp"

namespace mer {

/// One of several kinds of a thing (a network, a loss), each with options of its own: a plain
/// struct with `visit`, perhaps `validate`, and what does not change as static members `kName`,
/// `kHelp` (a few words) and whatever the thing's Facts ask for.
template <class Facts>
struct Kind {
  std::string help;
  Facts facts;
  std::any (*defaults)();
  void (*visit)(std::any& options, OptionsVisitor& visitor);
  void (*validate)(const std::any& options);
};

/// The kinds that a config can name. `add<MyOptions>()` is all that a new one needs here.
template <class Facts>
class KindTable : public NamedTable<Kind<Facts>> {
 public:
  template <class Options>
  void add() {
    Kind<Facts> kind{
        Options::kHelp, Facts::template of<Options>(), [] { return std::any(Options{}); },
        [](std::any& any, OptionsVisitor& v) { std::any_cast<Options&>(any).visit(v); },
        [](const std::any& any) {
          if constexpr (requires(const Options& options) { options.validate(); }) {
            std::any_cast<const Options&>(any).validate();
          }
        }};
    NamedTable<Kind<Facts>>::add(Options::kName, std::move(kind));
  }

  /// The keys of all kinds.
  std::vector<std::string> keys() const {
    std::vector<std::string> keys;
    for (const auto& [name, kind] : *this) {
      std::any options = kind.defaults();
      const auto& visit = kind.visit;  // clang 14 captures no structured binding
      const auto own = detail::option_texts([&](OptionsVisitor& v) { visit(options, v); });
      for (const OptionText& option : own) keys.push_back(option.key);
    }
    return keys;
  }
};

/// One kind of a table by its name, with its options. Naming another one by `name` brings that
/// one's defaults.
template <class Facts>
class Chosen {
 public:
  std::string name;

  Chosen(std::string first, KindTable<Facts> kinds)
      : name(std::move(first)), kinds_(std::move(kinds)) {}

  const KindTable<Facts>& kinds() const { return kinds_; }
  /// @throws UsageError for a name that the table lacks
  const Kind<Facts>& kind() const {
    return kinds_.at(name, std::string(Facts::kKey) + " '" + name + "'");
  }

  /// The options of the kind that is named.
  /// @throws std::invalid_argument when it is not the one of these options
  template <class Options>
  Options as() const {
    if (name != Options::kName) {
      throw std::invalid_argument("the options of '" + name + "' are not " + Options::kName + "'s");
    }
    return std::any_cast<Options>(options());
  }

  /// Names the kind of these options, which the caller may change.
  template <class Options>
  Options& choose() {
    name = Options::kName;
    return std::any_cast<Options&>(own());
  }

  std::any options() const { return options_of_ == name ? options_ : kind().defaults(); }
  /// The options without the name.
  void visit_options(OptionsVisitor& v) { kind().visit(own(), v); }
  void validate_options() const { kind().validate(options()); }

 private:
  std::any& own() {
    if (options_of_ != name) options_ = kind().defaults();
    options_of_ = name;
    return options_;
  }

  KindTable<Facts> kinds_;
  std::any options_;
  std::string options_of_;  // the kind whose options those are
};

}  // namespace mer
