#include "mer/core/hash.hpp"

#include <gtest/gtest.h>

#include "../support/temporary_folder.hpp"
#include "mer/core/error.hpp"

namespace mer {
namespace {

TEST(Hash, IsXxh3OfTheBytes) {
  // The value that xxHash's specification publishes for XXH3 128 of no bytes with seed 0.
  EXPECT_EQ(hash_hex(""), "99aa06d3014798d86001c324468d497f");
}

TEST(Hash, OfAFileEqualsThatOfItsContent) {
  const test::TemporaryFolder folder;
  const std::string content(200'001, 'x');  // several blocks and a rest
  EXPECT_EQ(hash_file_hex(folder.write("f", content)), hash_hex(content));
  EXPECT_THROW(hash_file_hex(folder / "none"), InputError);
  EXPECT_THROW(hash_file_hex(folder.path()), InputError);
}

}  // namespace
}  // namespace mer
