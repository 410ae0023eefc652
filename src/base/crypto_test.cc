#include "base/crypto.h"

#include <gtest/gtest.h>

#include <set>

namespace retort::base {
namespace {

// FIPS 180-4 example values.
TEST(Crypto, Sha256GivesThePublishedDigests) {
  EXPECT_EQ(to_hex(sha256("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(to_hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

// What git hash-object and sha256sum print.
TEST(Crypto, ADigestDoesNotDependOnHowTheBytesAreCut) {
  Digest blob(Digest::Algorithm::sha1);
  blob.update("blob 6");
  blob.update({"\0hello\n", 7});
  EXPECT_EQ(blob.finish(), "ce013625030ba8dba906f756967f9e9ca394464a");
  Digest large(Digest::Algorithm::sha256);
  large.update("a");
  large.update("");
  large.update("bc");
  EXPECT_EQ(large.finish(), to_hex(sha256("abc")));
}

TEST(Crypto, RandomTextHasTheAskedLengthAndDoesNotRepeat) {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const std::string text = random_alphanumeric(24);
    EXPECT_EQ(text.size(), 24u);
    EXPECT_TRUE(seen.insert(text).second);
  }
}

TEST(Crypto, ComparesWholeTexts) {
  EXPECT_TRUE(equal_in_constant_time("key", "key"));
  EXPECT_FALSE(equal_in_constant_time("key", "kez"));
  EXPECT_FALSE(equal_in_constant_time("key", "key2"));
  EXPECT_TRUE(equal_in_constant_time("", ""));
}

}  // namespace
}  // namespace retort::base
