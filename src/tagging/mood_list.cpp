#include "mer/tagging/mood_list.hpp"

#include "mer/core/file_stamp.hpp"

namespace mer {

void follow_list(const std::filesystem::path& file, const std::vector<ListedPrediction>& list,
                 bool removing, const std::function<bool()>& stop,
                 const std::function<bool(const std::filesystem::path& song,
                                          const std::optional<std::string>& emotion)>& change) {
  std::vector<std::string> changed;
  for (const ListedPrediction& song : list) {
    if (stop()) break;
    if (!song.result.ok() && !removing) continue;
    const std::string& path = song.result.path;
    const bool is_up_to_date = song.result.stamp && song.result.stamp == stamp_of(path);
    const bool written = change(path, removing ? std::nullopt : song.emotion);
    if (written && is_up_to_date) changed.push_back(path);
  }
  if (!changed.empty()) renew_stamps(file, changed);
}

}  // namespace mer
