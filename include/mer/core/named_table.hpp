#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mer/core/error.hpp"
#include "mer/core/text.hpp"

namespace mer {

/// Things by name, in the order in which they were added: what a config or a command line can name.
/// A table is a value; adding to it changes no other.
template <class Thing>
class NamedTable {
 public:
  /// @throws std::invalid_argument when the name is taken
  void add(const std::string& name, Thing thing) {
    if (find(name) != nullptr)
      throw std::invalid_argument("'" + name + "' stands twice in a table");
    entries_.emplace_back(name, std::move(thing));
  }

  /// Null for an unknown name.
  const Thing* find(std::string_view name) const {
    for (const auto& [word, thing] : entries_) {
      if (word == name) return &thing;
    }
    return nullptr;
  }

  /// @param what  it is, e.g. "network 'model.name: cnn'", for the message
  /// @throws UsageError for an unknown name
  const Thing& at(std::string_view name, const std::string& what) const {
    if (const Thing* thing = find(name)) return *thing;
    const auto near = nearest_word(std::string(name), names());
    throw UsageError("unknown " + what + ", known: " + join(names(), ", "),
                     near ? "did you mean '" + *near + "'?" : "");
  }

  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const auto& [name, thing] : entries_) names.push_back(name);
    return names;
  }
  auto begin() const { return entries_.begin(); }
  auto end() const { return entries_.end(); }

 private:
  std::vector<std::pair<std::string, Thing>> entries_;
};

}  // namespace mer
