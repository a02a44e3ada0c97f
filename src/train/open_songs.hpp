#pragma once

#include <cstddef>
#include <filesystem>
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>

namespace mer {

/// Songs' files of one kind (SongFeatures, SongEmbeddings), opened when they are wanted; those that
/// were not wanted for longest are closed again, so that a run's memory (and its number of
/// mappings) doesn't grow with its corpus. May be called from several threads.
template <class File>
class OpenSongs {
 public:
  explicit OpenSongs(std::size_t capacity) : capacity_(capacity) {}

  /// @throws UsageError when it is not a file of that kind (any more)
  std::shared_ptr<const File> open(const std::filesystem::path& file) {
    const std::lock_guard lock(mutex_);
    const auto found = places_.find(file.native());
    if (found != places_.end()) {
      recent_.splice(recent_.begin(), recent_, found->second);
      return recent_.front().second;
    }
    recent_.emplace_front(file.native(), std::make_shared<const File>(File::open(file)));
    places_[file.native()] = recent_.begin();
    if (recent_.size() > capacity_) {
      places_.erase(recent_.back().first);
      recent_.pop_back();
    }
    return recent_.front().second;
  }

 private:
  using Entry = std::pair<std::string, std::shared_ptr<const File>>;

  std::size_t capacity_;
  std::mutex mutex_;
  std::list<Entry> recent_;  ///< the last one wanted comes first
  std::unordered_map<std::string, typename std::list<Entry>::iterator> places_;
};

}  // namespace mer
