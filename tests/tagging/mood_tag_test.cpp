#include "mer/tagging/mood_tag.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sndfile.h>
#include <sys/stat.h>
#include <taglib/attachedpictureframe.h>
#include <taglib/fileref.h>
#include <taglib/id3v1tag.h>
#include <taglib/id3v2header.h>
#include <taglib/id3v2tag.h>
#include <taglib/infotag.h>
#include <taglib/mpegfile.h>
#include <taglib/textidentificationframe.h>
#include <taglib/tpropertymap.h>
#include <taglib/wavfile.h>
#include <unistd.h>

#include <array>
#include <cmath>
#include <cstdlib>

#include "../support/temporary_folder.hpp"
#include "mer/core/error.hpp"
#include "mer/core/text.hpp"

namespace mer {
namespace {

namespace fs = std::filesystem;
using TagLib::PropertyMap;
using TagLib::StringList;
using test::message_of;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using Words = std::vector<std::string>;

/// How the mood of one word is stored in the place of what is there.
TagRules replacing() {
  TagRules rules;
  rules.existing = TagRules::Existing::kReplace;
  return rules;
}
TagChange change_mood(const fs::path& file, const std::optional<std::string>& emotion, bool write) {
  return change_tags(file, emotion ? std::optional(SongMood{{*emotion}}) : std::nullopt,
                     replacing(), write);
}
Words read_mood(const fs::path& file) { return read_tag(file, "MOOD"); }

TagFields with(const TagFields& now, const Words& words, TagRules::Existing existing,
               const std::string& field = "MOOD") {
  TagRules rules;
  rules.existing = existing;
  rules.field = field;
  return with_mood(now, SongMood{words}, rules).after;
}
TagFields without(const TagFields& now) { return with_mood(now, std::nullopt, {}).after; }

constexpr auto kKeep = TagRules::Existing::kKeep;
constexpr auto kReplace = TagRules::Existing::kReplace;
constexpr auto kAppend = TagRules::Existing::kAppend;

TEST(WithMood, RemembersWhatWasThereAndGivesItBack) {
  const TagFields none;
  const TagFields theirs{{"MOOD", {"Chill", "Late"}}};
  EXPECT_EQ(with(none, {"sad"}, kKeep),
            (TagFields{{"MOOD", {"sad"}}, {"MER_MOOD", {"MOOD", "1", "sad"}}}));
  EXPECT_EQ(with(theirs, {"sad"}, kReplace),
            (TagFields{{"MOOD", {"sad"}}, {"MER_MOOD", {"MOOD", "1", "sad", "Chill", "Late"}}}));
  EXPECT_EQ(with(theirs, {"sad"}, kAppend),
            (TagFields{{"MOOD", {"Chill", "Late", "sad"}},
                       {"MER_MOOD", {"MOOD", "1", "sad", "Chill", "Late"}}}));
  for (const TagFields& before : {none, theirs}) {
    for (const auto existing : {kReplace, kAppend}) {
      const TagFields ours = with(before, {"Sad", "Traurig"}, existing);
      EXPECT_EQ(with(ours, {"Sad", "Traurig"}, existing), ours);
      // A later answer replaces ours and not what was before it, in another field, too.
      EXPECT_EQ(without(with(ours, {"happy"}, existing)), before);
      EXPECT_EQ(without(with(ours, {"happy"}, existing, "GROUPING")), before);
      EXPECT_EQ(without(ours), before);
      // Keeping keeps what is theirs, not what is ours.
      const TagFields kept = with(ours, {"happy"}, kKeep);
      EXPECT_EQ(kept, before.empty() ? with(none, {"happy"}, kKeep) : before);
    }
  }
}

TEST(WithMood, LeavesAloneWhatSomebodyElseWrote) {
  const TagFields same{{"MOOD", {"sad"}}};
  for (const auto existing : {kKeep, kReplace, kAppend}) {
    EXPECT_EQ(with(same, {"sad"}, existing), same);
  }
  EXPECT_EQ(without(same), same);
  const TagFields theirs{{"MOOD", {"Chill"}}};
  const TagChange kept = with_mood(theirs, SongMood{{"sad"}}, {});
  EXPECT_EQ(kept.after, theirs);
  EXPECT_EQ(kept.action, MoodAction::kKeep);
  // Ours, changed by hand since: theirs now.
  const TagFields edited{{"MOOD", {"Blue"}}, {"MER_MOOD", {"MOOD", "1", "sad", "Chill"}}};
  EXPECT_EQ(without(edited), (TagFields{{"MOOD", {"Blue"}}}));
  EXPECT_EQ(with(edited, {"happy"}, kKeep), edited);
  EXPECT_EQ(with(edited, {"happy"}, kReplace),
            (TagFields{{"MOOD", {"happy"}}, {"MER_MOOD", {"MOOD", "1", "happy", "Blue"}}}));
  // A record that is not one of ours counts for nothing.
  EXPECT_EQ(without({{"MOOD", {"x"}}, {"MER_MOOD", {"MOOD", "2", "x"}}}),
            (TagFields{{"MOOD", {"x"}}}));
}

TEST(WithMood, SaysInAWordWhatHappens) {
  const auto action = [](const TagFields& now, const Words& words, TagRules::Existing existing) {
    TagRules rules;
    rules.existing = existing;
    return with_mood(now, SongMood{words}, rules).action;
  };
  const TagFields theirs{{"MOOD", {"Chill"}}};
  EXPECT_EQ(action({}, {"sad"}, kKeep), MoodAction::kAdd);
  EXPECT_EQ(action({}, {}, kKeep), MoodAction::kNone);
  EXPECT_EQ(action(theirs, {"sad"}, kReplace), MoodAction::kReplace);
  EXPECT_EQ(action(theirs, {"sad"}, kAppend), MoodAction::kAppend);
  const TagFields added = with({}, {"sad"}, kKeep);
  const TagFields replaced = with(theirs, {"sad"}, kReplace);
  EXPECT_EQ(action(added, {"sad"}, kKeep), MoodAction::kNone);
  EXPECT_EQ(action(added, {}, kKeep), MoodAction::kRemove);  // not sure any more
  EXPECT_EQ(action(replaced, {}, kReplace), MoodAction::kRestore);
  EXPECT_EQ(with_mood(replaced, std::nullopt, {}).action, MoodAction::kRestore);
}

TEST(WithMood, WritesNumbersThatSortAsText) {
  TagRules rules;
  rules.numbers = rules.tags = true;
  SongMood mood{{}, -1.0, 0.25, {"rock", "female vocalists"}};
  const TagChange change = with_mood({}, mood, rules);
  EXPECT_EQ(change.after, (TagFields{{"MER_VALENCE", {"0.000"}},
                                     {"MER_AROUSAL", {"0.625"}},
                                     {"MER_TAGS", {"rock", "female vocalists"}}}));
  EXPECT_EQ(change.action, MoodAction::kOther);
  mood.valence = mood.arousal = std::nan("");
  EXPECT_EQ(with_mood({}, mood, rules).after,
            (TagFields{{"MER_TAGS", {"rock", "female vocalists"}}}));
  // Without these words they stay, and go with everything of ours.
  EXPECT_EQ(with_mood(change.after, mood, {}).after, change.after);
  EXPECT_EQ(without(change.after), TagFields());
}

TEST(MoodWords, AreOnesOwnForClasses) {
  const MoodWords words({"anger=Aggressive", "sad=Sad; Traurig;"});
  EXPECT_THAT(words.of("anger"), ElementsAre("Aggressive"));
  EXPECT_THAT(words.of("sad"), ElementsAre("Sad", "Traurig"));
  EXPECT_THAT(words.of("happy"), ElementsAre("happy"));
  EXPECT_NO_THROW(words.require_known({"anger", "sad", "happy"}));
  EXPECT_THAT(message_of<UsageError>([&] {
                words.require_known({"anger", "happy"});
              }),
              AllOf(HasSubstr("'sad', which is no class"), HasSubstr("anger, happy")));
  for (const char* wrong : {"sad", "=Sad", "sad=", "sad= ; ", "sad=\xff"}) {
    EXPECT_THAT(message_of<UsageError>([&] { MoodWords({wrong}); }), HasSubstr("--mood is '"))
        << wrong;
  }
}

TEST(MoodOf, HasNoWordsBelowTheConfidence) {
  SongPrediction song;
  song.probabilities = {0.3, 0.7};
  song.valence = 0.5;
  song.labels = {"rock"};
  const SongMood sure = mood_of(song, "sad", {}, 0.7);
  EXPECT_THAT(sure.words, ElementsAre("sad"));
  EXPECT_DOUBLE_EQ(sure.valence, 0.5);
  EXPECT_THAT(sure.tags, ElementsAre("rock"));
  EXPECT_THAT(mood_of(song, "sad", {}, 0.71).words, IsEmpty());
  EXPECT_THAT(mood_of(song, std::nullopt, {}, 0.0).words, IsEmpty());
}

TEST(TagRules, RefuseAFieldThatSaysSomethingElse) {
  for (const char* good : {"MOOD", "GROUPING", "GENRE", "MY MOOD", "MOOD-2"}) {
    TagRules rules;
    rules.field = good;
    EXPECT_NO_THROW(rules.require_field()) << good;
  }
  for (const char* bad : {"", "TITLE", "mood", "A=B", "MER_MOOD", " X", "Ä"}) {
    TagRules rules;
    rules.field = bad;
    EXPECT_THROW(rules.require_field(), UsageError) << bad;
  }
}

std::vector<float> decoded(const fs::path& file) {
  SF_INFO info{};
  SNDFILE* sound = sf_open(file.c_str(), SFM_READ, &info);
  if (sound == nullptr) return {};
  std::vector<float> samples(static_cast<std::size_t>(info.frames * info.channels));
  const sf_count_t count = sf_readf_float(sound, samples.data(), info.frames);
  sf_close(sound);
  samples.resize(static_cast<std::size_t>(count * info.channels));
  return samples;
}

/// The sample song in another format, the first seconds of it.
void encode(const fs::path& file, int format, int rate_hz) {
  constexpr sf_count_t kNumFrames = 44100;
  SF_INFO info{};
  SNDFILE* source = sf_open(MER_FIXTURES "/sample_song.flac", SFM_READ, &info);
  ASSERT_NE(source, nullptr);
  std::vector<float> samples(static_cast<std::size_t>(kNumFrames * info.channels));
  sf_readf_float(source, samples.data(), kNumFrames);
  sf_close(source);
  info.format = format;
  info.samplerate = rate_hz;
  SNDFILE* target = sf_open(file.c_str(), SFM_WRITE, &info);
  ASSERT_NE(target, nullptr) << sf_strerror(nullptr);
  sf_writef_float(target, samples.data(), kNumFrames);
  sf_close(target);
}

PropertyMap properties(const fs::path& file) {
  return TagLib::FileRef(file.c_str()).file()->properties();
}

void set_properties(const fs::path& file, const std::map<std::string, Words>& values) {
  TagLib::FileRef ref(file.c_str());
  PropertyMap map = ref.file()->properties();
  for (const auto& [name, words] : values) {
    StringList list;
    for (const std::string& word : words) list.append(TagLib::String(word, TagLib::String::UTF8));
    map.replace(name, list);
  }
  ref.file()->setProperties(map);
  ASSERT_TRUE(ref.save());
}

struct Format {
  const char* name;
  int format;
  int rate_hz;
};

void PrintTo(const Format& format, std::ostream* stream) { *stream << format.name; }

class MoodTagOf : public testing::TestWithParam<Format> {
 protected:
  void SetUp() override {
    encode(file_, GetParam().format, GetParam().rate_hz);
    set_properties(file_, {{"TITLE", {"Übermut – 悲しい"}},
                           {"ARTIST", {"A", "B"}},
                           {"DATE", {"2019-03-01"}},
                           {"COMMENT", {"no mood"}},
                           {"TRACKNUMBER", {"3/12"}}});
    samples_ = decoded(file_);
    ASSERT_GT(samples_.size(), 40000U);
  }

  test::TemporaryFolder folder_;
  fs::path file_ = folder_ / GetParam().name;
  std::vector<float> samples_;
};

TEST_P(MoodTagOf, ChangesTheMoodAndNothingElseAndComesBackOut) {
  for (const Words& mood_before : {Words{}, Words{"Chill"}}) {
    if (!mood_before.empty()) set_properties(file_, {{"MOOD", mood_before}});
    const PropertyMap before = properties(file_);

    const TagChange shown = change_mood(file_, "sad", false);
    EXPECT_EQ(properties(file_).toString(), before.toString());
    const TagChange written = change_mood(file_, "sad", true);
    EXPECT_EQ(written.after, shown.after);
    EXPECT_THAT(read_mood(file_), ElementsAre("sad"));
    PropertyMap after = properties(file_);
    EXPECT_EQ(after["MOOD"].toString().to8Bit(), "sad");  // where others look for it
    PropertyMap expected = before;
    expected.erase("MOOD");
    after.erase("MOOD");
    after.erase("MER_MOOD");
    EXPECT_EQ(after.toString(), expected.toString());
    EXPECT_EQ(after.unsupportedData().toString(), expected.unsupportedData().toString());
    EXPECT_TRUE(decoded(file_) == samples_);

    change_mood(file_, std::nullopt, true);
    EXPECT_EQ(properties(file_).toString(), before.toString());
    EXPECT_TRUE(decoded(file_) == samples_);
  }
}

TEST_P(MoodTagOf, HoldsSeveralFieldsAndValuesAndTheLogTakesThemBack) {
  set_properties(file_, {{"MOOD", {"Chill"}}, {"GENRE", {"Jazz"}}});
  const PropertyMap before = properties(file_);
  for (const char* field : {"MOOD", "GROUPING", "GENRE", "MY MOOD"}) {
    TagRules rules;
    rules.existing = TagRules::Existing::kAppend;
    rules.field = field;
    rules.numbers = rules.tags = true;
    const SongMood mood{{"Traurig", "悲しい"}, 0.5, -0.5, {"rock", "sad"}};
    TagLogEntry entry;
    int num_told = 0;
    change_tags(file_, mood, rules, true, [&](const TagChange& change) {
      ++num_told;
      EXPECT_EQ(properties(file_).toString(), before.toString());  // told before it is written
      entry = {file_.string(), change.before, change.after};
      for (const auto& [name, values] : change.after) entry.before[name];
    });
    EXPECT_EQ(num_told, 1);
    Words expected = std::string(field) == "MOOD"    ? Words{"Chill"}
                     : std::string(field) == "GENRE" ? Words{"Jazz"}
                                                     : Words{};
    expected.insert(expected.end(), {"Traurig", "悲しい"});
    EXPECT_EQ(read_tag(file_, field), expected) << field;
    if (std::string(field) != "GROUPING") {  // Picard and beets call TIT1 so, TagLib does not
      EXPECT_EQ(properties(file_)[field].size(), expected.size()) << field;
    }
    EXPECT_THAT(read_tag(file_, "MER_VALENCE"), ElementsAre("0.750"));
    EXPECT_THAT(read_tag(file_, "MER_AROUSAL"), ElementsAre("0.250"));
    EXPECT_THAT(read_tag(file_, "MER_TAGS"), ElementsAre("rock", "sad"));

    const TagChange undone = undo_change(file_, entry, true);
    EXPECT_NE(undone.before, undone.after);
    EXPECT_EQ(properties(file_).toString(), before.toString()) << field;
    const TagChange again = undo_change(file_, entry, true);
    EXPECT_EQ(again.before, again.after);  // nothing to do
    // What somebody wrote since is theirs.
    entry.before[field] = {"Other"};
    entry.after[field] = {"Another"};
    if (!read_tag(file_, field).empty()) {
      EXPECT_THAT(message_of<InputError>([&] { undo_change(file_, entry, true); }),
                  HasSubstr("neither what mer wrote nor what was there before"));
    }
    EXPECT_TRUE(decoded(file_) == samples_);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Formats, MoodTagOf,
    testing::Values(Format{"song.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, 44100},
                    Format{"song.aiff", SF_FORMAT_AIFF | SF_FORMAT_PCM_16, 44100},
                    Format{"song.flac", SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 44100},
                    Format{"song.ogg", SF_FORMAT_OGG | SF_FORMAT_VORBIS, 44100},
                    Format{"song.opus", SF_FORMAT_OGG | SF_FORMAT_OPUS, 48000},
                    Format{"song.mp3", SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III, 44100}));

/// Formats that libsndfile doesn't write.
TEST(MoodTagByFfmpeg, IsStoredInMp4AsPicardDoes) {
  if (std::system("ffmpeg -version >/dev/null 2>&1") != 0) GTEST_SKIP() << "no ffmpeg here";
  const test::TemporaryFolder folder;
  const std::string file = (folder / "song.m4a").string();
  const auto audio_hash = [&] {
    const std::string sum = (folder / "sum").string();
    const std::string command =
        "ffmpeg -v error -nostdin -y -i '" + file + "' -f md5 '" + sum + "'";
    EXPECT_EQ(std::system(command.c_str()), 0);
    return read_text_file(sum);
  };
  const std::string command = "ffmpeg -v error -nostdin -y -i '" MER_FIXTURES
                              "/sample_song.flac' -t 1 -metadata title=T '" +
                              file + "'";
  ASSERT_EQ(std::system(command.c_str()), 0);
  const std::string hash = audio_hash();
  const PropertyMap before = properties(file);
  change_mood(file, "relaxed", true);
  EXPECT_EQ(properties(file)["MOOD"].toString().to8Bit(), "relaxed");
  EXPECT_THAT(read_text_file(file), HasSubstr("com.apple.iTunes"));
  EXPECT_EQ(audio_hash(), hash);
  change_mood(file, std::nullopt, true);
  EXPECT_EQ(properties(file).toString(), before.toString());
  EXPECT_EQ(audio_hash(), hash);
}

class MoodTagInMp3 : public testing::Test {
 protected:
  void SetUp() override {
    encode(file_, SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III, 44100);
    samples_ = decoded(file_);
  }
  unsigned int id3_version() const {
    return TagLib::MPEG::File(file_.c_str()).ID3v2Tag()->header()->majorVersion();
  }

  test::TemporaryFolder folder_;
  fs::path file_ = folder_ / "song.mp3";
  std::vector<float> samples_;
};

TEST_F(MoodTagInMp3, OfId3v23StaysThatAndKeepsPictureAndDate) {
  {
    TagLib::MPEG::File mp3(file_.c_str());
    TagLib::ID3v2::Tag* tag = mp3.ID3v2Tag(true);
    tag->setTitle("T");
    tag->setYear(2001);
    auto* picture = new TagLib::ID3v2::AttachedPictureFrame;
    picture->setMimeType("image/png");
    picture->setPicture(TagLib::ByteVector(5000, 'x'));
    tag->addFrame(picture);
    ASSERT_TRUE(mp3.save(TagLib::MPEG::File::ID3v2, TagLib::File::StripNone, TagLib::ID3v2::v3,
                         TagLib::File::DoNotDuplicate));
  }
  ASSERT_EQ(id3_version(), 3U);
  const PropertyMap before = properties(file_);
  change_mood(file_, "anger", true);
  change_mood(file_, "happy", true);
  EXPECT_EQ(id3_version(), 3U);
  EXPECT_EQ(properties(file_)["MOOD"].toString().to8Bit(), "happy");
  TagLib::MPEG::File mp3(file_.c_str());
  const auto pictures = mp3.ID3v2Tag()->frameList("APIC");
  ASSERT_EQ(pictures.size(), 1U);
  EXPECT_EQ(dynamic_cast<TagLib::ID3v2::AttachedPictureFrame*>(pictures.front())->picture().size(),
            5000U);
  EXPECT_TRUE(mp3.ID3v2Tag()->frameList("TMOO").isEmpty());  // no frame of ID3v2.3
  change_mood(file_, std::nullopt, true);
  EXPECT_EQ(id3_version(), 3U);
  EXPECT_EQ(properties(file_).toString(), before.toString());
  EXPECT_TRUE(decoded(file_) == samples_);
}

TEST_F(MoodTagInMp3, OfId3v23RemembersSeveralMoods) {
  {
    TagLib::MPEG::File mp3(file_.c_str());
    mp3.ID3v2Tag(true)->addFrame(
        new TagLib::ID3v2::UserTextIdentificationFrame("MOOD", StringList("Chill").append("Late")));
    ASSERT_TRUE(mp3.save(TagLib::MPEG::File::ID3v2, TagLib::File::StripNone, TagLib::ID3v2::v3,
                         TagLib::File::DoNotDuplicate));
  }
  const Words before = read_mood(file_);
  ASSERT_THAT(before, ElementsAre("Chill", "Late"));
  change_mood(file_, "sad", true);
  EXPECT_THAT(read_mood(file_), ElementsAre("sad"));
  change_mood(file_, std::nullopt, true);
  EXPECT_EQ(read_mood(file_), before);
}

TEST_F(MoodTagInMp3, KeepsFramesThatOnlyId3v24Has) {
  {
    TagLib::MPEG::File mp3(file_.c_str());
    auto* order = new TagLib::ID3v2::TextIdentificationFrame("TSOP", TagLib::String::Latin1);
    order->setText("Zappa, Frank");
    mp3.ID3v2Tag(true)->addFrame(order);
    ASSERT_TRUE(mp3.save(TagLib::MPEG::File::ID3v2, TagLib::File::StripNone, TagLib::ID3v2::v4,
                         TagLib::File::DoNotDuplicate));
  }
  std::string bytes = read_text_file(file_);
  bytes[3] = 3;  // as taggers that put TSOP into ID3v2.3 do
  write_text_file(file_, bytes);
  ASSERT_EQ(id3_version(), 3U);
  change_mood(file_, "sad", true);
  EXPECT_EQ(properties(file_)["ARTISTSORT"].toString().to8Bit(), "Zappa, Frank");
  EXPECT_THAT(read_mood(file_), ElementsAre("sad"));
}

TEST_F(MoodTagInMp3, LeavesAnId3v1TagAlone) {
  {
    TagLib::MPEG::File mp3(file_.c_str());
    mp3.ID3v1Tag(true)->setTitle("Old");
    ASSERT_TRUE(mp3.save(TagLib::MPEG::File::ID3v1, TagLib::File::StripNone, TagLib::ID3v2::v4,
                         TagLib::File::DoNotDuplicate));
  }
  const std::string before = read_text_file(file_);
  ASSERT_EQ(before.substr(before.size() - 128, 6), "TAGOld");
  change_mood(file_, "sad", true);
  const std::string after = read_text_file(file_);
  EXPECT_EQ(after.substr(after.size() - before.size()), before);
  change_mood(file_, std::nullopt, true);
  EXPECT_TRUE(read_text_file(file_) == before);  // nothing is left of us
}

TEST(MoodTagInWav, LeavesTheInfoChunkAlone) {
  const test::TemporaryFolder folder;
  const fs::path file = folder / "song.wav";
  encode(file, SF_FORMAT_WAV | SF_FORMAT_PCM_16, 44100);
  {
    TagLib::RIFF::WAV::File wave(file.c_str());
    wave.InfoTag()->setTitle("In the list");
    ASSERT_TRUE(wave.save(TagLib::RIFF::WAV::File::Info, TagLib::File::StripNone));
  }
  const std::string before = read_text_file(file);
  change_mood(file, "sad", true);
  TagLib::RIFF::WAV::File wave(file.c_str());
  EXPECT_EQ(wave.InfoTag()->title().to8Bit(), "In the list");
  change_mood(file, std::nullopt, true);
  EXPECT_TRUE(read_text_file(file) == before);
}

class MoodTagFile : public testing::Test {
 protected:
  void SetUp() override { encode(file_, SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 44100); }
  static mode_t mode_of(const fs::path& file) {
    struct stat status {};
    ::stat(file.c_str(), &status);
    return status.st_mode & 07777U;
  }
  std::size_t num_files() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(folder_.path()), fs::directory_iterator()));
  }

  test::TemporaryFolder folder_;
  fs::path file_ = folder_ / "song.flac";
};

TEST_F(MoodTagFile, KeepsItsPermissionsAndItsLinks) {
  ASSERT_EQ(::chmod(file_.c_str(), 0640), 0);
  const fs::path link = folder_ / "link.flac";
  fs::create_symlink("song.flac", link);
  change_mood(link, "sad", true);
  EXPECT_TRUE(fs::is_symlink(link));
  EXPECT_EQ(mode_of(file_), 0640U);
  EXPECT_THAT(read_mood(file_), ElementsAre("sad"));
  EXPECT_EQ(num_files(), 2U);
}

TEST_F(MoodTagFile, ThatIsReadOnlyIsLeftAsItIsAlsoByRoot) {
  ASSERT_EQ(::chmod(file_.c_str(), 0444), 0);
  const std::string before = read_text_file(file_);
  for (const bool write : {false, true}) {
    EXPECT_THAT(message_of<InputError>([&] { change_mood(file_, "sad", write); }),
                AllOf(HasSubstr("song.flac: is read-only"), HasSubstr("chmod u+w")));
  }
  EXPECT_TRUE(read_text_file(file_) == before);
  EXPECT_NO_THROW(change_mood(file_, std::nullopt, true));  // nothing to do
}

TEST_F(MoodTagFile, ThatCannotHoldATagIsNamed) {
  const fs::path au = folder_ / "song.au";
  encode(au, SF_FORMAT_AU | SF_FORMAT_PCM_16, 44100);
  folder_.write("broken.flac", "fLaC and nothing else");
  folder_.write("empty.mp3", "");
  for (const char* name : {"song.au", "broken.flac", "empty.mp3"}) {
    const std::string before = read_text_file(folder_ / name);
    EXPECT_THAT(message_of<InputError>([&] { change_mood(folder_ / name, "sad", true); }),
                HasSubstr(name));
    EXPECT_EQ(read_text_file(folder_ / name), before);
  }
  EXPECT_THAT(message_of<InputError>([&] { change_mood(folder_ / "gone.mp3", "sad", true); }),
              HasSubstr("gone.mp3: no such file"));
  EXPECT_EQ(num_files(), 4U);
}

TEST_F(MoodTagFile, OfTheLongestNameIsTaggedToo) {
  const fs::path file = folder_ / (std::string(250, 'x') + ".flac");
  fs::rename(file_, file);
  change_mood(file, "sad", true);
  EXPECT_THAT(read_mood(file), ElementsAre("sad"));
  EXPECT_EQ(num_files(), 1U);
}

TEST_F(MoodTagFile, ThatIsAPipeIsRefusedWithoutWaiting) {
  const fs::path pipe = folder_ / "pipe.flac";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_THAT(message_of<InputError>([&] { change_mood(pipe, "sad", true); }),
              HasSubstr("pipe.flac: not a regular file"));
  EXPECT_EQ(display_title(pipe), "pipe");
}

TEST_F(MoodTagFile, IsShownByArtistAndTitleElseByItsName) {
  EXPECT_EQ(display_title(file_), "song");
  set_properties(file_, {{"TITLE", {"T"}}});
  EXPECT_EQ(display_title(file_), "T");
  set_properties(file_, {{"ARTIST", {"A"}}});
  EXPECT_EQ(display_title(file_), "A – T");
  EXPECT_EQ(display_title(folder_ / "gone.mp3"), "gone");
}

}  // namespace
}  // namespace mer
