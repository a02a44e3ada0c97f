#include <nlohmann/json.hpp>

#include "bindings.hpp"
#include "mer/config/run_config.hpp"
#include "mer/core/text.hpp"

namespace mer::python {
namespace {

/// Every key with its meaning, and the range or the words that it allows.
class HelpVisitor : public OptionsVisitor {
 public:
  void field(std::string_view key, bool&, std::string_view help) override { add(key, help, ""); }
  void field(std::string_view key, int&, Range range, std::string_view help) override {
    add(key, help, range.text());
  }
  void field(std::string_view key, std::int64_t&, Range range, std::string_view help) override {
    add(key, help, range.text());
  }
  void field(std::string_view key, double&, Range range, std::string_view help) override {
    add(key, help, range.text());
  }
  void field(std::string_view key, std::string&, std::string_view help) override {
    add(key, help, "");
  }
  void field(std::string_view key, std::vector<double>&, Range range,
             std::string_view help) override {
    add(key, help, range.text());
  }
  void field(std::string_view key, std::vector<std::string>&, std::string_view help) override {
    add(key, help, "");
  }
  void field(std::string_view key, std::filesystem::path&, std::string_view help) override {
    add(key, help, "");
  }

  std::vector<std::pair<std::string, std::string>> take() { return std::move(help_); }

 protected:
  std::size_t choose(std::string_view key, std::size_t current,
                     const std::vector<std::string_view>& words, std::string_view help) override {
    add(key, help, join(std::vector<std::string>(words.begin(), words.end()), " | "));
    return current;
  }
  void begin_section(std::string_view key) override { sections_.emplace_back(key); }
  void end_section(const std::function<void()>&) override { sections_.pop_back(); }

 private:
  void add(std::string_view key, std::string_view help, const std::string& allowed) {
    std::vector<std::string> words = sections_;
    words.emplace_back(key);
    help_.emplace_back(join(words, "."),
                       std::string(help) + (allowed.empty() ? "" : "; " + allowed));
  }

  std::vector<std::string> sections_;
  std::vector<std::pair<std::string, std::string>> help_;
};

Settings settings_of_config(const std::filesystem::path& config,
                            const std::filesystem::path& program_folder) {
  ConfigDocument document = ConfigDocument::load(bundled_files(program_folder).find_config(config));
  RunConfig run;
  run.recipe = Settings().recipe;
  document.read(run);
  Settings settings;
  settings.recipe = run.recipe;
  settings.descriptors = run.descriptors;
  return settings;
}

}  // namespace

void Settings::visit(OptionsVisitor& v) {
  recipe.visit(v);
  v.section("descriptors", descriptors);
}

void bind_settings(py::module_& module) {
  module.def(
      "run_config",
      [](const std::filesystem::path& file) {
        RunConfig run;
        ConfigDocument::load(file).read(run);
        return to_json(run).dump();
      },
      py::arg("file"), "Every option of a config as a JSON object.");
  py::class_<Settings>(module, "Settings", "What `mer features` can be told.")
      .def(py::init([](const std::string& json) {
             return options_from_json<Settings>(nlohmann::ordered_json::parse(json), "options");
           }),
           py::arg("json"), "Reads a JSON object strictly; absent keys keep their defaults.")
      .def_static("of_config", &settings_of_config, py::arg("config"), py::arg("program_folder"),
                  "Those of a YAML file, or of an installed config's name.")
      .def_static(
          "help",
          [] {
            Settings settings;
            HelpVisitor visitor;
            settings.visit(visitor);
            return visitor.take();
          },
          "Every dotted key with its meaning, in order.")
      .def(
          "json", [](const Settings& settings) { return to_json(settings).dump(); },
          "All keys as a JSON object.");
}

}  // namespace mer::python
