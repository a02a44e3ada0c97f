#pragma once

#include <any>
#include <stdexcept>
#include <string>
#include <utility>

#include "mer/core/options.hpp"

namespace mer {

/// An options struct of any type, by value: what an entry of a table brings
/// with it.
class AnyOptions {
 public:
  template <class Options>
  static AnyOptions of(Options options = {}) {
    AnyOptions any;
    any.value_ = std::move(options);
    any.visit_ = [](std::any& value, OptionsVisitor& v) {
      std::any_cast<Options&>(value).visit(v);
    };
    any.validate_ = [](const std::any& value) {
      if constexpr (requires(const Options& it) { it.validate(); }) {
        std::any_cast<const Options&>(value).validate();
      }
    };
    return any;
  }

  void visit(OptionsVisitor& v) { visit_(value_, v); }
  void validate() const { validate_(value_); }

  /// Null when they are of another type.
  template <class Options>
  const Options* as() const {
    return std::any_cast<Options>(&value_);
  }
  template <class Options>
  Options* as() {
    return std::any_cast<Options>(&value_);
  }

 private:
  std::any value_;
  void (*visit_)(std::any&, OptionsVisitor&) = nullptr;
  void (*validate_)(const std::any&) = nullptr;
};

/// Several of them under the keys of a config; an empty key: without a section
/// of their own.
struct OptionSection {
  std::string key;
  AnyOptions options;
};

/// @throws std::logic_error when there are none of this type
template <class Options, class Sections>
auto& options_in(Sections& sections) {
  for (auto& section : sections) {
    if (auto* options = section.options.template as<Options>()) return *options;
  }
  throw std::logic_error("no entry of the table has these options");
}

}  // namespace mer
