#include <CLI/CLI.hpp>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "arguments.hpp"
#include "command.hpp"
#include "mer/core/error.hpp"
#include "mer/core/tensor_file.hpp"
#include "mer/core/text.hpp"
#include "mer/core/text_table.hpp"
#include "mer/runs/run_folder.hpp"

namespace mer::app {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

void print_pair(const std::string& key, const std::string& value) {
  std::printf("%s %s\n", pad_right(key, 18).c_str(), value.c_str());
}

/// An entry of the metadata; of an ensemble's members, what they are made of stands one a line.
void print_entry(const std::string& key, const std::string& value) {
  const Json member = key.starts_with("member-") ? Json::parse(value, nullptr, false) : Json();
  if (!member.is_object()) return print_pair(key, value);
  for (const auto& [inner, text] : member.items()) {
    print_pair(key + " " + inner, text.is_string() ? text.get<std::string>() : text.dump());
  }
}

/// A file's tensors and what its metadata says; nested JSON stays on one line.
void print_tensor_file(const fs::path& path) {
  const TensorFile file = TensorFile::open(path);
  print_pair("file", path.string());
  print_pair("size",
             format_number(static_cast<double>(fs::file_size(path) / 1000) / 1000.0) + " MB");
  for (const auto& [key, value] : file.metadata()) print_entry(key, value);
  for (const std::string& name : file.names()) {
    std::string shape;
    for (const std::int64_t size : file.at(name).shape) {
      shape += (shape.empty() ? "" : ", ") + std::to_string(size);
    }
    print_pair("tensor", name + " [" + shape + "]");
  }
}

void print_run(const RunFolder& run) {
  std::fputs(read_text_file(run.status_file()).c_str(), stdout);
  std::fputs("\n", stdout);
  const CsvTable metrics = run.metrics();
  if (metrics.size() == 0) return;
  for (const std::string& column : metrics.columns()) {
    print_pair("last " + column, metrics.cell(metrics.size() - 1, column));
  }
}

int run_info(const std::string& what) {
  if (what.empty()) {
    const auto models = bundled_files().models();
    if (models.empty()) std::fputs("no bundled models\n", stdout);
    for (const fs::path& model : models) {
      fs::path card = model;
      card.replace_extension(".md");
      std::printf("%-16s %s%s\n", model.stem().c_str(), model.c_str(),
                  fs::exists(card) ? ("   card: " + card.string()).c_str() : "");
    }
    return kDone;
  }
  if (fs::is_directory(what)) {
    const RunFolder run(what);
    if (!run.has_status()) throw UsageError(what + ": is a folder without a run in it");
    print_run(run);
  } else {
    print_tensor_file(bundled_files().find_model(what).file);
  }
  return kDone;
}

}  // namespace

std::function<int()> add_info(CLI::App& cmd) {
  auto what = std::make_shared<std::string>();
  cmd.add_option("what", *what, "Run folder, model, or feature file")->type_name("PATH|NAME");
  cmd.footer(
      "Example:\n  mer info runs/first\n  mer info default\nExit codes: 0 done, 2 no such thing");
  return [what] { return run_info(*what); };
}

}  // namespace mer::app
