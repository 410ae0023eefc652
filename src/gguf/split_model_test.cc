// Models in several GGUF files: those that the package gguf cut, and those that are wrong in one
// place.
#include "gguf/split_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "gguf/gguf_bytes.h"
#include "gguf/gguf_file.h"

namespace retort::gguf {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

const fs::path kGoldens = fs::path(RETORT_SOURCE_DIR) / "tests/golden/logits";

class SplitModelTest : public ::testing::Test {
 protected:
  SplitModelTest() {
    std::string pattern = (fs::temp_directory_path() / "retort-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~SplitModelTest() override { fs::remove_all(folder_); }

  // A part of two that holds `tensors` of eight floats each.
  void write(const std::string& name, std::uint16_t number, std::uint16_t count,
             std::int32_t tensors_in_all, const std::vector<std::string>& tensors) const {
    GgufBytes bytes(tensors.size(), 3);
    bytes.key("split.no", ValueType::u16).number(number);
    bytes.key("split.count", ValueType::u16).number(count);
    bytes.key("split.tensors.count", ValueType::i32).number(tensors_in_all);
    for (std::size_t i = 0; i < tensors.size(); ++i) bytes.tensor(tensors[i], {8}, 0, i * 32);
    bytes.align(32).zeros(tensors.size() * 32);
    std::ofstream(folder_ / name, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.bytes().data()),
               static_cast<std::streamsize>(bytes.bytes().size()));
  }
  std::string error_of(const std::string& name) const {
    const auto file = GgufFile::open(folder_ / name);
    return file ? "no error" : file.error().message();
  }

  fs::path folder_;
};

TEST_F(SplitModelTest, ThePartsAreTheModelThatWasCutWhicheverIsNamed) {
  const auto whole = GgufFile::open(kGoldens / "gqa.gguf");
  ASSERT_TRUE(whole);
  for (const std::uint64_t named : {1U, 2U, 3U}) {
    const fs::path first = kGoldens / "split/gqa-00001-of-00003.gguf";
    auto opened = GgufFile::open(split_path(first, named, 3));
    ASSERT_TRUE(opened) << opened.error().message();
    const GgufFile parts = std::move(*opened);  // views survive a move
    EXPECT_EQ(parts.name(), first.string());
    EXPECT_EQ(parts.parts(), 3u);
    EXPECT_EQ(*parts.metadata().uint("llama.block_count"), 3u);
    ASSERT_EQ(parts.tensors().size(), whole->tensors().size());
    for (const GgufTensor& wanted : whole->tensors()) {
      const GgufTensor* tensor = parts.find_tensor(wanted.name);
      ASSERT_NE(tensor, nullptr) << wanted.name;
      EXPECT_EQ(tensor->type, wanted.type);
      EXPECT_TRUE(std::ranges::equal(tensor->shape(), wanted.shape()));
      ASSERT_EQ(tensor->bytes, wanted.bytes);
      EXPECT_TRUE(std::equal(tensor->data, tensor->data + tensor->bytes, wanted.data));
    }
    EXPECT_THAT(parts.name_of(parts.tensors().back()), HasSubstr("gqa-00003-of-00003.gguf"));
  }
}

TEST_F(SplitModelTest, AMissingPartIsNamed) {
  write("m-00001-of-00003.gguf", 0, 3, 3, {"a"});
  write("m-00003-of-00003.gguf", 2, 3, 3, {"c"});
  EXPECT_THAT(error_of("m-00001-of-00003.gguf"),
              AllOf(HasSubstr("m-00002-of-00003.gguf"), HasSubstr("missing"),
                    HasSubstr("all 3 parts must lie in one folder")));
  EXPECT_THAT(error_of("m-00003-of-00003.gguf"), HasSubstr("m-00002-of-00003.gguf"));
}

TEST_F(SplitModelTest, APartUnderAnotherNameIsNamed) {
  write("m.gguf", 0, 2, 2, {"a"});
  EXPECT_THAT(error_of("m.gguf"), AllOf(HasSubstr("m.gguf: it is part 1 of 2"),
                                        HasSubstr("give the parts back their names")));
}

TEST_F(SplitModelTest, PartsThatDoNotBelongTogetherAreRefused) {
  write("m-00001-of-00002.gguf", 0, 2, 2, {"a"});
  write("m-00002-of-00002.gguf", 0, 2, 2, {"b"});
  EXPECT_THAT(error_of("m-00001-of-00002.gguf"),
              AllOf(HasSubstr("m-00002-of-00002.gguf"), HasSubstr("says that it is part 1 of 2")));
  write("m-00002-of-00002.gguf", 1, 3, 2, {"b"});
  EXPECT_THAT(error_of("m-00001-of-00002.gguf"), HasSubstr("says that it is part 2 of 3"));
  write("m-00002-of-00002.gguf", 1, 2, 5, {"b"});
  EXPECT_THAT(error_of("m-00001-of-00002.gguf"), HasSubstr("part 2 of 2 of another model"));
  write("m-00002-of-00002.gguf", 1, 2, 2, {"a"});
  EXPECT_THAT(error_of("m-00001-of-00002.gguf"),
              AllOf(HasSubstr("m-00002-of-00002.gguf: tensor 'a' is also in"),
                    HasSubstr("m-00001-of-00002.gguf")));
  write("m-00002-of-00002.gguf", 1, 2, 2, {"b", "c"});
  EXPECT_THAT(error_of("m-00001-of-00002.gguf"), HasSubstr("have 3 tensors, not the 2"));
  write("m-00002-of-00002.gguf", 1, 2, 2, {"b"});
  EXPECT_EQ(error_of("m-00001-of-00002.gguf"), "no error");
}

TEST_F(SplitModelTest, ImpossibleCountsAreRefused) {
  write("m-00001-of-00002.gguf", 2, 2, 2, {"a"});
  EXPECT_THAT(error_of("m-00001-of-00002.gguf"), HasSubstr("split.no is 2"));
  write("m-00001-of-00002.gguf", 0, 20'000, 2, {"a"});
  EXPECT_THAT(error_of("m-00001-of-00002.gguf"), HasSubstr("at most 10000 parts"));
  write("m.gguf", 0, 1, 1, {"a"});  // the whole model, under any name
  EXPECT_EQ(error_of("m.gguf"), "no error");
}

TEST(SplitStem, IsWhatComesBeforeThePartsNumber) {
  EXPECT_EQ(split_stem("m-Q4_0-00002-of-00010.gguf"), "m-Q4_0");
  for (const char* name : {"m.gguf", "-00001-of-00002.gguf", "m-0001-of-00002.gguf",
                           "m-00001-of-0000x.gguf", "m-00001-of-00002.bin", ""}) {
    EXPECT_EQ(split_stem(name), std::nullopt) << name;
  }
}

}  // namespace
}  // namespace retort::gguf
