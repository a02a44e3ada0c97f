#pragma once

#include <taglib/fileref.h>
#include <taglib/id3v2.h>
#include <taglib/tfilestream.h>
#include <taglib/tpropertymap.h>
#include <taglib/tstringlist.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace TagLib::ID3v2 {
class Tag;
}

namespace mer {

/// How a field is called in each kind of tag.
struct TagField {
  std::string name;          ///< in Vorbis comments and APE tags, and as a TXXX frame
  std::string id3_frame;     ///< empty: a TXXX frame
  bool only_id3v24 = false;  ///< that frame; in older tags it is a TXXX frame
  std::string mp4_item;
  std::string asf_attribute;

  static TagField of(const std::string& name);
};

/// The tags of a file, whatever its format.
class SongTags {
 public:
  /// @param named  whose extension tells the format, when `file` is a copy under another name
  /// @throws InputError naming `named` when its tags can't be read
  SongTags(const std::filesystem::path& file, const std::filesystem::path& named);

  std::vector<std::string> get(const TagField& field) const;
  /// @param values  none: removes the field
  void set(const TagField& field, const std::vector<std::string>& values);
  std::string artist() const;
  std::string title() const;

  /// Everything that the tags say but for some fields, for comparing.
  std::string others(const std::vector<TagField>& ours) const;
  /// Whether there is an ID3v2 tag of an older version than 2.4.
  bool has_old_id3() const;
  /// @param keep_old_id3  save as ID3v2.3, else as ID3v2.4
  bool save(bool keep_old_id3);

 private:
  /// Under the name of the file that it is a copy of: TagLib looks at the extension.
  class NamedStream : public TagLib::FileStream {
   public:
    NamedStream(const std::filesystem::path& file, std::string name)
        : FileStream(file.c_str()), name_(std::move(name)) {}
    TagLib::FileName name() const override { return name_.c_str(); }

   private:
    std::string name_;
  };

  TagLib::ID3v2::Tag* id3() const;
  TagLib::Tag* own_tag() const;  ///< that the mood is in; null: the format has none

  NamedStream stream_;
  TagLib::FileRef file_;
};

}  // namespace mer
