#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <sstream>

#include "mer/core/error.hpp"
#include "mer/core/options.hpp"
#include "mer/core/text.hpp"

namespace mer {
namespace {

std::string dotted(const std::string& prefix, std::string_view key) {
  return prefix.empty() ? std::string(key) : prefix + "." + std::string(key);
}

std::string at_line(const std::string& name, const YAML::Mark& mark) {
  return mark.is_null() ? name : name + ":" + std::to_string(mark.line + 1);
}

// No config comes near these; an alias to what it stands in is endless, and aliases to aliases grow
// without bounds.
constexpr std::size_t kMaxDepth = 32;
constexpr std::size_t kMaxNodes = 100'000;

/// Refuses what the rest would stumble over. yaml-cpp keeps the first of two equal keys and says
/// nothing; here it is an error.
class TreeCheck {
 public:
  explicit TreeCheck(const std::string& name) : name_(name) {}

  void check(const YAML::Node& node, const std::string& prefix, std::size_t depth = 0) {
    if (depth > kMaxDepth) {
      throw UsageError(at_line(name_, node.Mark()) + ": nested more than " +
                           std::to_string(kMaxDepth) + " levels deep",
                       "does an alias (*name) stand within what it names?");
    }
    if (++num_nodes_ > kMaxNodes) {
      throw UsageError(name_ + ": more than " + std::to_string(kMaxNodes) +
                           " values, each alias (*name) counted as what it names",
                       "write a config without aliases");
    }
    if (node.IsMap()) {
      check_map(node, prefix, depth);
    } else if (node.IsSequence()) {
      for (const auto& item : node) check(item, prefix, depth + 1);
    }
  }

 private:
  void check_map(const YAML::Node& node, const std::string& prefix, std::size_t depth) {
    std::set<std::string> seen;
    for (const auto& item : node) {
      if (!item.first.IsScalar()) {
        throw UsageError(at_line(name_, item.first.Mark()) + ": a key must be a single word");
      }
      const std::string key = item.first.Scalar();
      if (key == "<<") {
        throw UsageError(at_line(name_, item.first.Mark()) + ": merge keys (<<) are not read",
                         "write the keys out");
      }
      if (!seen.insert(key).second) {
        throw UsageError(
            at_line(name_, item.first.Mark()) + ": duplicate key '" + dotted(prefix, key) + "'",
            "remove one of the two");
      }
      check(item.second, dotted(prefix, key), depth + 1);
    }
  }

  const std::string& name_;
  std::size_t num_nodes_ = 0;
};

void assign(YAML::Node parent, const std::vector<std::string>& parts, std::size_t index,
            const YAML::Node& value) {
  if (index + 1 == parts.size()) {
    parent[parts[index]] = value;
    return;
  }
  if (!parent[parts[index]] || !parent[parts[index]].IsMap()) {
    parent[parts[index]] = YAML::Node(YAML::NodeType::Map);
  }
  assign(parent[parts[index]], parts, index + 1, value);
}

/// The words of a dotted key; none when one of them is empty or there are too many.
std::optional<std::vector<std::string>> parts_of(const std::string& key) {
  std::vector<std::string> parts;
  for (std::size_t start = 0; start <= key.size();) {
    const std::size_t dot = std::min(key.find('.', start), key.size());
    parts.push_back(key.substr(start, dot - start));
    if (parts.back().empty()) return std::nullopt;
    start = dot + 1;
  }
  if (parts.size() > kMaxDepth) return std::nullopt;
  return parts;
}

/// An option that does not stand in the document itself.
struct Override {
  std::string place;               ///< for messages: the assignment as typed, or a file's line
  std::filesystem::path base_dir;  ///< what a relative path is relative to
};
using Overrides = std::map<std::string, Override>;  ///< by dotted key

/// Reads the tree into options, remembering which keys were asked for.
class YamlReader : public OptionsVisitor {
 public:
  YamlReader(const YAML::Node& root, std::string name, std::filesystem::path base_dir,
             const Overrides& overrides)
      : name_(std::move(name)), base_dir_(std::move(base_dir)), overrides_(overrides) {
    open_.push_back({root, "", {}, {}});
  }

  void field(std::string_view key, bool& value, std::string_view) override {
    const YAML::Node node = claim(key);
    if (!node.IsDefined()) return;
    const std::string text = scalar(key, node, "true or false");
    if (text != "true" && text != "false") fail_value(key, node, "true or false");
    value = text == "true";
  }
  void field(std::string_view key, int& value, Range range, std::string_view) override {
    read_number(key, value, range, "a whole number");
  }
  void field(std::string_view key, std::int64_t& value, Range range, std::string_view) override {
    read_number(key, value, range, "a whole number");
  }
  void field(std::string_view key, double& value, Range range, std::string_view) override {
    read_number(key, value, range, "a number");
  }
  void field(std::string_view key, std::string& value, std::string_view) override {
    const YAML::Node node = claim(key);
    if (node.IsDefined()) value = scalar(key, node, "text");
  }
  void field(std::string_view key, std::vector<double>& value, Range range,
             std::string_view) override {
    const YAML::Node node = claim(key);
    if (!node.IsDefined()) return;
    const std::string wanted = "a list of numbers" + suffix(range);
    if (!node.IsSequence()) fail_value(key, node, wanted);
    std::vector<double> numbers;
    for (const auto& item : node) {
      double number = 0.0;
      if (!item.IsScalar() || !parse(item.Scalar(), number) || !range.contains(number)) {
        fail_value(key, node, wanted);
      }
      numbers.push_back(number);
    }
    value = numbers;
  }
  void field(std::string_view key, std::vector<std::string>& value, std::string_view) override {
    const YAML::Node node = claim(key);
    if (!node.IsDefined()) return;
    if (!node.IsSequence()) fail_value(key, node, "a list of words");
    std::vector<std::string> words;
    for (const auto& item : node) {
      if (!item.IsScalar()) fail_value(key, node, "a list of words");
      words.push_back(item.Scalar());
    }
    value = words;
  }
  void field(std::string_view key, std::filesystem::path& value, std::string_view) override {
    const YAML::Node node = claim(key);
    if (!node.IsDefined()) return;
    const std::filesystem::path path = scalar(key, node, "a path");
    const auto overridden = overrides_.find(full_key(key));
    if (path.empty()) {
      value.clear();
    } else if (overridden != overrides_.end()) {
      value = std::filesystem::absolute(overridden->second.base_dir / path).lexically_normal();
    } else if (base_dir_.empty()) {
      value = path;
    } else {
      value = std::filesystem::absolute(base_dir_ / path).lexically_normal();
    }
  }

  void lacks_options_of_others(std::string_view kind, std::string_view kind_key,
                               const std::function<std::vector<std::string>()>& keys) override {
    const std::string beside = full_key(kind_key);
    const auto names_the_kind = [&](const auto& item) {
      return (beside + ".").starts_with(item.first + ".") ||
             (std::string(kind_key) + ".").starts_with(item.first + ".");
    };
    const bool kind_is_overridden =
        std::any_of(overrides_.begin(), overrides_.end(), names_the_kind);
    open_.back().others = {std::string(kind), kind_is_overridden, keys};
  }

  void finish(const std::function<void()>& check) {
    refuse_unknown();
    run_check(check);
  }

 protected:
  std::size_t choose(std::string_view key, std::size_t current,
                     const std::vector<std::string_view>& words, std::string_view) override {
    const YAML::Node node = claim(key);
    if (!node.IsDefined()) return current;
    const std::vector<std::string> allowed(words.begin(), words.end());
    const std::string wanted = "one of " + join(allowed, ", ");
    const std::string text = scalar(key, node, wanted);
    const auto found = std::find(allowed.begin(), allowed.end(), text);
    if (found == allowed.end()) {
      const auto near = nearest_word(text, allowed);
      fail_value(key, node, wanted, near ? "did you mean '" + *near + "'?" : "");
    }
    return static_cast<std::size_t>(found - allowed.begin());
  }

  void begin_section(std::string_view key) override {
    const YAML::Node node = claim(key);
    if (node.IsDefined() && !node.IsNull() && !node.IsMap()) {
      fail_value(key, node, "a section of keys");
    }
    open_.push_back({node, full_key(key), {}, {}});
  }

  void end_section(const std::function<void()>& check) override {
    refuse_unknown();
    run_check(check);
    open_.pop_back();
  }

 private:
  /// Options of other kinds than the section's.
  struct OtherKinds {
    std::string kind;
    bool kind_is_overridden = false;
    std::function<std::vector<std::string>()> keys;
  };
  struct Section {
    YAML::Node node;
    std::string prefix;
    std::vector<std::string> known;
    OtherKinds others;
  };

  std::string full_key(std::string_view key) const { return dotted(open_.back().prefix, key); }

  /// The node of a key, undefined when absent.
  YAML::Node claim(std::string_view key) {
    open_.back().known.emplace_back(key);
    const YAML::Node& map = open_.back().node;
    if (!map.IsDefined() || !map.IsMap()) return YAML::Node(YAML::NodeType::Undefined);
    const YAML::Node child = map[std::string(key)];
    return child.IsDefined() ? child : YAML::Node(YAML::NodeType::Undefined);
  }

  std::string where(const std::string& key, const YAML::Node& node) const {
    const auto found = overrides_.find(key);
    if (found != overrides_.end()) return found->second.place;
    return at_line(name_, node.IsDefined() ? node.Mark() : YAML::Mark::null_mark());
  }

  [[noreturn]] void fail_value(std::string_view key, const YAML::Node& node,
                               const std::string& wanted, const std::string& hint = {}) const {
    std::string text =
        node.IsNull() ? "empty" : "'" + (node.IsScalar() ? node.Scalar() : YAML::Dump(node)) + "'";
    throw UsageError(where(full_key(key), node) + ": '" + full_key(key) + "' is " + text +
                         ", allowed: " + wanted,
                     hint);
  }

  std::string scalar(std::string_view key, const YAML::Node& node,
                     const std::string& wanted) const {
    if (!node.IsScalar()) fail_value(key, node, wanted);
    return node.Scalar();
  }

  static std::string suffix(const Range& range) {
    const std::string text = range.text();
    return text.empty() ? "" : " " + text;
  }

  template <class Number>
  static bool parse(const std::string& text, Number& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size();
  }

  template <class Number>
  void read_number(std::string_view key, Number& value, const Range& range, const char* kind) {
    const YAML::Node node = claim(key);
    if (!node.IsDefined()) return;
    const std::string wanted = kind + suffix(range);
    Number number{};
    if (!parse(scalar(key, node, wanted), number) || !range.contains(static_cast<double>(number))) {
      fail_value(key, node, wanted);
    }
    value = number;
  }

  static bool is_of_another_kind(const Section& section, const std::string& key) {
    if (!section.others.keys) return false;
    const std::vector<std::string> keys = section.others.keys();
    return std::find(keys.begin(), keys.end(), key) != keys.end();
  }

  void refuse_unknown() const {
    const Section& section = open_.back();
    if (!section.node.IsDefined() || !section.node.IsMap()) return;
    for (const auto& item : section.node) {
      const std::string key = item.first.Scalar();
      if (std::find(section.known.begin(), section.known.end(), key) != section.known.end()) {
        continue;
      }
      const std::string full = dotted(section.prefix, key);
      // An override of `a.b.c` with an unknown `a` is reported by the assignment that made it.
      std::string place = at_line(name_, item.first.Mark());
      bool is_overridden = false;
      for (const auto& [overridden, from] : overrides_) {
        if (overridden != full && !overridden.starts_with(full + ".")) continue;
        place = from.place;
        is_overridden = true;
      }
      if (is_of_another_kind(section, key)) {
        if (section.others.kind_is_overridden && !is_overridden) continue;
        throw UsageError(place + ": " + section.others.kind + " has no option '" + full + "'",
                         "known keys here: " + join(section.known, ", "));
      }
      const auto near = nearest_word(key, section.known);
      throw UsageError(place + ": unknown key '" + full + "'",
                       near ? "did you mean '" + dotted(section.prefix, *near) + "'?"
                            : "known keys here: " + join(section.known, ", "));
    }
  }

  void run_check(const std::function<void()>& check) const {
    if (!check) return;
    try {
      check();
    } catch (const UsageError& error) {
      const Section& section = open_.back();
      const bool has_mark = section.node.IsDefined() && !section.node.Mark().is_null();
      std::string place = has_mark ? at_line(name_, section.node.Mark()) : name_;
      for (const auto& [overridden, from] : overrides_) {
        if (overridden.starts_with(section.prefix + ".")) place += ", " + from.place;
      }
      throw UsageError(
          place + ": " + (section.prefix.empty() ? "" : section.prefix + ": ") + error.what(),
          error.hint());
    }
  }

  std::string name_;
  std::filesystem::path base_dir_;
  const Overrides& overrides_;
  std::vector<Section> open_;
};

/// @throws UsageError at the parser's place; a tab where only spaces may indent is named
[[noreturn]] void throw_parse_error(const std::string& text, const std::string& name,
                                    const YAML::Exception& error) {
  std::istringstream lines(text);
  std::string line;
  for (int i = 0; i <= error.mark.line && std::getline(lines, line); ++i) {
    const std::size_t tab = line.find_first_not_of(' ');
    if (tab != std::string::npos && line[tab] == '\t') {
      throw UsageError(name + ":" + std::to_string(i + 1) + ": a tab at the beginning of the line",
                       "YAML is indented with spaces");
    }
  }
  throw UsageError(at_line(name, error.mark) + ": " + error.msg);
}

/// What stands at a dotted key, which names it among the overrides.
ConfigValue value_of(const YAML::Node& node, const std::string& key, const std::string& name,
                     const Overrides& overrides) {
  ConfigValue value;
  value.place = at_line(name, node.Mark());
  for (const auto& [overridden, from] : overrides) {
    if (key == overridden || key.starts_with(overridden + ".")) value.place = from.place;
  }
  if (node.IsNull() || !node.IsDefined()) return value;
  if (node.IsScalar()) {
    value.kind = ConfigValue::Kind::kScalar;
    value.text = node.Scalar();
    return value;
  }
  value.kind = node.IsSequence() ? ConfigValue::Kind::kList : ConfigValue::Kind::kMap;
  YAML::Emitter emitter;
  emitter.SetSeqFormat(YAML::Flow);
  emitter.SetMapFormat(YAML::Flow);
  emitter << node;
  value.text = emitter.c_str();
  if (node.IsSequence()) {
    for (const auto& item : node) value.items.push_back(value_of(item, key, name, overrides));
  } else {
    for (const auto& entry : node) {
      const std::string word = entry.first.Scalar();
      value.entries.push_back(value_of(entry.second, dotted(key, word), name, overrides));
      // An empty value's own mark is where the next key begins.
      ConfigValue& child = value.entries.back();
      child.key = word;
      const bool is_of_file = child.place.starts_with(name);
      if (child.kind == ConfigValue::Kind::kEmpty && is_of_file) {
        child.place = at_line(name, entry.first.Mark());
      }
    }
  }
  return value;
}

}  // namespace

struct ConfigDocument::Impl {
  YAML::Node root{YAML::NodeType::Map};
  std::string name = "defaults";
  std::filesystem::path base_dir;
  Overrides overrides;
};

ConfigDocument::ConfigDocument() : impl_(std::make_unique<Impl>()) {}
ConfigDocument::~ConfigDocument() = default;
ConfigDocument::ConfigDocument(ConfigDocument&&) noexcept = default;
ConfigDocument& ConfigDocument::operator=(ConfigDocument&&) noexcept = default;

namespace {

/// Notes where the document that is read last begins.
class DocumentStarts : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark& mark) override { last = mark; }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& /*mark*/, YAML::anchor_t /*anchor*/) override {}
  void OnAlias(const YAML::Mark& /*mark*/, YAML::anchor_t /*anchor*/) override {}
  void OnScalar(const YAML::Mark& /*mark*/, const std::string& /*tag*/, YAML::anchor_t /*anchor*/,
                const std::string& /*value*/) override {}
  void OnSequenceStart(const YAML::Mark& /*mark*/, const std::string& /*tag*/,
                       YAML::anchor_t /*anchor*/, YAML::EmitterStyle::value /*style*/) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark& /*mark*/, const std::string& /*tag*/, YAML::anchor_t /*anchor*/,
                  YAML::EmitterStyle::value /*style*/) override {}
  void OnMapEnd() override {}

  YAML::Mark last;
};

/// YAML::LoadAll() never comes to an end where a comma follows a document.
void require_one_document(const std::string& text, const std::string& name) {
  std::istringstream stream(text);
  YAML::Parser parser(stream);
  DocumentStarts starts;
  for (int documents = 0; parser.HandleNextDocument(starts); ++documents) {
    if (documents == 0) continue;
    const auto place = static_cast<std::size_t>(starts.last.pos);
    if (place < text.size() && text[place] == ',') {
      throw UsageError(at_line(name, starts.last) + ": a comma stands outside of [ ] and { }",
                       "remove it");
    }
    throw UsageError(at_line(name, starts.last) + ": a second document begins here",
                     "a config is one document: remove '---' or make two files");
  }
}

}  // namespace

ConfigDocument ConfigDocument::load(const std::filesystem::path& file) {
  const std::string text = read_text_file(file);
  const std::filesystem::path folder = file.has_parent_path() ? file.parent_path() : ".";
  return parse(text, file.string(), folder);
}

ConfigDocument ConfigDocument::parse(const std::string& text, const std::string& name,
                                     const std::filesystem::path& base_dir) {
  ConfigDocument document;
  document.impl_->name = name;
  document.impl_->base_dir = base_dir;
  require_utf8(text, name);
  try {
    require_one_document(text, name);
    const YAML::Node root = YAML::Load(text);
    if (root.IsMap()) {
      document.impl_->root = root;
    } else if (!root.IsNull()) {
      throw UsageError(name + ": is not a map of keys to values");
    }
  } catch (const YAML::Exception& error) {
    throw_parse_error(text, name, error);
  }
  TreeCheck(name).check(document.impl_->root, "");
  return document;
}

void ConfigDocument::set(const std::string& assignment) {
  const std::size_t equals = assignment.find('=');
  const std::string place = "--set " + assignment;
  if (equals == std::string::npos || !parts_of(assignment.substr(0, equals))) {
    throw UsageError(place + ": is not KEY=VALUE", "for example --set train.lr=0.001");
  }
  set(assignment.substr(0, equals), assignment.substr(equals + 1), place, {});
}

void ConfigDocument::set(const std::string& key, const std::string& yaml, const std::string& place,
                         const std::filesystem::path& base_dir) {
  const auto parts = parts_of(key);
  if (!parts) throw UsageError(place + ": '" + key + "' is not the name of an option");
  YAML::Node value;
  require_utf8(yaml, place);
  try {
    value = YAML::Load(yaml);
  } catch (const YAML::Exception& error) {
    throw UsageError(place + ": " + error.msg);
  }
  TreeCheck(place).check(value, key);
  assign(impl_->root, *parts, 0, value);
  impl_->overrides[key] = {place, base_dir};
}

ConfigValue ConfigDocument::tree() const {
  return value_of(impl_->root, "", impl_->name, impl_->overrides);
}

void ConfigDocument::read_with(const std::function<void(OptionsVisitor&)>& visit,
                               const std::function<void()>& check) {
  YamlReader reader(impl_->root, impl_->name, impl_->base_dir, impl_->overrides);
  visit(reader);
  reader.finish(check);
}

ConfigDocument detail::document_of(const nlohmann::ordered_json& json, const std::string& name) {
  return ConfigDocument::parse(json.dump(), name, {});
}

}  // namespace mer
