#include "mer/tagging/mood_tag.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <set>
#include <span>

#include "mer/core/atomic_file.hpp"
#include "mer/core/error.hpp"
#include "mer/core/file_descriptor.hpp"
#include "mer/core/files.hpp"
#include "mer/core/system_reason.hpp"
#include "mer/core/text.hpp"
#include "mer/core/text_table.hpp"
#include "song_tags.hpp"

namespace mer {
namespace {

namespace fs = std::filesystem;

std::string reason() { return reason_of(errno); }

/// As root, who may write everything, somebody's "read-only" still counts.
void require_writable(const fs::path& file, const struct stat& status) {
  constexpr mode_t kAnyWrite = S_IWUSR | S_IWGRP | S_IWOTH;
  if ((status.st_mode & kAnyWrite) == 0 || ::access(file.c_str(), W_OK) != 0) {
    throw InputError(file.string() + ": is read-only",
                     "chmod u+w, or tag a copy; the file is as it was");
  }
}

void copy_content(const fs::path& file, int from, AtomicFile& copy) {
  std::vector<std::byte> block(std::size_t{1} << 20);
  for (;;) {
    const ssize_t count = ::read(from, block.data(), block.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw InputError(file.string() + ": cannot be read: " + reason());
    if (count == 0) return;
    copy.write(std::span(block).first(static_cast<std::size_t>(count)));
  }
}

/// Ratings and the like of desktops; those that the file system or our rights don't allow stay out.
void copy_extended_attributes(int from, int to) {
  const ssize_t length = ::flistxattr(from, nullptr, 0);
  if (length <= 0) return;
  std::string names(static_cast<std::size_t>(length), '\0');
  const ssize_t filled = ::flistxattr(from, names.data(), names.size());
  for (std::size_t at = 0; filled > 0 && at < static_cast<std::size_t>(filled);) {
    const char* name = names.c_str() + at;
    at += std::string_view(name).size() + 1;
    const ssize_t size = ::fgetxattr(from, name, nullptr, 0);
    if (size < 0) continue;
    std::string value(static_cast<std::size_t>(size), '\0');
    if (::fgetxattr(from, name, value.data(), value.size()) != size) continue;
    ::fsetxattr(to, name, value.data(), value.size(), 0);
  }
}

void copy_owner_and_permissions(const fs::path& file, int from, const struct stat& status, int to) {
  struct stat made {};
  ::fstat(to, &made);
  const bool is_owned = made.st_uid == status.st_uid && made.st_gid == status.st_gid;
  if ((!is_owned && ::fchown(to, status.st_uid, status.st_gid) != 0) ||
      ::fchmod(to, status.st_mode & 07777U) != 0) {
    throw InputError(file.string() + ": belongs to somebody else, who must stay its owner",
                     "run mer tag as that user");
  }
  copy_extended_attributes(from, to);
}

TagFields fields_in(const SongTags& tags, const std::vector<std::string>& names) {
  TagFields fields;
  for (const std::string& name : names) {
    if (auto values = tags.get(TagField::of(name)); !values.empty()) {
      fields.emplace(name, std::move(values));
    }
  }
  return fields;
}

std::vector<std::string> values_of(const TagFields& fields, const std::string& name) {
  const auto found = fields.find(name);
  return found == fields.end() ? std::vector<std::string>() : found->second;
}

void put(TagFields& fields, const std::string& name, std::vector<std::string> values) {
  if (values.empty()) {
    fields.erase(name);
  } else {
    fields[name] = std::move(values);
  }
}

/// What MER_MOOD says of a mood of ours.
struct MoodRecord {
  std::string field;
  std::vector<std::string> ours, before;

  static std::optional<MoodRecord> of(const std::vector<std::string>& values) {
    if (values.size() < 3) return std::nullopt;
    std::size_t count = 0;
    const char* end = values[1].data() + values[1].size();
    const auto [rest, error] = std::from_chars(values[1].data(), end, count);
    if (error != std::errc() || rest != end || count < 1 || count > values.size() - 2) {
      return std::nullopt;
    }
    const auto first = values.begin() + 2;
    const auto middle = first + static_cast<std::ptrdiff_t>(count);
    return MoodRecord{values[0], {first, middle}, {middle, values.end()}};
  }
  std::vector<std::string> values() const {
    std::vector<std::string> all = {field, std::to_string(ours.size())};
    all.insert(all.end(), ours.begin(), ours.end());
    all.insert(all.end(), before.begin(), before.end());
    return all;
  }
  std::vector<std::string> appended() const {
    std::vector<std::string> all = before;
    for (const std::string& word : ours) {
      if (std::find(all.begin(), all.end(), word) == all.end()) all.push_back(word);
    }
    return all;
  }
  /// Ours is what nobody has changed since we wrote it.
  bool is_in(const TagFields& fields) const {
    const std::vector<std::string> now = values_of(fields, field);
    return now == ours || now == appended();
  }
};

/// −1…1 as a number that sorts as text: 0.000…1.000.
std::vector<std::string> number_text(double value) {
  if (std::isnan(value)) return {};
  return {fixed(std::clamp((value + 1.0) / 2.0, 0.0, 1.0), 3)};
}

MoodAction action_of(const TagChange& change) {
  if (change.after == change.before) return MoodAction::kNone;
  const std::vector<std::string> before = change.mood_before();
  const std::vector<std::string> after = change.mood_after();
  if (after == before) return MoodAction::kOther;
  if (after.empty()) return MoodAction::kRemove;
  if (before.empty()) return MoodAction::kAdd;
  if (!change.after.contains(kRecordField)) return MoodAction::kRestore;
  const bool is_longer = after.size() > before.size();
  return is_longer && std::equal(before.begin(), before.end(), after.begin())
             ? MoodAction::kAppend
             : MoodAction::kReplace;
}

/// A song's fields without what is ours.
TagFields without_us(const TagFields& now, const std::optional<MoodRecord>& record) {
  TagFields fields = now;
  fields.erase(kRecordField);
  if (record && record->is_in(now)) put(fields, record->field, record->before);
  return fields;
}

/// Libraries that write tags don't tell why they could not.
void require_space(const fs::path& file) {
  constexpr std::uintmax_t kTagBytes = 1 << 20;
  std::error_code error;
  const fs::space_info space = fs::space(file, error);
  if (!error && space.available < kTagBytes) {
    throw OutOfSpace(file.string() + ": cannot be written: " + reason_of(ENOSPC));
  }
}

/// Fields that change are to be written, and what is told before they are.
struct Writing {
  const TagChange& change;
  const BeforeWriting& before;

  std::vector<TagField> fields() const {
    std::vector<TagField> changed;
    for (const TagFields* side : {&change.before, &change.after}) {
      for (const auto& [name, values] : *side) changed.push_back(TagField::of(name));
    }
    return changed;
  }
};

/// Changes a copy and makes sure that nothing else has changed in it.
/// @return false when something has
bool write_copy(const fs::path& file, const Writing& writing, bool keep_old_id3) {
  const FileDescriptor from(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status {};
  if (!from.is_open() || ::fstat(from.get(), &status) != 0) {
    throw InputError(file.string() + ": cannot be read: " + reason());
  }
  AtomicFile copy(file);
  copy_content(file, from.get(), copy);
  const std::vector<TagField> fields = writing.fields();
  std::string others;
  {
    SongTags tags(copy.temporary(), file);
    others = tags.others(fields);
    for (const TagField& field : fields) {
      tags.set(field, values_of(writing.change.after, field.name));
    }
    if (!tags.save(keep_old_id3)) {
      require_space(file);
      throw InputError(file.string() + ": its tags cannot be written", "the file is as it was");
    }
  }
  const SongTags written(copy.temporary(), file);
  const bool is_as_wanted = std::all_of(fields.begin(), fields.end(), [&](const TagField& field) {
    return written.get(field) == values_of(writing.change.after, field.name);
  });
  if (!is_as_wanted || written.others(fields) != others) {
    require_space(file);
    return false;
  }
  copy_owner_and_permissions(file, from.get(), status, copy.descriptor());
  if (writing.before) writing.before(writing.change);
  copy.commit();
  return true;
}

void write_fields(const fs::path& file, const Writing& writing, bool has_old_id3) {
  if (has_old_id3 && write_copy(file, writing, true)) return;
  if (write_copy(file, writing, false)) return;
  throw InputError(file.string() + ": a mood cannot be stored without changing its other tags",
                   "the file is as it was");
}

/// @param decide  what the file's tags are to hold
TagChange change_file(const fs::path& file, const std::function<TagChange(const SongTags&)>& decide,
                      bool write, const BeforeWriting& before_writing) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) {
    throw InputError(file.string() + (errno == ENOENT ? ": no such file" : ": " + reason()),
                     "has it been moved? mer predict --resume brings a list up to date; is it "
                     "mounted elsewhere? --map-path FROM=TO");
  }
  require_file(file);
  TagChange change;
  bool has_old_id3 = false;
  {
    const SongTags tags(file, file);
    change = decide(tags);
    has_old_id3 = tags.has_old_id3();
  }
  if (change.after == change.before) return change;
  require_writable(file, status);
  if (write) write_fields(fs::canonical(file), {change, before_writing}, has_old_id3);
  return change;
}

}  // namespace

void TagRules::require_field() const {
  // Fields that say something else in every player.
  static const std::set<std::string> kTaken = {
      "TITLE", "ARTIST",      "ALBUM",      "ALBUMARTIST", "DATE",    "YEAR",      "TRACKNUMBER",
      "TRACK", "DISCNUMBER",  "DISC",       "COMMENT",     "LYRICS",  "COPYRIGHT", "ISRC",
      "BPM",   "COMPILATION", "ENCODED-BY", "COVERART",    "COMPOSER"};
  const bool is_name = !field.empty() && std::all_of(field.begin(), field.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == ' ' || c == '_' || c == '-';
  });
  if (is_name && field.front() != ' ' && field.back() != ' ' && !kTaken.contains(field) &&
      !field.starts_with("MER_")) {
    return;
  }
  throw UsageError("--field is '" + field +
                       "', allowed: a name of letters, digits, blanks, - and _ "
                       "that is no other tag's, such as TITLE, and does not begin with MER_",
                   "--field MOOD, --field GROUPING, --field GENRE, or a name of your own");
}

MoodWords::MoodWords(const std::vector<std::string>& options) {
  for (const std::string& option : options) {
    const std::size_t equals = option.find('=');
    std::vector<std::string> words;
    if (equals != std::string::npos) {
      for (const std::string& word : split_words(option.substr(equals + 1), ';')) {
        if (const std::string text = trimmed(word); !text.empty()) words.push_back(text);
      }
    }
    if (equals == 0 || words.empty() || !is_utf8(option)) {
      throw UsageError("--mood is '" + to_valid_utf8(option) + "', allowed: CLASS=WORD",
                       "--mood anger=Aggressive, or several words: --mood 'sad=Sad;Traurig'");
    }
    words_[option.substr(0, equals)] = std::move(words);
  }
}

void MoodWords::require_known(const std::vector<std::string>& classes) const {
  for (const auto& [name, words] : words_) {
    if (std::find(classes.begin(), classes.end(), name) != classes.end()) continue;
    throw UsageError("--mood has '" + name + "', which is no class of the model",
                     "its classes are " + join(classes, ", "));
  }
}

std::vector<std::string> MoodWords::of(const std::string& emotion) const {
  const auto found = words_.find(emotion);
  return found == words_.end() ? std::vector{emotion} : found->second;
}

SongMood mood_of(const SongPrediction& song, const std::optional<std::string>& emotion,
                 const MoodWords& words, double min_confidence) {
  SongMood mood{{}, song.valence, song.arousal, song.labels};
  const bool is_sure = emotion && song.confidence() >= min_confidence;
  if (is_sure) mood.words = words.of(*emotion);
  return mood;
}

TagLogEntry TagChange::log_entry(const fs::path& file) const {
  TagLogEntry entry{file.string(), {}, {}};
  for (const TagFields* side : {&before, &after}) {
    for (const auto& [name, values] : *side) {
      if (values_of(before, name) == values_of(after, name)) continue;
      entry.before[name] = values_of(before, name);
      entry.after[name] = values_of(after, name);
    }
  }
  return entry;
}

std::vector<std::string> TagChange::values(const TagFields& fields) const {
  return values_of(fields, field);
}

TagChange with_mood(const TagFields& now, const std::optional<SongMood>& mood,
                    const TagRules& rules) {
  const auto record = MoodRecord::of(values_of(now, kRecordField));
  TagChange change{now, without_us(now, record), rules.field};
  TagFields& after = change.after;
  if (!mood) {
    for (const char* field : {kValenceField, kArousalField, kTagsField}) after.erase(field);
    if (record) change.field = record->field;
    change.action = action_of(change);
    return change;
  }
  const std::vector<std::string> theirs = values_of(after, rules.field);
  const bool is_said = std::all_of(mood->words.begin(), mood->words.end(), [&](const auto& word) {
    return std::find(theirs.begin(), theirs.end(), word) != theirs.end();
  });
  const bool says_it =
      rules.existing == TagRules::Existing::kReplace ? theirs == mood->words : is_said;
  bool is_kept = false;
  if (!mood->words.empty() && !says_it) {
    is_kept = !theirs.empty() && rules.existing == TagRules::Existing::kKeep;
    if (is_kept) {  // what is no mood of ours any more is not worth a new file
      if (record && !record->is_in(now)) after[kRecordField] = now.at(kRecordField);
    } else {
      const MoodRecord ours{rules.field, mood->words, theirs};
      const bool appends = rules.existing == TagRules::Existing::kAppend;
      put(after, rules.field, appends ? ours.appended() : ours.ours);
      put(after, kRecordField, ours.values());
    }
  }
  if (rules.numbers) {
    put(after, kValenceField, number_text(mood->valence));
    put(after, kArousalField, number_text(mood->arousal));
  }
  if (rules.tags) put(after, kTagsField, mood->tags);
  change.action = is_kept ? MoodAction::kKeep : action_of(change);
  return change;
}

std::vector<std::string> read_tag(const fs::path& file, const std::string& field) {
  require_file(file);
  return SongTags(file, file).get(TagField::of(field));
}

TagChange change_tags(const fs::path& file, const std::optional<SongMood>& mood,
                      const TagRules& rules, bool write, const BeforeWriting& before_writing) {
  return change_file(
      file,
      [&](const SongTags& tags) {
        std::vector<std::string> names = {rules.field, kRecordField, kValenceField, kArousalField,
                                          kTagsField};
        const auto record = MoodRecord::of(tags.get(TagField::of(kRecordField)));
        if (record && record->field != rules.field) names.push_back(record->field);
        return with_mood(fields_in(tags, names), mood, rules);
      },
      write, before_writing);
}

TagChange undo_change(const fs::path& file, const TagLogEntry& entry, bool write) {
  return change_file(file,
                     [&](const SongTags& tags) {
                       TagChange change;
                       for (const auto& [name, values] : entry.before) {
                         const std::vector<std::string> now = tags.get(TagField::of(name));
                         if (now != values && now != values_of(entry.after, name)) {
                           throw InputError(
                               file.string() + ": its field " + name + " is '" + join(now, "; ") +
                                   "', neither what mer wrote nor what was there before",
                               "somebody has changed it since; it stays as it is");
                         }
                         put(change.before, name, now);
                         put(change.after, name, values);
                         if (!name.starts_with("MER_")) change.field = name;
                       }
                       change.action = action_of(change);
                       if (change.action == MoodAction::kReplace)
                         change.action = MoodAction::kRestore;
                       return change;
                     },
                     write, {});
}

SongNames song_names(const fs::path& file) {
  try {
    require_file(file);
    const SongTags tags(file, file);
    SongNames names{trimmed(tags.artist()), trimmed(tags.title())};
    if (!names.title.empty()) return names;
  } catch (const InputError&) {
    // A file that we can't read the tags of still has a name.
  }
  return {"", file.stem().string()};
}

std::string display_title(const fs::path& file) {
  const SongNames names = song_names(file);
  return names.artist.empty() ? names.title : names.artist + " – " + names.title;
}

}  // namespace mer
