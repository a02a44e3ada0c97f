#include "song_tags.hpp"

#include <taglib/aifffile.h>
#include <taglib/apefile.h>
#include <taglib/apetag.h>
#include <taglib/asffile.h>
#include <taglib/asftag.h>
#include <taglib/attachedpictureframe.h>
#include <taglib/flacfile.h>
#include <taglib/id3v2header.h>
#include <taglib/id3v2tag.h>
#include <taglib/mp4file.h>
#include <taglib/mp4tag.h>
#include <taglib/mpcfile.h>
#include <taglib/mpegfile.h>
#include <taglib/oggflacfile.h>
#include <taglib/opusfile.h>
#include <taglib/speexfile.h>
#include <taglib/textidentificationframe.h>
#include <taglib/trueaudiofile.h>
#include <taglib/vorbisfile.h>
#include <taglib/wavfile.h>
#include <taglib/wavpackfile.h>
#include <taglib/xiphcomment.h>

#include <algorithm>

#include "mer/core/error.hpp"

namespace mer {
namespace {

namespace fs = std::filesystem;
using TagLib::String;
using TagLib::StringList;
using UserFrame = TagLib::ID3v2::UserTextIdentificationFrame;

std::vector<std::string> to_words(const StringList& list) {
  std::vector<std::string> words;
  for (const String& text : list) words.push_back(text.to8Bit(true));
  return words;
}

StringList to_list(const std::vector<std::string>& words) {
  StringList list;
  for (const std::string& word : words) list.append(String(word, String::UTF8));
  return list;
}

template <class File>
File* as(const TagLib::FileRef& file) {
  return dynamic_cast<File*>(file.file());
}

TagLib::Ogg::XiphComment* xiph_of(const TagLib::FileRef& file) {
  if (auto* flac = as<TagLib::FLAC::File>(file)) return flac->xiphComment(true);
  if (auto* ogg = as<TagLib::Ogg::File>(file)) {
    return dynamic_cast<TagLib::Ogg::XiphComment*>(ogg->tag());
  }
  return nullptr;
}

TagLib::APE::Tag* ape_of(const TagLib::FileRef& file) {
  if (auto* ape = as<TagLib::APE::File>(file)) return ape->APETag(true);
  if (auto* wavpack = as<TagLib::WavPack::File>(file)) return wavpack->APETag(true);
  if (auto* musepack = as<TagLib::MPC::File>(file)) return musepack->APETag(true);
  return nullptr;
}

TagLib::MP4::Tag* mp4_of(const TagLib::FileRef& file) {
  auto* mp4 = as<TagLib::MP4::File>(file);
  return mp4 == nullptr ? nullptr : mp4->tag();
}

TagLib::ASF::Tag* asf_of(const TagLib::FileRef& file) {
  auto* asf = as<TagLib::ASF::File>(file);
  return asf == nullptr ? nullptr : asf->tag();
}

TagLib::ID3v2::Tag* id3_of(const TagLib::FileRef& file) {
  if (auto* mpeg = as<TagLib::MPEG::File>(file)) return mpeg->ID3v2Tag(true);
  if (auto* wave = as<TagLib::RIFF::WAV::File>(file)) return wave->ID3v2Tag();
  if (auto* aiff = as<TagLib::RIFF::AIFF::File>(file)) return aiff->tag();
  if (auto* true_audio = as<TagLib::TrueAudio::File>(file)) return true_audio->ID3v2Tag(true);
  return nullptr;
}

bool is_old(TagLib::ID3v2::Tag* tag) { return tag->header()->majorVersion() < 4; }

TagLib::ByteVector frame_id(const TagField& field) { return field.id3_frame.c_str(); }

/// A frame of text of its own, else a TXXX frame: of ID3v2.3, and where others have put it there.
bool is_in_user_frame(TagLib::ID3v2::Tag* tag, const TagField& field) {
  return field.id3_frame.empty() || (field.only_id3v24 && is_old(tag)) ||
         UserFrame::find(tag, field.name) != nullptr;
}

StringList get_id3(TagLib::ID3v2::Tag* tag, const TagField& field) {
  if (!field.id3_frame.empty()) {
    for (TagLib::ID3v2::Frame* frame : tag->frameList(frame_id(field))) {
      auto* text = dynamic_cast<TagLib::ID3v2::TextIdentificationFrame*>(frame);
      if (text != nullptr) return text->fieldList();
    }
  }
  StringList values;
  if (auto* frame = UserFrame::find(tag, field.name)) {
    values = frame->fieldList();
    values.erase(values.begin());  // the name
  }
  return values;
}

void set_id3(TagLib::ID3v2::Tag* tag, const TagField& field, const StringList& values) {
  const bool in_user_frame = is_in_user_frame(tag, field);
  if (!field.id3_frame.empty()) tag->removeFrames(frame_id(field));
  while (auto* frame = UserFrame::find(tag, field.name)) tag->removeFrame(frame);
  if (values.isEmpty()) return;
  if (in_user_frame) {
    tag->addFrame(new UserFrame(field.name, values, String::UTF8));
    return;
  }
  auto* frame = new TagLib::ID3v2::TextIdentificationFrame(frame_id(field), String::UTF8);
  frame->setText(values);
  tag->addFrame(frame);
}

}  // namespace

TagField TagField::of(const std::string& name) {
  static const std::string kItunes = "----:com.apple.iTunes:";
  if (name == "MOOD") return {name, "TMOO", true, kItunes + name, "WM/Mood"};
  if (name == "GROUPING") return {name, "TIT1", false, "\xC2\xA9grp", "WM/ContentGroupDescription"};
  if (name == "GENRE") return {name, "TCON", false, "\xC2\xA9gen", "WM/Genre"};
  return {name, "", false, kItunes + name, name};
}

SongTags::SongTags(const fs::path& file, const fs::path& named)
    : stream_(file, named.string()), file_(&stream_) {
  if (!stream_.isOpen()) throw InputError(named.string() + ": cannot be read");
  // Whatever is called .mp3 is valid for TagLib, also without a single frame.
  const bool has_audio = !file_.isNull() && file_.file()->isValid() &&
                         file_.audioProperties() != nullptr &&
                         file_.audioProperties()->sampleRate() > 0;
  if (!has_audio || own_tag() == nullptr) {
    throw InputError(named.string() + ": is not of a format whose tags mer reads",
                     "those are MP3, FLAC, Ogg, Opus, M4A, WAV, AIFF, WMA, APE, WavPack");
  }
}

TagLib::ID3v2::Tag* SongTags::id3() const { return id3_of(file_); }

TagLib::Tag* SongTags::own_tag() const {
  if (auto* xiph = xiph_of(file_)) return xiph;
  if (auto* ape = ape_of(file_)) return ape;
  if (auto* mp4 = mp4_of(file_)) return mp4;
  if (auto* asf = asf_of(file_)) return asf;
  return id3();
}

std::vector<std::string> SongTags::get(const TagField& field) const {
  // TagLib's operator[] of a constant map adds what is not there.
  if (auto* xiph = xiph_of(file_)) {
    const auto& fields = xiph->fieldListMap();
    return fields.contains(field.name) ? to_words(fields[field.name]) : std::vector<std::string>();
  }
  if (auto* ape = ape_of(file_)) {
    const auto& items = ape->itemListMap();
    return items.contains(field.name) ? to_words(items[field.name].values())
                                      : std::vector<std::string>();
  }
  if (auto* mp4 = mp4_of(file_))
    return to_words(mp4->item(String(field.mp4_item, String::UTF8)).toStringList());
  if (auto* asf = asf_of(file_)) {
    std::vector<std::string> words;
    for (const auto& attribute : asf->attribute(field.asf_attribute)) {
      words.push_back(attribute.toString().to8Bit(true));
    }
    return words;
  }
  return to_words(get_id3(id3(), field));
}

void SongTags::set(const TagField& field, const std::vector<std::string>& values) {
  const StringList list = to_list(values);
  if (auto* xiph = xiph_of(file_)) {
    xiph->removeFields(field.name);
    for (const String& value : list) xiph->addField(field.name, value, false);
  } else if (auto* ape = ape_of(file_)) {
    ape->removeItem(field.name);
    for (const String& value : list) ape->addValue(field.name, value, false);
  } else if (auto* mp4 = mp4_of(file_)) {
    const String item(field.mp4_item, String::UTF8);
    mp4->removeItem(item);
    if (!list.isEmpty()) mp4->setItem(item, TagLib::MP4::Item(list));
  } else if (auto* asf = asf_of(file_)) {
    asf->removeItem(field.asf_attribute);
    for (const String& value : list) asf->addAttribute(field.asf_attribute, value);
  } else {
    set_id3(id3(), field, list);
  }
}

std::string SongTags::artist() const { return file_.tag()->artist().to8Bit(true); }
std::string SongTags::title() const { return file_.tag()->title().to8Bit(true); }

std::string SongTags::others(const std::vector<TagField>& ours) const {
  const auto is_ours = [&](const std::string& text, auto&& matches) {
    return std::any_of(ours.begin(), ours.end(),
                       [&](const TagField& field) { return matches(field, text); });
  };
  // Of the tag that the mood goes into: a file may have others, which save() does not touch.
  TagLib::PropertyMap properties = own_tag()->properties();
  for (const TagField& field : ours) properties.erase(field.name);
  // An unknown attribute of ASF has no name of its own there.
  std::string text = properties.toString().to8Bit(true);
  if (as<TagLib::ASF::File>(file_) == nullptr) {
    for (const String& name : properties.unsupportedData()) {
      const std::string key = name.to8Bit(true);
      const auto names = [](const TagField& field, const std::string& words) {
        return words.find(field.name) != std::string::npos;
      };
      if (!is_ours(key, names)) text += "\n" + key;
    }
  }
  if (TagLib::ID3v2::Tag* tag = id3()) {
    for (TagLib::ID3v2::Frame* frame : tag->frameList()) {
      const auto* user = dynamic_cast<UserFrame*>(frame);
      const std::string id(frame->frameID().data(), frame->frameID().size());
      const std::string name = user == nullptr ? "" : user->description().to8Bit(true);
      const auto holds = [&](const TagField& field, const std::string& frame_name) {
        return frame_name == field.id3_frame || (user != nullptr && name == field.name);
      };
      if (is_ours(id, holds)) continue;
      text += "\n" + id + " " + frame->toString().to8Bit(true);
      if (const auto* picture = dynamic_cast<TagLib::ID3v2::AttachedPictureFrame*>(frame)) {
        text += " of " + std::to_string(picture->picture().size()) + " bytes";
      }
    }
  }
  return text;
}

bool SongTags::has_old_id3() const {
  TagLib::ID3v2::Tag* tag = id3();
  return tag != nullptr && is_old(tag);
}

bool SongTags::save(bool keep_old_id3) {
  const auto version = keep_old_id3 ? TagLib::ID3v2::v3 : TagLib::ID3v2::v4;
  if (auto* mpeg = as<TagLib::MPEG::File>(file_)) {
    return mpeg->save(TagLib::MPEG::File::ID3v2, TagLib::File::StripNone, version,
                      TagLib::File::DoNotDuplicate);
  }
  if (auto* wave = as<TagLib::RIFF::WAV::File>(file_)) {
    return wave->save(TagLib::RIFF::WAV::File::ID3v2, TagLib::File::StripNone, version);
  }
  if (auto* aiff = as<TagLib::RIFF::AIFF::File>(file_)) return aiff->save(version);
  return file_.file()->save();
}

}  // namespace mer
