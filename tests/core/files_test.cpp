#include "mer/core/files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "../support/temporary_folder.hpp"
#include "mer/core/base64.hpp"
#include "mer/core/error.hpp"

namespace mer {
namespace {

namespace fs = std::filesystem;
using test::message_of;
using testing::HasSubstr;

TEST(AbsolutePath, IsTheSameForEverySpelling) {
  const test::TemporaryFolder folder;
  const fs::path real = fs::canonical(folder.path());
  folder.write("m/a.wav", "");
  fs::create_directory_symlink("m", folder / "link");
  fs::create_symlink("a.wav", folder / "m/b.wav");
  const fs::path before = fs::current_path();
  fs::current_path(folder / "link");
  AbsolutePaths absolute;
  for (const char* spelling :
       {"a.wav", "./a.wav", "../m/a.wav", "../link/a.wav", ".././m//a.wav"}) {
    EXPECT_EQ(absolute(spelling), real / "m/a.wav") << spelling;
  }
  EXPECT_EQ(absolute_path(folder / "link/a.wav"), real / "m/a.wav");
  EXPECT_EQ(absolute_path("b.wav"), real / "m/b.wav");  // a link's own name
  EXPECT_EQ(absolute_path("gone/c.wav"), real / "m/gone/c.wav");
  EXPECT_EQ(absolute_path("."), real / "m");
  EXPECT_EQ(absolute_path("caf\xE9.wav"), real / "m/caf\xE9.wav");
  fs::current_path(before);
}

TEST(RequiredFile, IsNoFolderAndNoPipe) {
  const test::TemporaryFolder folder;
  ASSERT_EQ(::mkfifo((folder / "pipe.wav").c_str(), 0600), 0);
  EXPECT_NO_THROW(require_file(folder.write("a.wav", "")));
  EXPECT_THAT(message_of<InputError>([&] { require_file(folder / "pipe.wav"); }),
              HasSubstr("pipe.wav: not a regular file"));
  EXPECT_THAT(message_of<InputError>([&] { require_file(folder.path()); }),
              HasSubstr("is a folder, not an audio file"));
  EXPECT_THAT(message_of<InputError>([&] { require_file(folder / "none.wav"); }),
              HasSubstr("none.wav: no such file"));
}

TEST(Base64, IsThatOfRfc4648) {
  const std::vector<std::pair<std::string, std::string>> vectors = {{"", ""},
                                                                    {"f", "Zg=="},
                                                                    {"fo", "Zm8="},
                                                                    {"foo", "Zm9v"},
                                                                    {"foob", "Zm9vYg=="},
                                                                    {"fooba", "Zm9vYmE="},
                                                                    {"foobar", "Zm9vYmFy"},
                                                                    {"\xFB\xFF", "+/8="}};
  for (const auto& [bytes, text] : vectors) {
    EXPECT_EQ(encode_base64(bytes), text);
    EXPECT_EQ(decode_base64(text), bytes);
  }
  for (const char* wrong : {"Zg=", "Zg", "Z===", "Zg=a", "Z g="}) {
    EXPECT_THROW(decode_base64(wrong), std::invalid_argument) << wrong;
  }
}

}  // namespace
}  // namespace mer
