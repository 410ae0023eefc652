#include "hub/listing.h"

#include <gtest/gtest.h>

namespace retort::hub {
namespace {

const std::string kSha1(40, 'a');
const std::string kSha256(64, 'b');

std::string listing_of(const std::string& files) {
  return R"({"id":"a/b","sha":")" + kSha1 + R"(","siblings":[)" + files + "]}";
}

std::string message_of(const std::string& json) {
  const Result<Listing> listing = read_listing(json);
  return listing ? "no error" : listing.error().message();
}

TEST(Listing, HasLargeFilesByTheirSha256AndOthersByTheirGitBlob) {
  const Result<Listing> listing = read_listing(listing_of(
      R"({"rfilename":"m.gguf","size":5,"blobId":")" + kSha1 + R"(","lfs":{"sha256":")" + kSha256 +
      R"(","size":5,"pointerSize":134}},{"rfilename":"d/config.json","size":2,"blobId":")" + kSha1 +
      R"("},{"rfilename":"unknown"})"));
  ASSERT_TRUE(listing) << listing.error().message();
  EXPECT_EQ(listing->commit, kSha1);
  ASSERT_EQ(listing->files.size(), 3u);
  EXPECT_EQ(listing->files[0].checksum, kSha256);
  EXPECT_EQ(listing->files[0].checksum_kind, HubFile::Checksum::sha256);
  EXPECT_EQ(listing->files[0].bytes, 5u);
  EXPECT_EQ(listing->files[1].checksum_kind, HubFile::Checksum::git_blob);
  EXPECT_EQ(listing->files[1].file_name(), "config.json");
  EXPECT_EQ(listing->files[2].checksum, "");
}

TEST(Listing, SaysWhatIsWrongWithIt) {
  EXPECT_NE(message_of("nonsense"), "no error");
  EXPECT_NE(message_of("[]").find("no JSON object"), std::string::npos);
  EXPECT_NE(message_of("{}").find("'sha' names no commit"), std::string::npos);
  EXPECT_NE(message_of(R"({"sha":")" + kSha1 + R"("})").find("'siblings'"), std::string::npos);
  EXPECT_NE(message_of(listing_of("1")).find("no object"), std::string::npos);
  EXPECT_NE(message_of(listing_of("{}")).find("rfilename"), std::string::npos);
  EXPECT_NE(message_of(listing_of(R"({"rfilename":"../x"})")).find("leaves"), std::string::npos);
  EXPECT_NE(message_of(listing_of(R"({"rfilename":"x\u0000"})")).find("leaves"), std::string::npos);
  EXPECT_NE(message_of(listing_of(R"({"rfilename":"x","lfs":{"size":1,"sha256":"B"}})"))
                .find("no SHA-256"),
            std::string::npos);
  EXPECT_NE(message_of(listing_of(R"({"rfilename":"x","blobId":")" + kSha1 + R"(","size":-1})"))
                .find("no size"),
            std::string::npos);
  EXPECT_NE(message_of(std::string(kListingBytesMax + 1, ' ')).find("16 MiB"), std::string::npos);
}

TEST(Listing, HasNoFileTwice) {
  const std::string files = R"({"rfilename":"x"},{"rfilename":"y"},{"rfilename":"x"})";
  EXPECT_NE(message_of(listing_of(files)).find("'x' is listed twice"), std::string::npos);
}

TEST(Listing, StopsAtSoManyFiles) {
  std::string files = R"({"rfilename":"x"})";
  for (int i = 0; i < 100'000; ++i) files += R"(,{"rfilename":"x)" + std::to_string(i) + R"("})";
  EXPECT_NE(message_of(listing_of(files)).find("more than 100000 files"), std::string::npos);
}

}  // namespace
}  // namespace retort::hub
