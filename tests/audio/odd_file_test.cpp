#include <algorithm>
#include <map>
#include <random>
#include <sstream>

#include "test_audio.hpp"

namespace mer {
namespace {

using Bytes = std::string;

std::string number(std::uint64_t value, std::size_t count, bool is_big_endian = false) {
  std::string bytes;
  for (std::size_t i = 0; i < count; ++i) {
    bytes += static_cast<char>(value >> 8 * (is_big_endian ? count - 1 - i : i) & 0xFF);
  }
  return bytes;
}

Bytes noise(std::size_t count, unsigned seed = 3) {
  std::mt19937 random(seed);
  Bytes bytes;
  for (std::size_t i = 0; i < count; ++i) bytes += static_cast<char>(random() & 0xFF);
  return bytes;
}

Bytes id3v2(std::size_t content) {
  Bytes tag = "ID3";
  tag += Bytes("\x03\0\0", 3);
  for (const unsigned shift : {21U, 14U, 7U, 0U}) tag += static_cast<char>(content >> shift & 0x7F);
  return tag + noise(content, 5);
}

const Bytes kId3v1 = "TAG" + Bytes(125, '\0');

Bytes ape_tag(std::size_t content) {
  const Bytes item = Bytes("Cover Art (Front)\0c.jpg\0", 24) + noise(content, 2);
  const Bytes items = number(item.size() - 18, 4) + number(2, 4) + item;
  const Bytes words = "APETAGEX" + number(2000, 4) + number(items.size() + 32, 4) + number(1, 4);
  return words + number(0xA0000000, 4) + Bytes(8, '\0') + items + words + number(0x80000000, 4) +
         Bytes(8, '\0');
}

/// What a file gives: its length, how loud its tone is in each quarter, and what is remarked.
struct Heard {
  double seconds = 0.0;
  std::vector<double> quarters;
  std::string warnings;
};

/// 8 s of a tone of 1 kHz in stereo at 44.1 kHz, in any format that ffmpeg writes.
class OddFileTest : public AudioTest {
 protected:
  static constexpr int kRateHz = 44100;
  static constexpr double kSeconds = 8.0;

  static void run(const std::string& command) {
    ASSERT_EQ(std::system(command.c_str()), 0) << command;
  }

  const std::filesystem::path& wav() {
    if (!wav_.empty()) return wav_;
    std::vector<float> stereo;
    std::mt19937 random(1);
    for (const float value :
         sine(1000, 0.4, kRateHz, static_cast<std::size_t>(kSeconds * kRateHz))) {
      const float hiss =
          static_cast<float>(random() % 2000) * 1e-6F - 1e-3F;  // no frame like another
      stereo.push_back(value + hiss);
      stereo.push_back(value - hiss);
    }
    wav_ = write("base.wav", kWav16, kRateHz, 2, stereo);
    return wav_;
  }

  Bytes encoded(const std::string& name, const std::string& options) {
    run("ffmpeg -v error -nostdin -y -i '" + wav().string() + "' -bitexact " + options +
        " 'file:" + path(name).string() + "'");
    return bytes_of(path(name));
  }
  Bytes mp3() { return encoded("s.mp3", "-c:a libmp3lame -b:a 128k -id3v2_version 0"); }
  Bytes flac() { return encoded("s.flac", "-c:a flac"); }

  static Heard heard(const std::filesystem::path& file) {
    testing::internal::CaptureStderr();
    AudioReader reader(file, whole_file(kRateHz));
    std::vector<float> samples(60 * kRateHz);
    samples.resize(reader.read(samples));
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "") << file;
    Heard heard;
    heard.seconds = static_cast<double>(samples.size()) / kRateHz;
    EXPECT_NEAR(reader.info().duration_s, heard.seconds, 0.001) << file;
    const std::size_t quarter = samples.size() / 4;
    for (std::size_t q = 0; q < 4; ++q) {
      heard.quarters.push_back(amplitude_at(
          std::span<const float>(samples).subspan(q * quarter, quarter), 1000, kRateHz));
    }
    for (const std::string& warning : reader.warnings()) heard.warnings += warning + "\n";
    return heard;
  }

  Heard heard(const std::string& name, const Bytes& bytes) const {
    return heard(write_bytes(name, bytes));
  }

  /// LAME takes 5 % off.
  static void expect_whole(const Heard& heard, const std::string& name,
                           const std::string& warnings = "", double seconds = kSeconds) {
    EXPECT_NEAR(heard.seconds, seconds, 0.06) << name;
    for (const double amplitude : heard.quarters) EXPECT_NEAR(amplitude, 0.4, 0.03) << name;
    EXPECT_EQ(heard.warnings, warnings) << name;
  }

  static void expect_part(const Heard& heard, const std::string& name, double least_s,
                          const std::string& warning) {
    EXPECT_GT(heard.seconds, least_s) << name;
    EXPECT_LT(heard.seconds, kSeconds + 0.02) << name;
    EXPECT_NE(heard.warnings.find(warning), std::string::npos) << name << ": " << heard.warnings;
  }

 private:
  std::filesystem::path wav_;
};

constexpr const char* kByFfmpeg = "decoded by ffmpeg\n";

TEST_F(OddFileTest, EachExtensionIsDecoded) {
  const std::map<std::string, std::string> kEncoders = {{"wav", "-c:a pcm_s16le"},
                                                        {"wave", "-c:a pcm_s24le -f wav"},
                                                        {"flac", ""},
                                                        {"mp3", ""},
                                                        {"ogg", "-c:a libvorbis"},
                                                        {"oga", "-c:a flac"},
                                                        {"opus", "-c:a libopus"},
                                                        {"aif", "-f aiff"},
                                                        {"aiff", ""},
                                                        {"aifc", "-c:a pcm_s16le -f aiff"},
                                                        {"au", ""},
                                                        {"snd", "-f au"},
                                                        {"caf", ""},
                                                        {"w64", ""},
                                                        {"rf64", "-rf64 always -f wav"},
                                                        {"mp2", ""},
                                                        {"m4a", "-c:a aac"},
                                                        {"m4b", "-c:a alac -f ipod"},
                                                        {"aac", ""},
                                                        {"wma", ""},
                                                        {"wv", ""},
                                                        {"tta", ""},
                                                        {"mka", "-c:a flac"},
                                                        {"ac3", ""},
                                                        {"weba", "-c:a libopus -f webm"}};
  for (const auto& [extension, options] : kEncoders) {
    encoded("song." + extension, options);
    const auto file = path("song." + extension);
    EXPECT_TRUE(has_audio_extension(file)) << file;
    const Heard song = heard(file);
    expect_whole(song, extension, song.warnings);
    EXPECT_TRUE(song.warnings.empty() || song.warnings == kByFfmpeg) << extension << song.warnings;
  }
}

TEST_F(OddFileTest, MusepackIsDecoded) {
  run("mpcenc --silent --overwrite '" + wav().string() + "' '" + path("song.mpc").string() + "'");
  EXPECT_TRUE(has_audio_extension(path("song.mpc")));
  expect_whole(heard(path("song.mpc")), "mpc", kByFfmpeg);
}

TEST_F(OddFileTest, MonkeysAudioIsDecoded) {
  // Nothing free writes it: one frame of 2 s whose flags say that both channels are silent.
  const std::uint64_t blocks = 2 * kRateHz;
  const Bytes frame = number(0x80000000, 4) + number(3, 4) + Bytes(16, '\0');
  const Bytes header = number(2000, 2) + number(0, 2) + number(4 * 73728, 4) + number(blocks, 4) +
                       number(1, 4) + number(16, 2) + number(2, 2) + number(kRateHz, 4);
  const Bytes descriptor = "MAC " + number(3990, 2) + number(0, 2) + number(52, 4) + number(24, 4) +
                           number(4, 4) + number(0, 4) + number(frame.size(), 4) + number(0, 4) +
                           number(0, 4) + Bytes(16, '\0');
  const auto song = heard("song.ape", descriptor + header + number(80, 4) + frame);
  EXPECT_TRUE(has_audio_extension("song.ape"));
  EXPECT_NEAR(song.seconds, 2.0, 1e-3);
  EXPECT_EQ(song.warnings, kByFfmpeg);
}

TEST_F(OddFileTest, AmrIsDecoded) {
  Bytes bytes = "#!AMR\n";
  for (unsigned i = 0; i < 100; ++i) bytes += '\x3C' + noise(31, i);  // 20 ms each, 12.2 kbit/s
  const auto song = heard("song.amr", bytes);
  EXPECT_TRUE(has_audio_extension("song.amr"));
  EXPECT_NEAR(song.seconds, 2.0, 0.05);
  EXPECT_NE(song.warnings.find(kByFfmpeg), std::string::npos);
}

TEST_F(OddFileTest, DsdIsDecoded) {
  constexpr int kDsdHz = 2822400;
  Bytes bits;  // first-order modulation of a tone, the oldest bit lowest
  double error = 0.0;
  for (int i = 0; i < kDsdHz / 8; ++i) {
    unsigned byte = 0;
    for (unsigned bit = 0; bit < 8; ++bit) {
      const double phase = 2 * std::numbers::pi * 1000 * (8.0 * i + bit) / kDsdHz;
      error += 0.4 * std::sin(phase);
      const bool is_up = error > 0.0;
      error -= is_up ? 1.0 : -1.0;
      byte |= static_cast<unsigned>(is_up) << bit;
    }
    bits += static_cast<char>(byte);
  }
  bits.resize((bits.size() + 4095) / 4096 * 4096, 0x69);
  const Bytes head = "DSD " + number(28, 8) + number(28 + 52 + 12 + bits.size(), 8) + number(0, 8) +
                     "fmt " + number(52, 8) + number(1, 4) + number(0, 4) + number(1, 4) +
                     number(1, 4) + number(kDsdHz, 4) + number(1, 4) + number(kDsdHz, 8) +
                     number(4096, 4) + number(0, 4) + "data" + number(12 + bits.size(), 8);
  const auto song = heard("song.dsf", head + bits);
  EXPECT_TRUE(has_audio_extension("song.dsf"));
  expect_whole(song, "dsf", kByFfmpeg, 1.0);
}

TEST_F(OddFileTest, AChainedOggIsReadToItsEnd) {
  for (const std::string options :
       {"-c:a libvorbis -f ogg", "-c:a libopus -f ogg", "-c:a flac -f ogg"}) {
    const Bytes one = encoded("one", options);
    const Heard whole = heard("one.ogg", one);
    expect_whole(whole, options, whole.warnings);
    EXPECT_TRUE(whole.warnings.empty() || whole.warnings == kByFfmpeg) << whole.warnings;
    expect_whole(heard("chain.ogg", one + one), options, whole.warnings, 2 * kSeconds);
    const Bytes other = encoded("other", "-af 'pan=mono|c0=c0' -ar 24000 " + options);
    for (const Bytes& bytes : {one + other, other + one}) {
      const Heard both = heard("chain.ogg", bytes);
      expect_whole(both, options, both.warnings, 2 * kSeconds);
      EXPECT_TRUE(both.warnings.empty() || both.warnings == kByFfmpeg) << both.warnings;
    }
  }
  const Bytes speex = encoded("one.spx", "-ar 32000 -c:a libspeex");
  const Heard twice = heard("two.spx", speex + speex);
  EXPECT_NEAR(twice.seconds, 2 * kSeconds, 0.1);
  EXPECT_EQ(twice.warnings, kByFfmpeg);
}

TEST_F(OddFileTest, AnOggWithoutItsLastPageEndsEarly) {
  for (const std::string options :
       {"-c:a libvorbis -f ogg", "-c:a libopus -f ogg", "-c:a flac -f ogg"}) {
    const Bytes one = encoded("one", options);
    const Heard cut = heard("cut.ogg", one.substr(0, one.size() * 6 / 10));
    expect_part(cut, options, 3.0, "the file ends early: its last Ogg page is missing");
    EXPECT_LT(cut.seconds, 6.0);
  }
}

TEST_F(OddFileTest, ADamagedStretchOfAnOggCostsThatStretch) {
  for (const std::string options :
       {"-c:a libvorbis -q 6 -f ogg", "-c:a libopus -f ogg", "-c:a flac -f ogg"}) {
    Bytes bytes = encoded("one", options);
    bytes.replace(bytes.size() / 2, 512, Bytes(512, '\0'));
    const Heard song = heard("damaged.ogg", bytes);
    expect_part(song, options, 6.5, "a damaged place at ");
    EXPECT_EQ(song.warnings.find("ends early"), std::string::npos) << song.warnings;
  }
}

TEST_F(OddFileTest, FreeFormatMp3) {
  run("lame --quiet --freeformat -b 160 '" + wav().string() + "' '" + path("free.mp3").string() +
      "'");
  expect_whole(heard(path("free.mp3")), "free");
}

TEST_F(OddFileTest, TheNumberOfFramesInAnMp3IsNotBelieved) {
  const Bytes whole = mp3();
  const std::size_t info = whole.find("Info");
  ASSERT_LT(info, 100U);
  for (const std::uint64_t count : {0U, 1U, 100U, 99999U}) {
    Bytes bytes = whole;
    bytes.replace(info + 8, 4, number(count, 4, true));
    expect_whole(heard("count.mp3", bytes), std::to_string(count));
  }
  // Fraunhofer's: the same frame with another table.
  Bytes vbri = whole;
  vbri.replace(36, 26,
               "VBRI" + number(1, 2, true) + number(0, 4) + number(0, 4) + number(1, 4, true) +
                   Bytes(8, '\0'));
  expect_whole(heard("vbri.mp3", vbri), "vbri", "", kSeconds + 0.07);  // the encoder's delay
}

TEST_F(OddFileTest, TagsInAnMp3AreNoMusicAndNoDamage) {
  const Bytes song = mp3();
  const Bytes lyrics = "LYRICSBEGININD0000210LYR00005hello000033LYRICS200";
  const std::size_t frame = song.find(song.substr(0, 2), song.size() / 2 + 1);
  for (const auto& [name, bytes] : std::map<std::string, Bytes>{
           {"front", id3v2(300000) + song + kId3v1},
           {"ape", song + ape_tag(300000)},
           {"ape, id3v1", song + ape_tag(1000) + kId3v1},
           {"lyrics", song + lyrics + kId3v1},
           {"behind", song + id3v2(100000)},
           {"between frames", song.substr(0, frame) + id3v2(50000) + song.substr(frame)},
           {"zeros", song + Bytes(100000, '\0')}}) {
    expect_whole(heard("tags.mp3", bytes), name);
  }
  expect_whole(heard("two.mp3", id3v2(1000) + song + kId3v1 + id3v2(1000) + song + kId3v1), "two",
               "", 2 * kSeconds);
  expect_whole(heard("two.mp3", song + song), "one behind the other", "", 2 * kSeconds);
  const Bytes other = encoded("other.mp3", "-ar 32000 -ac 1 -c:a libmp3lame -id3v2_version 0");
  const Heard both = heard("two.mp3", song + other);
  EXPECT_NEAR(both.seconds, 2 * kSeconds, 0.15);
  EXPECT_NE(both.warnings.find(kByFfmpeg), std::string::npos);
}

TEST_F(OddFileTest, JunkInAnMp3CostsNoMoreThanItself) {
  const Bytes song = mp3();
  const std::size_t half = song.size() / 2;
  expect_part(heard("junk.mp3", song.substr(0, half) + noise(20000) + song.substr(half)), "junk",
              7.9, "a damaged place at 4.0 s");
  expect_part(heard("front.mp3", noise(20000) + song), "front", 7.9, "a damaged place at 0.0 s");
  Bytes sector = song;
  sector.replace(half, 4096, Bytes(4096, '\0'));
  expect_part(heard("sector.mp3", sector), "sector", 7.6, "a damaged place at 4.0 s");
  sector.replace(song.size() / 4, 4096, noise(4096));
  expect_part(heard("sectors.mp3", sector), "sectors", 7.3, "2 damaged places, the first at 2.0 s");
  expect_part(heard("cut.mp3", song.substr(0, half)), "cut", 3.8, "the file ends early: ");
}

TEST_F(OddFileTest, TheNumberOfSamplesInAFlacIsNotBelieved) {
  const Bytes whole = flac();
  const auto with_total = [&](std::uint64_t total) {
    Bytes bytes = whole;
    bytes[21] = static_cast<char>(static_cast<unsigned char>(bytes[21]) & 0xF0);
    return bytes.replace(22, 4, number(total, 4, true));
  };
  for (const std::uint64_t total : {0U, 1U, 4U * 44100U}) {
    expect_whole(heard("total.flac", with_total(total)), std::to_string(total));
  }
  expect_whole(heard("total.flac", with_total(0) + kId3v1), "with a tag behind it");
  expect_whole(heard("tagged.flac", id3v2(5000) + whole + ape_tag(2000) + kId3v1), "tagged");
  expect_whole(heard("more.flac", with_total(99 * 44100)), "more",
               "the file ends early: 8.000 s of 99.000 s could be decoded\n");
}

TEST_F(OddFileTest, ADamagedStretchOfAFlacCostsThatStretch) {
  const Bytes whole = flac();
  Bytes damaged = whole;
  damaged.replace(whole.size() / 2, 512, Bytes(512, '\0'));
  expect_part(heard("bad.flac", damaged), "zeros", 7.5, "a damaged place at 3.");
  damaged.replace(whole.size() / 4, 512, noise(512));
  expect_part(heard("bad.flac", damaged), "two places", 7.0, "2 damaged places, the first at ");
  expect_part(heard("cut.flac", whole.substr(0, whole.size() / 2)), "cut", 3.5,
              "the file ends early: ");
}

TEST_F(OddFileTest, ADamagedStretchOfAnM4aCostsThatStretch) {
  for (const std::string options : {"-c:a aac -b:a 192k", "-c:a alac"}) {
    Bytes bytes = encoded("song.m4a", options + " -movflags +faststart");
    Bytes damaged = bytes;
    damaged.replace(bytes.size() / 2, 2048, noise(2048));
    expect_part(heard("damaged.m4a", damaged), options, 7.0, "damaged place");
    expect_part(heard("cut.m4a", bytes.substr(0, bytes.size() / 2)), options, 3.0,
                "the file ends early: ");
  }
}

struct SizeField {
  std::string name;
  std::string options;
  std::string chunk;
  std::size_t place;  // behind the chunk's name
  std::size_t bytes;
  bool is_big_endian;
};

TEST_F(OddFileTest, SizesInHeadersAreNotBelieved) {
  for (const SizeField& field :
       {SizeField{"song.wav", "-f wav", "data", 4, 4, false},
        SizeField{"song.aiff", "-f aiff", "SSND", 4, 4, true},
        SizeField{"song.w64", "-f w64", "data", 16, 8, false},
        SizeField{"song.caf", "-c:a pcm_s16be -f caf", "data", 4, 8, true},
        SizeField{"song.rf64", "-rf64 always -f wav", "ds64", 16, 8, false},
        SizeField{"song.au", "-f au", ".snd", 8, 4, true}}) {
    const Bytes whole = encoded(field.name, field.options);
    expect_whole(heard(path(field.name)), field.name);
    const std::size_t place = whole.find(field.chunk) + field.place;
    const std::uint64_t size = 4 * 44100 * 8;
    for (const std::uint64_t wrong : {std::uint64_t{0}, ~std::uint64_t{0}, size / 2, size * 2}) {
      Bytes bytes = whole;
      bytes.replace(place, field.bytes, number(wrong, field.bytes, field.is_big_endian));
      const Heard song = heard(field.name, bytes);
      expect_whole(song, field.name + " with " + std::to_string(wrong), song.warnings);
      const std::string expected = wrong == size * 2   ? "the file ends early: "
                                   : wrong == size / 2 ? "all were decoded"
                                                       : "";
      EXPECT_NE(song.warnings.find(expected), std::string::npos) << field.name << song.warnings;
      EXPECT_EQ(song.warnings.empty(), expected.empty()) << field.name << song.warnings;
    }
    expect_part(heard(field.name, whole.substr(0, whole.size() / 2)), field.name, 3.9,
                "the file ends early: ");
  }
}

TEST_F(OddFileTest, SongsOneBehindTheOtherAreOne) {
  for (const std::string name : {"song.wav", "song.aiff", "song.w64", "song.caf", "song.flac"}) {
    const Bytes whole = encoded(name, "");
    const Heard song = heard(name, whole + whole);
    EXPECT_NEAR(song.seconds, 2 * kSeconds, 0.5) << name;
    for (const double amplitude : song.quarters) EXPECT_NEAR(amplitude, 0.4, 0.03) << name;
    EXPECT_TRUE(song.warnings.empty() || song.warnings == kByFfmpeg) << name << song.warnings;
  }
}

TEST_F(OddFileTest, TheNumberOfFramesInAnAiffIsNotBelieved) {
  const Bytes whole = encoded("song.aiff", "");
  for (const std::uint64_t count : {0U, 1U, 1000U, 100000000U}) {
    Bytes bytes = whole;
    bytes.replace(bytes.find("COMM") + 10, 4, number(count, 4, true));
    expect_whole(heard("count.aiff", bytes), std::to_string(count));
  }
}

TEST_F(OddFileTest, ACutOffFileOfAnyFormatSaysSo) {
  for (const std::string name : {"s.mp3", "s.mp2", "s.tta", "s.wv", "s.mka", "s.weba", "s.wma"}) {
    const Bytes whole = encoded(name, name == std::string("s.weba") ? "-c:a libopus -f webm" : "");
    const Heard song = heard("cut" + name, whole.substr(0, whole.size() / 2 + 1));
    expect_part(song, name, 2.5, name == std::string("s.wma") ? "damaged place" : "ends early: ");
    EXPECT_LT(song.seconds, 5.0) << name;
  }
}

TEST_F(OddFileTest, ChunksBehindTheSoundAreNoMusic) {
  const Bytes whole = bytes_of(wav());
  const Bytes list = "LIST" + number(10, 4) + "INFOabcdef";
  const Bytes picture = "id3 " + number(300000, 4) + noise(300000);
  for (const Bytes& tail : {list, picture, list + picture, kId3v1, Bytes("xyz"), id3v2(200000)}) {
    expect_whole(heard("tail.wav", whole + tail), "tail of " + std::to_string(tail.size()));
  }
}

TEST_F(OddFileTest, CoversAreNoDamage) {
  run("ffmpeg -v error -nostdin -y -f lavfi -i color=red:s=64x64:d=0.04 -frames:v 1 '" +
      path("cover.jpg").string() + "'");
  for (const std::string name : {"a.mp3", "a.flac", "a.m4a"}) {
    run("ffmpeg -v error -nostdin -y -i '" + wav().string() + "' -i '" +
        path("cover.jpg").string() + "' -map 0:a -map 1:v -c:v copy -disposition:v attached_pic '" +
        path(name).string() + "'");
    const Heard song = heard(path(name));
    expect_whole(song, name, name == std::string("a.m4a") ? kByFfmpeg : "");
  }
}

TEST_F(OddFileTest, WhatHoldsNoAudioSaysSo) {
  run("ffmpeg -v error -nostdin -y -f lavfi -i color=red:s=64x64:d=0.04 -frames:v 1 '" +
      path("cover.jpg").string() + "'");
  const Bytes picture = bytes_of(path("cover.jpg"));
  const Bytes page = "<html>404</html>\n";
  for (const std::string extension : {"mp3", "m4a", "ogg", "wav", "flac"}) {
    for (const Bytes& bytes : {page, picture, Bytes(100000, '\0'), noise(5000, 9)}) {
      const std::string name = "none." + extension;
      const auto file = write_bytes(name, bytes);
      testing::internal::CaptureStderr();
      const std::string message = input_error_of([&] { read_audio(file, whole_file(kRateHz)); });
      EXPECT_EQ(testing::internal::GetCapturedStderr(), "") << name;
      EXPECT_NE(message.find(name + ": neither libsndfile nor ffmpeg reads it: no audio in it"),
                std::string::npos)
          << message;
      EXPECT_EQ(message.find("0x"), std::string::npos) << message;
    }
  }
}

}  // namespace
}  // namespace mer
