#include "mer/tagging/path_map.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mer/core/error.hpp"

namespace mer {
namespace {

TEST(PathMap, PutsOneFolderInThePlaceOfAnother) {
  const PathMap map({"/volume1/music=/no/nas", "/volume1/=/no/all/"});
  EXPECT_EQ(map("/volume1/music/a/b.mp3"), "/no/nas/a/b.mp3");
  EXPECT_EQ(map("/volume1/musical/b.mp3"), "/no/all/musical/b.mp3");
  EXPECT_EQ(map("/volume2/b.mp3"), "/volume2/b.mp3");
  EXPECT_EQ(map("/volume1/music/caf\xE9=.mp3"), "/no/nas/caf\xE9=.mp3");
  EXPECT_EQ(PathMap()("a.mp3"), "a.mp3");
  EXPECT_EQ(PathMap({"/=/no/root"})("/a.mp3"), "/no/root/a.mp3");
}

TEST(PathMap, NeedsBothFolders) {
  for (const char* wrong : {"/a", "=/b", "/a=", ""}) {
    EXPECT_THROW(PathMap({std::string(wrong)}), UsageError) << wrong;
  }
}

}  // namespace
}  // namespace mer
