// What the command line makes of its words.
#include "cli/command_line.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace retort::cli {
namespace {

// What `ask` with a valued flag, a switch and positionals was given.
Arguments given(std::vector<const char*> words) {
  Arguments seen;
  const Command ask = {.name = "ask",
                       .help = "",
                       .flags = {{"model", "ID", ""}, {"json", "", ""}},
                       .positional = "PROMPT",
                       .run = [&seen](const Arguments& arguments) {
                         seen = arguments;
                         return kDone;
                       }};
  words.insert(words.begin(), {"retort", "ask"});
  EXPECT_EQ(run_command({ask}, static_cast<int>(words.size()), words.data()), kDone);
  return seen;
}

TEST(CommandLine, AFlagTakesOneValueWhateverFollowsIt) {
  for (const auto& words : std::vector<std::vector<const char*>>{
           {"--model", "m", "hello"}, {"--model=m", "hello"}, {"hello", "--model", "m"}}) {
    const Arguments seen = given(words);
    EXPECT_EQ(seen.find("model"), "m");
    EXPECT_EQ(seen.positionals, std::vector<std::string>{"hello"});
  }
}

TEST(CommandLine, FlagsComeAsOftenAndInTheOrderGiven) {
  const Arguments seen = given({"--model", "a", "--json", "--model", "b"});
  ASSERT_EQ(seen.flags.size(), 3u);
  EXPECT_EQ(seen.find("model"), "b");
  EXPECT_TRUE(seen.has("json"));
}

}  // namespace
}  // namespace retort::cli
