#include "mer/report/feature_export.hpp"

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "mer/core/atomic_file.hpp"
#include "mer/core/json.hpp"
#include "mer/core/text.hpp"
#include "npz_file.hpp"

namespace mer {
namespace {

constexpr std::size_t kPieceBytes = 1 << 18;
constexpr std::int64_t kReleaseFrames = 4096;

template <class Number>
void append_number(std::string& text, Number value) {
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof(digits), value).ptr;
  text.append(digits, end);
}

void append_row(std::string& text, const Eigen::Map<const RowMatrixXf>& matrix, std::int64_t row) {
  const float* values = matrix.data() + row * matrix.cols();
  for (Eigen::Index i = 0; i < matrix.cols(); ++i) {
    text += ',';
    append_number(text, values[i]);
  }
}

template <class T>
std::span<const std::byte> bytes_of(const Eigen::Map<const T>& matrix) {
  return std::as_bytes(
      std::span<const float>(matrix.data(), static_cast<std::size_t>(matrix.size())));
}

}  // namespace

void write_features_npz(const std::filesystem::path& file, const FeatureView& view) {
  const std::int64_t num_frames = view.num_frames();
  std::vector<std::string> units;
  for (const ColumnGroup& group : view.layout.lld) {
    units.insert(units.end(), static_cast<std::size_t>(group.num_columns), group.unit);
  }
  const std::vector<double> hz = spectrogram_column_hz(view.layout, view.options);

  NpzFile npz(file, view.release);
  npz.add("time_s", "<f8", {num_frames}, std::as_bytes(view.time_s));
  npz.add("kept", "|b1", {num_frames}, std::as_bytes(view.kept));
  npz.add("energy_db", "<f4", {num_frames}, std::as_bytes(view.energy_db));
  npz.add("spectrogram", "<f4", {num_frames, view.spectrogram.cols()}, bytes_of(view.spectrogram));
  npz.add_texts("spectrogram_columns", spectrogram_column_names(view.layout));
  npz.add("spectrogram_hz", "<f8", {static_cast<std::int64_t>(hz.size())},
          std::as_bytes(std::span(hz)));
  npz.add("lld", "<f4", {num_frames, view.lld.cols()}, bytes_of(view.lld));
  npz.add_texts("lld_columns", view.layout.lld_columns);
  npz.add_texts("lld_units", units);
  npz.add_text("metadata", json_text(describe_features(view)));
  npz.finish();
}

void write_features_csv(const FeatureView& view,
                        const std::function<void(std::string_view)>& write) {
  std::string text = "time_s,kept,energy_db";
  for (const std::string& name : spectrogram_column_names(view.layout)) text += "," + name;
  for (const std::string& name : view.layout.lld_columns) text += "," + name;
  text += '\n';
  for (std::int64_t frame = 0; frame < view.num_frames(); ++frame) {
    const auto i = static_cast<std::size_t>(frame);
    append_number(text, view.time_s[i]);
    text += view.kept[i] != 0 ? ",1," : ",0,";
    append_number(text, view.energy_db[i]);
    append_row(text, view.spectrogram, frame);
    append_row(text, view.lld, frame);
    text += '\n';
    if (text.size() >= kPieceBytes) {
      write(text);
      text.clear();
    }
    if (view.release && (frame + 1) % kReleaseFrames == 0) view.release();
  }
  write(text);
}

void write_features_csv(const std::filesystem::path& path, const FeatureView& view) {
  AtomicFile file(path);
  write_features_csv(view, [&file](std::string_view text) {
    file.write(std::as_bytes(std::span<const char>(text)));
  });
  write_text_file(path.string() + ".json", json_text(describe_features(view), 2) + "\n");
  file.commit();
}

}  // namespace mer
