// A partial file: whose it is, what of it is kept, and what of it is believed.
#include "hub/partial_file.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

namespace retort::hub {
namespace {

namespace fs = std::filesystem;

class PartialFileTest : public ::testing::Test {
 protected:
  PartialFileTest() {
    std::string pattern = (fs::temp_directory_path() / "retort-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~PartialFileTest() override { fs::remove_all(folder_); }

  static HubFile file_of(const std::string& bytes) {
    return {.path = "m.gguf",
            .bytes = bytes.size(),
            .checksum_kind = HubFile::Checksum::sha256,
            .checksum = base::to_hex(base::sha256(bytes))};
  }
  fs::path target() const { return folder_ / "m.gguf"; }
  std::string target_bytes() const {
    std::ifstream file(target(), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }
  std::size_t files() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }

  fs::path folder_;
};

TEST_F(PartialFileTest, GoesOnWhereItWasLeftAndGetsItsNameWhenItIsWhole) {
  const HubFile file = file_of("hello");
  {
    Result<PartialFile> begun = PartialFile::open(target(), file);
    ASSERT_TRUE(begun);
    ASSERT_TRUE(begun->append("hel"));
  }
  EXPECT_EQ(partial_bytes(target(), file), 3u);
  Result<PartialFile> resumed = PartialFile::open(target(), file);
  ASSERT_TRUE(resumed);
  EXPECT_EQ(resumed->bytes(), 3u);
  ASSERT_TRUE(resumed->append("lo"));
  ASSERT_TRUE(resumed->finish());
  EXPECT_EQ(target_bytes(), "hello");
  EXPECT_EQ(files(), 1u);
}

TEST_F(PartialFileTest, WhatHasAnotherChecksumIsRemovedAndNeverGetsTheName) {
  const HubFile file = file_of("hello");
  Result<PartialFile> partial = PartialFile::open(target(), file);
  ASSERT_TRUE(partial);
  ASSERT_TRUE(partial->append("jello"));
  const Result<void> finished = partial->finish();
  ASSERT_FALSE(finished);
  EXPECT_EQ(finished.error().kind(), ErrorKind::malformed);
  EXPECT_EQ(files(), 0u);
}

TEST_F(PartialFileTest, MoreBytesThanListedAreRefused) {
  Result<PartialFile> partial = PartialFile::open(target(), file_of("hello"));
  ASSERT_TRUE(partial);
  EXPECT_FALSE(partial->append("hello!"));
}

TEST_F(PartialFileTest, TwoCannotWriteAtOnce) {
  const HubFile file = file_of("hello");
  const Result<PartialFile> first = PartialFile::open(target(), file);
  ASSERT_TRUE(first);
  const Result<PartialFile> second = PartialFile::open(target(), file);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind(), ErrorKind::conflict);
}

TEST_F(PartialFileTest, OtherVersionsAreClearedAwayUnlessSomebodyFetchesThem) {
  const HubFile abandoned = file_of("version 1");
  const HubFile fetched = file_of("version 2");
  const HubFile file = file_of("version 3");
  {
    Result<PartialFile> left = PartialFile::open(target(), abandoned);
    ASSERT_TRUE(left);
  }
  Result<PartialFile> other = PartialFile::open(target(), fetched);
  ASSERT_TRUE(other);
  ASSERT_TRUE(other->append("version "));
  Result<PartialFile> partial = PartialFile::open(target(), file);
  ASSERT_TRUE(partial);
  ASSERT_TRUE(partial->append("version 3"));
  ASSERT_TRUE(partial->finish());
  EXPECT_EQ(files(), 2u);
  ASSERT_TRUE(other->append("2"));
  ASSERT_TRUE(other->finish());  // failed where its file had been removed
  EXPECT_EQ(target_bytes(), "version 2");
}

}  // namespace
}  // namespace retort::hub
