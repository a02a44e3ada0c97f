#include "mer/report/feature_view.hpp"

#include <nlohmann/json.hpp>

namespace mer {

std::vector<std::string> spectrogram_column_names(const FeatureLayout& layout) {
  std::vector<std::string> names;
  for (int i = 0; i < layout.spectrogram_columns(); ++i) {
    names.push_back(layout.spectrogram.name + "_" + std::to_string(i));
  }
  return names;
}

std::vector<double> spectrogram_column_hz(const FeatureLayout& layout,
                                          const FeatureOptions& options) {
  const int count = layout.spectrogram_columns();
  std::vector<double> hz;
  if (options.spectrogram == SpectrogramKind::kLinear) {
    for (int i = 0; i < count; ++i) {
      hz.push_back(static_cast<double>(i) * layout.sample_rate_hz / layout.window_samples);
    }
    return hz;
  }
  const Eigen::ArrayXd centers = mel_band_hz(options.mel, layout.sample_rate_hz);
  hz.assign(centers.begin(), centers.end());
  return hz;
}

nlohmann::ordered_json metadata_json(const TensorMetadata& metadata) {
  nlohmann::ordered_json json;
  for (const auto& [key, text] : metadata) {
    auto value = nlohmann::ordered_json::parse(text, nullptr, false);
    // Only structures: a fingerprint of digits must stay text.
    json[key] = value.is_structured() ? std::move(value) : nlohmann::ordered_json(text);
  }
  return json;
}

nlohmann::ordered_json describe_features(const FeatureView& view) {
  nlohmann::ordered_json description = metadata_json(view.metadata);
  auto groups = nlohmann::ordered_json::array();
  const auto add = [&](const char* matrix, const ColumnGroup& group) {
    groups.push_back({{"name", group.name},
                      {"matrix", matrix},
                      {"first_column", group.first_column},
                      {"num_columns", group.num_columns},
                      {"unit", group.unit},
                      {"source", group.source},
                      {"description", group.description}});
  };
  add("spectrogram", view.layout.spectrogram);
  for (const ColumnGroup& group : view.layout.lld) add("lld", group);
  description["features"] = std::move(groups);
  return description;
}

}  // namespace mer
