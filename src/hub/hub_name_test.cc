#include "hub/hub_name.h"

#include <gtest/gtest.h>

namespace retort::hub {
namespace {

TEST(HubName, HasAnOwnerARepositoryAndWhatIsWantedOfIt) {
  const Result<HubName> name = parse_hub_name("hf:unsloth/Qwen3-0.6B-GGUF:Q4_K_M");
  ASSERT_TRUE(name) << name.error().message();
  EXPECT_EQ(name->id(), "unsloth/Qwen3-0.6B-GGUF");
  EXPECT_EQ(name->wanted, "Q4_K_M");
  EXPECT_EQ(parse_hub_name("a/b:sub/folder/x.gguf")->wanted, "sub/folder/x.gguf");
  EXPECT_EQ(parse_hub_name("a/b")->wanted, "");
}

TEST(HubName, RefusesWhatWouldLeaveItsFolderOrAddress) {
  for (const char* text :
       {"", "hf:", "a", "a/", "/b", "a/..", "../b", "a/b/c", "a/b:", "a/b:../c", "a/b:/c", "a/b?x",
        "a/b#x", "a b/c", "-a/b", "a/.b", "a/b\n", "a/b%2F"}) {
    EXPECT_FALSE(parse_hub_name(text)) << text;
  }
  EXPECT_FALSE(parse_hub_name("a/" + std::string(97, 'x')));
}

TEST(HubName, APlainPathStaysBelowItsFolderAndMovesNoCursor) {
  EXPECT_TRUE(is_plain_path("a/b.gguf"));
  EXPECT_TRUE(is_plain_path("..a/b..c"));
  for (const char* path : {"", "/a", "a/", "a//b", ".", "..", "a/../b", "a\\b", "a\tb", "a\x7F",
                           "\xC2\x9B"
                           "31m"}) {
    EXPECT_FALSE(is_plain_path(path)) << path;
  }
  EXPECT_TRUE(is_plain_path("\xC3\xA9"));
  EXPECT_FALSE(is_plain_path(std::string(1'025, 'x')));
}

}  // namespace
}  // namespace retort::hub
