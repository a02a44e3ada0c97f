#include "mer/store/layout_json.hpp"

#include <nlohmann/json.hpp>

#include "mer/core/error.hpp"

namespace mer {
namespace {

[[noreturn]] void refuse(const std::string& name, const std::string& reason) {
  throw UsageError(name + ": not a usable model: " + reason,
                   "give a best.safetensors or last.safetensors that `mer train` wrote");
}

}  // namespace

nlohmann::ordered_json layout_to_json(const FeatureLayout& layout) {
  nlohmann::ordered_json groups = nlohmann::ordered_json::array();
  for (const ColumnGroup& group : layout.lld) {
    groups.push_back({{"name", group.name},
                      {"first_column", group.first_column},
                      {"num_columns", group.num_columns}});
  }
  return {{"sample_rate_hz", layout.sample_rate_hz},
          {"window_samples", layout.window_samples},
          {"hop_samples", layout.hop_samples},
          {"spectrogram", layout.spectrogram.name},
          {"spectrogram_columns", layout.spectrogram_columns()},
          {"lld_columns", layout.lld_columns},
          {"lld_groups", groups}};
}

FeatureLayout layout_from_json(const nlohmann::ordered_json& json, const std::string& name) {
  FeatureLayout layout;
  try {
    layout.sample_rate_hz = json.at("sample_rate_hz").get<int>();
    layout.window_samples = json.at("window_samples").get<int>();
    layout.hop_samples = json.at("hop_samples").get<int>();
    layout.spectrogram.num_columns = json.at("spectrogram_columns").get<int>();
    layout.lld_columns = json.at("lld_columns").get<std::vector<std::string>>();
    for (const auto& group : json.at("lld_groups")) {
      ColumnGroup columns;
      columns.name = group.at("name").get<std::string>();
      columns.first_column = group.at("first_column").get<int>();
      columns.num_columns = group.at("num_columns").get<int>();
      if (columns.first_column < 0 || columns.num_columns < 1 ||
          columns.num_columns > layout.lld_width() - columns.first_column) {
        refuse(name, "its layout's group '" + columns.name + "' is outside the columns");
      }
      layout.lld.push_back(std::move(columns));
    }
  } catch (const nlohmann::json::exception&) {
    refuse(name, "its 'layout' is incomplete");
  }
  if (layout.spectrogram_columns() < 1) {
    refuse(name, "its layout has no columns");
  }
  if (layout.sample_rate_hz < 1 || layout.window_samples < 1 || layout.hop_samples < 1) {
    refuse(name, "its layout has a rate, window or hop below 1");
  }
  return layout;
}

}  // namespace mer
