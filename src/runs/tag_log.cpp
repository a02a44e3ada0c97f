#include "mer/runs/tag_log.hpp"

#include <fstream>
#include <nlohmann/json.hpp>

#include "mer/core/error.hpp"
#include "mer/core/files.hpp"
#include "mer/core/json.hpp"
#include "path_json.hpp"

namespace mer {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr const char* kKind = "mer_tag_log";

Json start_line(const std::optional<fs::path>& list) {
  Json json{{kKind, 1}, {"list", nullptr}};
  if (list) put_path(json, "list", absolute_path(*list).string());
  return json;
}

}  // namespace

TagLog::TagLog(fs::path file, const std::optional<fs::path>& list)
    : path_(std::move(file)), lines_(path_, LineFile::Start::kAppend) {
  lines_.add(json_text(start_line(list)) + "\n");
}

void TagLog::add(const TagLogEntry& entry) {
  Json json;
  put_path(json, "path", entry.path);
  json["before"] = entry.before;
  json["after"] = entry.after;
  lines_.add(json_text(json) + "\n");
}

TagLogContent read_tag_log(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream || fs::is_directory(file)) {
    throw UsageError(file.string() + ": cannot be read",
                     "mer tag --write says at its end which log it left");
  }
  TagLogContent log;
  int number = 0;
  for (std::string line; std::getline(stream, line);) {
    if (stream.eof()) break;  // no line feed: cut off
    ++number;
    try {
      const Json json = Json::parse(line);
      if (json.contains(kKind)) {
        if (!json.at("list").is_null()) log.list = path_in(json, "list");
        continue;
      }
      if (number == 1) throw std::invalid_argument("no log");
      log.entries.push_back({path_in(json, "path"), json.at("before").get<TagFields>(),
                             json.at("after").get<TagFields>()});
    } catch (const std::exception&) {
      throw UsageError(file.string() + ":" + std::to_string(number) + ": is no line of a tag log",
                       "give the log that mer tag --write left");
    }
  }
  if (number == 0) throw UsageError(file.string() + ": holds no tag log");
  return log;
}

}  // namespace mer
