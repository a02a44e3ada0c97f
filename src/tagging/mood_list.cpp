#include "mer/tagging/mood_list.hpp"

namespace mer {

void follow_list(const std::filesystem::path& file, const std::vector<ListedPrediction>& list,
                 LineFile* writing, const MoodListJob& job) {
  std::map<std::string, FileStamp> changed;
  for (const ListedPrediction& song : list) {
    if (job.stop()) break;
    const std::filesystem::path path = job.map(song.result.path);
    const bool is_up_to_date = song.result.stamp && song.result.stamp == stamp_of(path);
    const bool written = job.change(path, song);
    if (!written || !is_up_to_date) continue;
    if (const auto stamp = stamp_of(path)) changed.emplace(song.result.path, *stamp);
  }
  if (!changed.empty() && writing != nullptr) renew_stamps(*writing, file, changed);
}

}  // namespace mer
