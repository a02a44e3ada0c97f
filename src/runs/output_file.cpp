#include "mer/runs/output_file.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <string>
#include <string_view>

#include "mer/audio/audio_reader.hpp"
#include "mer/core/error.hpp"
#include "mer/core/system_reason.hpp"
#include "mer/core/text.hpp"

namespace mer {
namespace {

namespace fs = std::filesystem;

/// As much of a file as tells what it is: a tensor file's header may be long.
constexpr std::size_t kHeadBytes = std::size_t{1} << 20;

std::string head_of(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) throw Error(file.string() + ": cannot be read: " + reason_of(errno));
  std::string head(kHeadBytes, '\0');
  stream.read(head.data(), static_cast<std::streamsize>(head.size()));
  head.resize(static_cast<std::size_t>(stream.gcount()));
  return head;
}

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

bool begins(std::string_view text, std::string_view front) {
  return text.starts_with(front) || text.starts_with("\xEF\xBB\xBF" + std::string(front));
}

std::string_view first_line(std::string_view text) { return text.substr(0, text.find('\n')); }

/// Its first line is two numbers and a label, with tabs between them.
bool is_label_track(std::string_view head) {
  const std::string_view line = first_line(head);
  const std::size_t first = line.find('\t');
  const std::size_t second = line.find('\t', first == line.npos ? first : first + 1);
  return second != line.npos && line.find_first_not_of("0123456789.\t") >= second + 1;
}

/// A safetensors file whose header holds a word.
bool is_tensors(std::string_view head, std::string_view word) {
  return head.size() > 8 && head[8] == '{' && head[6] == '\0' && head[7] == '\0' &&
         has(head.substr(8), word);
}

/// A CSV whose first line is `path` and another column of manifests.
bool is_manifest(std::string_view head) {
  if (!begins(head, "path,")) return false;
  head.remove_prefix(head.find(',') + 1);
  const std::string_view second = head.substr(0, head.find_first_of(",\r\n"));
  constexpr std::array kColumns = {"label",   "labels", "valence", "arousal",
                                   "dynamic", "group",  "split",   "id"};
  return second.starts_with("share_") ||
         std::find(kColumns.begin(), kColumns.end(), second) != kColumns.end();
}

struct KindText {
  OutputKind kind;
  const char* name;
  bool (*is_it)(std::string_view head);
};

constexpr std::array kKinds = {
    KindText{OutputKind::kPredictionTable, "a table of mer predict",
             [](auto head) { return begins(head, "file ") && has(first_line(head), " emotion "); }},
    KindText{OutputKind::kPredictionJson, "what mer predict --format json writes",
             [](auto head) {
               return begins(head, "{") && has(head, "\"mer_version\"") && has(head, "\"results\"");
             }},
    KindText{OutputKind::kPredictionList, "what mer predict --format jsonl writes",
             [](auto head) { return begins(head, "{\"path\":"); }},
    KindText{OutputKind::kPredictionCsv, "what mer predict --format csv writes",
             [](auto head) { return begins(head, "path,status,emotion"); }},
    KindText{OutputKind::kManifest, "a manifest", is_manifest},
    KindText{OutputKind::kFeatureCsv, "a CSV of features",
             [](auto head) { return begins(head, "time_s,") || begins(head, "# {"); }},
    KindText{OutputKind::kFeatureTensors, "a feature file",
             [](auto head) { return is_tensors(head, "\"kept\":{"); }},
    KindText{OutputKind::kDescriptorCsv, "a CSV of descriptors",
             [](auto head) {
               return begins(head, "# {") ||
                      (begins(head, "path,") && !is_manifest(head) && !begins(head, "path,status"));
             }},
    KindText{OutputKind::kDescription, "a description of features",
             [](auto head) { return begins(head, "{") && has(head, "\"fingerprint\""); }},
    KindText{OutputKind::kDescriptorTensors, "a file of descriptors",
             [](auto head) { return is_tensors(head, "\"descriptors\":{"); }},
    KindText{OutputKind::kNpz, "an archive of NumPy arrays",
             [](auto head) {
               return begins(head, std::string_view("PK\3\4", 4)) &&
                      has(head.substr(0, 512), ".npy");
             }},
    KindText{OutputKind::kModel, "a model",
             [](auto head) { return is_tensors(head, "\"format\":\"mer-"); }},
    KindText{OutputKind::kMetrics, "an evaluation of mer eval",
             [](auto head) {
               return begins(head, "{") && has(head, "\"mer_version\"") && has(head, "\"split\"");
             }},
    KindText{OutputKind::kScores, "a table of mer eval",
             [](auto head) {
               return begins(head, "id,") || begins(head, "truth,") || begins(head, "from,to,") ||
                      begins(head, "coverage,");
             }},
    KindText{OutputKind::kEmbeddings, "a file of embeddings",
             [](auto head) { return is_tensors(head, "\"embeddings\":{"); }},
    KindText{
        OutputKind::kPage, "an HTML page",
        [](auto head) { return begins(head, "<!DOCTYPE html") || begins(head, "<!doctype html"); }},
    KindText{OutputKind::kSvg, "an SVG picture",
             [](auto head) { return begins(head, "<") && has(head, "<svg"); }},
    KindText{OutputKind::kPng, "a PNG picture", [](auto head) { return begins(head, "\x89PNG"); }},
    KindText{OutputKind::kPdf, "a PDF file", [](auto head) { return begins(head, "%PDF-"); }},
    KindText{OutputKind::kLatex, "a LaTeX table of mer",
             [](auto head) { return begins(head, "% \\usepackage{booktabs}"); }},
    KindText{OutputKind::kSmartPlaylist, "a smart playlist of mer",
             [](auto head) { return begins(head, "{") && has(head, "\"by mer, from the tags"); }},
    KindText{OutputKind::kPlaylist, "a playlist",
             [](auto head) { return !has(head, std::string_view("\0", 1)); }},
    KindText{OutputKind::kJams, "a JAMS file",
             [](auto head) { return begins(head, "{") && has(head, "\"annotations\""); }},
    KindText{OutputKind::kLabelTrack, "a label track", is_label_track},
    KindText{OutputKind::kLayers, "a file of Sonic Visualiser",
             [](auto head) { return begins(head, "<?xml") && has(head, "<sv>"); }},
};

const KindText& text_of(OutputKind kind) {
  return *std::find_if(kKinds.begin(), kKinds.end(),
                       [&](const KindText& text) { return text.kind == kind; });
}

bool same_file(const struct stat& one, const struct stat& other) {
  return one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

void require_writable_folder(const fs::path& file) {
  const fs::path folder = file.has_parent_path() ? file.parent_path() : ".";
  struct stat status {};
  if (::stat(folder.c_str(), &status) != 0 && (errno == ENOENT || errno == ENOTDIR)) {
    throw UsageError(file.string() + ": cannot be written: no such folder",
                     "mkdir -p " + folder.string());
  }
  if (::access(folder.c_str(), W_OK | X_OK) != 0) {
    throw Error(file.string() + ": cannot be written: " + reason_of(errno));
  }
}

}  // namespace

void require_output(const fs::path& file, OutputKind kind, std::span<const fs::path> inputs) {
  if (has_audio_extension(file)) {
    throw UsageError(file.string() + ": is a song's name; it is not written to",
                     "this writes " + std::string(text_of(kind).name) + ": give it another name");
  }
  struct stat target {};
  if (::stat(file.c_str(), &target) != 0) {
    if (errno != ENOENT && errno != ENOTDIR) {
      throw Error(file.string() + ": cannot be written: " + reason_of(errno));
    }
    return require_writable_folder(file);
  }
  if (S_ISDIR(target.st_mode)) {
    throw UsageError(file.string() + ": is a folder", "name a file in it");
  }
  if (S_ISCHR(target.st_mode) || S_ISFIFO(target.st_mode)) return;
  if (!S_ISREG(target.st_mode))
    throw UsageError(file.string() + ": is no file, it is not written to");
  for (const fs::path& input : inputs) {
    struct stat status {};
    if (::stat(input.c_str(), &status) != 0 || !same_file(status, target)) continue;
    throw UsageError(file.string() + ": is read by this command; it is not written to",
                     "give another name");
  }
  if (target.st_size > 0 && !text_of(kind).is_it(head_of(file))) {
    throw UsageError(file.string() + ": is there already and is not " + text_of(kind).name +
                         "; it is not replaced",
                     "give another name, or remove it first");
  }
  require_writable_folder(file);
}

}  // namespace mer
