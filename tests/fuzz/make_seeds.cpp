// Writes a few tiny valid inputs a target into folders of their own: make_fuzz_seeds FOLDER
#include <cmath>
#include <cstdio>
#include <exception>
#include <fstream>
#include <nlohmann/json.hpp>

#include "mer/audio/audio_reader.hpp"
#include "mer/config/recipe.hpp"
#include "mer/core/tensor_file.hpp"
#include "mer/core/text.hpp"
#include "mer/runs/evaluation_files.hpp"
#include "mer/runs/model_card.hpp"
#include "mer/runs/run_status.hpp"
#include "mer/store/song_features.hpp"

namespace {

using namespace std::string_literals;
namespace fs = std::filesystem;

void write_bytes(const fs::path& file, const std::string& bytes) {
  fs::create_directories(file.parent_path());
  mer::write_text_file(file, bytes);
}

std::vector<float> tone(int count) {
  std::vector<float> samples;
  for (int i = 0; i < count; ++i) samples.push_back(0.5F * std::sin(0.1F * static_cast<float>(i)));
  return samples;
}

void put(std::string& bytes, std::uint32_t value, int num_bytes) {
  for (int i = 0; i < num_bytes; ++i) bytes += static_cast<char>((value >> (8 * i)) & 0xFFU);
}

/// 32-bit float WAV with two channels and one sample that is not a number.
std::string float_wav() {
  constexpr std::uint32_t kFrames = 64;
  constexpr std::uint32_t kDataBytes = kFrames * 8;
  std::string bytes = "RIFF";
  put(bytes, 36 + kDataBytes, 4);
  bytes += "WAVEfmt ";
  for (const auto& [value, size] : {std::pair<std::uint32_t, int>{16, 4},
                                    {3, 2},
                                    {2, 2},
                                    {48000, 4},
                                    {384000, 4},
                                    {8, 2},
                                    {32, 2}}) {
    put(bytes, value, size);
  }
  bytes += "data";
  put(bytes, kDataBytes, 4);
  for (std::uint32_t i = 0; i < 2 * kFrames; ++i)
    put(bytes, i == 99 ? 0x7FC00000U : 0x3E000000U, 4);
  return bytes;
}

void audio(const fs::path& folder) {
  fs::create_directories(folder);
  mer::write_audio(folder / "a.wav", tone(600), 44100);
  mer::write_audio(folder / "b.flac", tone(5000), 22050);
  write_bytes(folder / "c.wav", float_wav());
  std::string au = ".snd";
  for (const char* word :
       {"\0\0\0\x18", "\0\0\0\x40", "\0\0\0\x03", "\0\0\x1F\x40", "\0\0\0\x01"}) {
    au.append(word, 4);
  }
  write_bytes(folder / "d.au", au + std::string(64, '\x11'));
  write_bytes(folder / "e.mp3", std::string("\xFF\xFB\x90\x64") + std::string(413, '\0'));
}

void tensor_file(const fs::path& folder) {
  fs::create_directories(folder);
  const std::vector<float> matrix = {1, 2, 3, 4, 5, 6};
  const std::vector<std::uint8_t> mask = {1, 0, 1};
  mer::write_tensor_file(folder / "small.safetensors",
                         {{"m", mer::view_of(std::span<const float>(matrix), {2, 3})},
                          {"k", mer::view_of(std::span<const std::uint8_t>(mask), {3})}},
                         {{"key", "text"}});
  const std::vector<double> time_s = {0.1, 0.2};
  const auto two = std::span<const float>(matrix).first(2);
  const mer::Recipe recipe;
  mer::write_tensor_file(
      folder / "song.safetensors",
      {{"spectrogram", mer::view_of(std::span<const float>(matrix), {2, 3})},
       {"lld", mer::view_of(std::span<const float>(matrix), {2, 3})},
       {"energy_db", mer::view_of(two, {2})},
       {"time_s", mer::view_of(std::span<const double>(time_s), {2})},
       {"kept", mer::view_of(std::span<const std::uint8_t>(mask).first(2), {2})}},
      {{"recipe", mer::to_json(recipe).dump()},
       {"shared_recipe", recipe.shared().dump()},
       {"fingerprint", recipe.fingerprint()},
       {"duration_s", "0.3"},
       {"warnings", "[]"}});
}

void manifest(const fs::path& folder) {
  write_bytes(folder / "two.csv", "path,label\n/dev/null,happy\n/dev/zero,sad\n");
  write_bytes(
      folder / "all.csv",
      "path,label,group,split,id,valence,arousal\r\n"
      "/dev/null,\"happy\",a,train,1,0.5,-1\r\n/dev/./null,sad,\"b, \"\"c\",test,2,,1e-1\r\n");
  write_bytes(
      folder / "targets.csv",
      "path,label,labels,share_sad,share_happy\n/dev/null,,a;b,,\n/dev/./null,sad,,0.5,0.5\n");
}

void options(const fs::path& folder) {
  write_bytes(folder / "recipe.yaml", mer::to_yaml(mer::Recipe(), false));
  write_bytes(folder / "small.yaml",
              "segment: {length_s: 1.5, tail: drop}\nsplit:\n  ratios: [0.5, 0.25, 0.25]\ntrain: "
              "{seed: 3}\n"
              "text: \"a\\u00fc\"\ntexts: [a, 'b']\npath: x/y\n");
  write_bytes(folder / "set.yaml", std::string("device: cpu\n\0audio.start_s=0.5", 29));
  write_bytes(folder / "odd.yaml", "a: &x [1, {b: *x}]\n? c\n: |\n  d\n---\n!!str e\n");
}

void own_files(const fs::path& folder) {
  mer::ModelCard card;
  card.classes = {"happy", "sad"};
  card.training_counts = {1, 2};
  card.config = card.recipe = card.segment = card.inputs = card.layout = "{}";
  const std::vector<float> weights = {1, 2};
  fs::create_directories(folder / "model_card");
  mer::write_tensor_file(folder / "model_card/m.safetensors",
                         {{"network.w", mer::view_of(std::span<const float>(weights), {2})}},
                         card.to_metadata());
  mer::RunStatus status = mer::RunStatus::of_start("mer train -c a.yaml");
  status.seeds = {1, 2};
  status.dataset = mer::RunStatus::Dataset{};
  status.best = mer::RunStatus::Best{};
  write_bytes(folder / "run_status/run.json", status.to_json());
  write_bytes(folder / "prediction_list/l.jsonl",
              R"({"path": "/a.mp3", "status": "ok", "error": null, "duration_s": 3.5, )"
              R"("emotion": "happy", "confidence": 0.75, "probabilities": {"happy": 0.75, )"
              R"("sad": 0.25}, "segments": [], "warnings": [], "size_bytes": 5, )"
              R"("modified": "2026-11-30T12:00:00Z", "model": "m"})"
              "\n");
  write_bytes(folder / "evaluation/none", mer::to_json(mer::Evaluation()).dump() + '\0');
  write_bytes(folder / "evaluation/two",
              R"({"schema": 1, "model": "m", "split": "test", "classes": ["happy", "sad"]})"
              "\0id,path,label,predicted,confidence,p_happy,p_sad,segments\n"
              "a,a.wav,happy,sad,0.7,0.3,0.7,1\n"
              "\0id,start_s,end_s,predicted,p_happy,p_sad\na,0,3,sad,0.3,0.7\n"s);
  write_bytes(
      folder / "split/split.csv",
      "id,path,label,group,split\na,a.wav,x,g,train\nb,b.wav,y,,test\nc,c.wav,x,,validation\n");
  write_bytes(folder / "sweep_file/s.yaml",
              "base: {train: {epochs: 1}}\nseeds: [0, 1]\ngrid:\n  segment.length_s: [3, 5]\n"
              "variants:\n  small: {model.name: cnn}\nclaims: [\"accuracy(a) > accuracy(b)\"]\n");
  for (const auto& [kind, name] : {std::pair('\1', "t.flac"), {'\5', "t.wav"}}) {
    fs::create_directories(folder / "mood_tag");
    mer::write_audio(folder / "mood_tag" / name, tone(600), 44100);
    write_bytes(folder / "mood_tag" / name, kind + mer::read_text_file(folder / "mood_tag" / name));
  }
  // An ID3v2.3 tag with one TMOO frame, then a frame of MPEG-1 layer III without sound.
  write_bytes(folder / "mood_tag/t.mp3",
              std::string("\0ID3\3\0\0\0\0\0\xETMOO\0\0\0\4\0\0\0sad", 25) + "\xFF\xFB\x90\x64" +
                  std::string(413, '\0'));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  try {
    const fs::path folder = argv[1];
    audio(folder / "audio");
    tensor_file(folder / "tensor_file");
    manifest(folder / "manifest");
    options(folder / "options");
    own_files(folder);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
