// Tests of the GGUF reader on small files built byte by byte, most of them wrong in one place.
#include "gguf/gguf_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "gguf/gguf_bytes.h"

namespace retort::gguf {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// A valid file with one value of every type and two tensors.
GgufBytes every_type() {
  GgufBytes file(2, 17);
  file.key("general.architecture", ValueType::string).string("llama");
  file.key("u8", ValueType::u8).number<std::uint8_t>(200);
  file.key("i8", ValueType::i8).number<std::int8_t>(-5);
  file.key("u16", ValueType::u16).number<std::uint16_t>(60'000);
  file.key("i16", ValueType::i16).number<std::int16_t>(-300);
  file.key("u32", ValueType::u32).number<std::uint32_t>(4'000'000'000);
  file.key("i32", ValueType::i32).number<std::int32_t>(-70'000);
  file.key("f32", ValueType::f32).number(0.25F);
  file.key("yes", ValueType::boolean).number<std::uint8_t>(1);
  file.key("u64", ValueType::u64).number(std::numeric_limits<std::uint64_t>::max());
  file.key("i64", ValueType::i64).number<std::int64_t>(-1);
  file.key("f64", ValueType::f64).number(0.125);
  file.array("tokens", ValueType::string, 3).string("a").string("").string("\xC4\xA0the");
  file.array("ints", ValueType::i32, 2).number<std::int32_t>(-7).number<std::int32_t>(8);
  file.array("floats", ValueType::f32, 2).number(1.5F).number(-2.0F);
  file.array("none", ValueType::u8, 0);
  file.array("big", ValueType::u64, 1).number(std::numeric_limits<std::uint64_t>::max());
  file.tensor("norm.weight", {3}, 0, 0);
  file.tensor("blk.0.attn_q.weight", {64, 2}, 8, 32);
  file.align(32).zeros(32 + 2 * 2 * 34);
  return file;
}

std::string error_of(const GgufBytes& file) {
  const auto parsed = GgufFile::parse(file.bytes(), "m.gguf");
  return parsed ? "" : parsed.error().message();
}

TEST(GgufFile, ReadsEveryValueType) {
  const GgufBytes bytes = every_type();
  const auto file = GgufFile::parse(bytes.bytes(), "m.gguf");
  ASSERT_TRUE(file) << file.error().message();
  const Metadata& metadata = file->metadata();
  EXPECT_EQ(*metadata.string("general.architecture"), "llama");
  EXPECT_EQ(*metadata.uint("u8"), 200U);
  EXPECT_EQ(*metadata.integer("i8"), -5);
  EXPECT_EQ(*metadata.uint("u16"), 60'000U);
  EXPECT_EQ(*metadata.integer("i16"), -300);
  EXPECT_EQ(*metadata.uint("u32"), 4'000'000'000U);
  EXPECT_EQ(*metadata.integer("i32"), -70'000);
  EXPECT_EQ(*metadata.number("f32"), 0.25);
  EXPECT_EQ(*metadata.number("f64"), 0.125);
  EXPECT_EQ(*metadata.number("i8"), -5.0);
  EXPECT_TRUE(*metadata.boolean("yes"));
  EXPECT_EQ(*metadata.uint("u64"), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(*metadata.integer("i64"), -1);
  const auto tokens = *metadata.strings("tokens");
  ASSERT_EQ(tokens.size(), 3U);
  EXPECT_EQ(tokens[2], "\xC4\xA0the");
  const auto ints = *metadata.integers("ints");
  EXPECT_EQ(ints.size(), 2U);
  EXPECT_EQ(ints[0], -7);
  EXPECT_EQ((*metadata.numbers("floats"))[1], -2.0);
  EXPECT_EQ(metadata.integers("none")->size(), 0U);
}

TEST(GgufFile, FindsTensorsWithShapeTypeAndPlace) {
  const GgufBytes bytes = every_type();
  const auto file = GgufFile::parse(bytes.bytes(), "m.gguf");
  ASSERT_TRUE(file) << file.error().message();
  const GgufTensor* tensor = file->find_tensor("blk.0.attn_q.weight");
  ASSERT_NE(tensor, nullptr);
  EXPECT_EQ(tensor->type, tensor::DType::q8_0);
  EXPECT_THAT(tensor->shape(), ::testing::ElementsAre(64, 2));
  EXPECT_EQ(tensor->bytes, 2U * 2 * 34);
  EXPECT_EQ(tensor->offset + tensor->bytes, bytes.bytes().size());
  EXPECT_EQ(tensor->data, bytes.bytes().data() + tensor->offset);
  EXPECT_EQ(file->find_tensor("no"), nullptr);
}

TEST(GgufFile, GettersNameTheKeyAndTheType) {
  const GgufBytes bytes = every_type();
  const auto file = GgufFile::parse(bytes.bytes(), "m.gguf");
  ASSERT_TRUE(file);
  const Metadata& metadata = file->metadata();
  EXPECT_THAT(metadata.uint("general.architecture").error().message(),
              AllOf(HasSubstr("m.gguf"), HasSubstr("'general.architecture'"), HasSubstr("string"),
                    HasSubstr("integer")));
  EXPECT_THAT(metadata.uint("missing").error().message(),
              AllOf(HasSubstr("m.gguf"), HasSubstr("'missing'")));
  EXPECT_FALSE(metadata.uint("i8"));       // negative
  EXPECT_FALSE(metadata.integer("u64"));   // beyond int64
  EXPECT_FALSE(metadata.integers("big"));  // beyond int64
  EXPECT_FALSE(metadata.string("tokens"));
  EXPECT_FALSE(metadata.strings("ints"));
  EXPECT_FALSE(metadata.numbers("ints"));
  EXPECT_FALSE(metadata.boolean("u8"));
  EXPECT_FALSE((*metadata.optional_string("missing")).has_value());
  EXPECT_EQ(**metadata.optional_uint("u8"), 200U);
  EXPECT_FALSE(metadata.optional_number("tokens"));  // there, but of another type
}

TEST(GgufFile, EveryTruncationIsAnErrorThatNamesTheFile) {
  const GgufBytes whole = every_type();
  for (std::size_t size = 0; size < whole.bytes().size(); ++size) {
    // A copy of its own, so that the sanitizer sees a read past the end.
    const std::vector<std::byte> cut(whole.bytes().begin(), whole.bytes().begin() + size);
    const auto file = GgufFile::parse(cut, "cut.gguf");
    ASSERT_FALSE(file) << size;
    EXPECT_EQ(file.error().kind(), ErrorKind::malformed);
    EXPECT_THAT(file.error().message(), HasSubstr("cut.gguf: byte ")) << size;
  }
}

TEST(GgufFile, AnyCorruptedByteIsReadOrRefusedWithoutHarm) {
  const GgufBytes whole = every_type();
  std::vector<std::byte> bytes(whole.bytes().begin(), whole.bytes().end());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const std::byte original = bytes[i];
    for (const int value : {0x00, 0x01, 0x7F, 0x80, 0xFF}) {
      bytes[i] = static_cast<std::byte>(value);
      const auto file = GgufFile::parse(bytes, "bad.gguf");
      if (!file) continue;
      for (const GgufTensor& tensor : file->tensors()) {
        ASSERT_LE(tensor.offset + tensor.bytes, bytes.size());
      }
    }
    bytes[i] = original;
  }
}

TEST(GgufFile, OtherFormatsVersionsAndByteOrdersAreNamed) {
  std::vector<std::byte> json(64, std::byte{'{'});
  EXPECT_THAT(GgufFile::parse(json, "m.json").error().message(),
              HasSubstr("does not begin with \"GGUF\""));
  EXPECT_THAT(error_of(GgufBytes(0, 0, 1)), HasSubstr("GGUF version 1 is not supported"));
  EXPECT_THAT(error_of(GgufBytes(0, 0, 4)), HasSubstr("GGUF version 4 is not supported"));
  EXPECT_THAT(error_of(GgufBytes(0, 0, 0x03000000)), HasSubstr("big-endian"));
  EXPECT_EQ(error_of(GgufBytes(0, 0, 2)), "");
}

TEST(GgufFile, HugeCountsAreRefusedBeforeMemoryIsSpent) {
  EXPECT_THAT(error_of(GgufBytes(std::numeric_limits<std::uint64_t>::max(), 0)),
              HasSubstr("tensors"));
  EXPECT_THAT(error_of(GgufBytes(0, 1ull << 60)), HasSubstr("metadata keys"));
  EXPECT_THAT(
      error_of(GgufBytes(0, 1).string("k").number<std::uint32_t>(9).number<std::uint32_t>(8).number(
          std::uint64_t{1} << 24)),
      HasSubstr("the array 'k'"));
  EXPECT_THAT(error_of(GgufBytes(0, 1).array("k", ValueType::f64, 1ull << 61)),
              HasSubstr("elements, more than"));
  EXPECT_THAT(error_of(GgufBytes(0, 1).number(~0ull).zeros(64)), HasSubstr("metadata key 0"));
}

TEST(GgufFile, DuplicatesNestingAndUnknownTypesAreNamed) {
  GgufBytes keys(0, 2);
  keys.key("twin", ValueType::u8).number<std::uint8_t>(1);
  keys.key("twin", ValueType::u8).number<std::uint8_t>(2);
  EXPECT_THAT(error_of(keys), HasSubstr("'twin' stands twice"));
  GgufBytes nested(0, 1);
  nested.array("deep", ValueType::array, 1).zeros(32);
  EXPECT_THAT(error_of(nested), HasSubstr("array of arrays"));
  GgufBytes unknown(0, 1);
  unknown.string("odd").number<std::uint32_t>(13).zeros(32);
  EXPECT_THAT(error_of(unknown), HasSubstr("unknown value type 13"));
  GgufBytes neither(0, 1);
  neither.key("maybe", ValueType::boolean).number<std::uint8_t>(2).zeros(8);
  EXPECT_THAT(error_of(neither), HasSubstr("neither true nor false"));
}

// A file with one tensor as given and `data` bytes behind the table.
GgufBytes one_tensor(const std::vector<std::uint64_t>& shape, std::uint32_t type,
                     std::uint64_t offset, std::size_t data) {
  GgufBytes file(1, 0);
  file.tensor("t", shape, type, offset).align(32).zeros(data);
  return file;
}

TEST(GgufFile, ImpossibleTensorsAreNamed) {
  EXPECT_EQ(error_of(one_tensor({4, 2}, 0, 0, 32)), "");
  EXPECT_THAT(error_of(one_tensor({4, 2}, 0, 0, 31)), HasSubstr("runs past the end"));
  EXPECT_THAT(error_of(one_tensor({4, 2}, 0, 32, 32)), HasSubstr("runs past the end"));
  EXPECT_THAT(error_of(one_tensor({4, 2}, 0, 8, 64)), HasSubstr("no multiple of the alignment"));
  EXPECT_THAT(error_of(one_tensor({4, 2}, 0, ~31ull, 64)), HasSubstr("runs past the end"));
  EXPECT_THAT(error_of(one_tensor({4, 0}, 0, 0, 64)), HasSubstr("impossible size"));
  EXPECT_THAT(error_of(one_tensor({1ull << 32, 1ull << 32}, 0, 0, 64)),
              HasSubstr("impossible size"));
  EXPECT_THAT(error_of(one_tensor({1ull << 62}, 0, 0, 64)), HasSubstr("impossible size"));
  EXPECT_THAT(error_of(one_tensor({33}, 8, 0, 64)), HasSubstr("no multiple of 32"));
  EXPECT_THAT(error_of(one_tensor({32}, 4, 0, 64)), HasSubstr("unknown type number 4"));
  EXPECT_THAT(error_of(one_tensor({32}, 1'000, 0, 64)), HasSubstr("unknown type number 1000"));
  EXPECT_THAT(error_of(one_tensor({}, 0, 0, 64)), HasSubstr("0 dimensions"));
  EXPECT_THAT(error_of(one_tensor({1, 1, 1, 1, 1}, 0, 0, 64)), HasSubstr("5 dimensions"));
}

TEST(GgufFile, EveryBlockFormatIsHeldToWholeBlocksAndItsSize) {
  for (const tensor::DTypeInfo& info : tensor::dtypes()) {
    SCOPED_TRACE(info.name);
    const auto type = static_cast<std::uint32_t>(info.type);
    const std::uint64_t cols = 2ull * info.block_elements;
    const std::size_t bytes = 3ull * 2 * info.block_bytes;  // of 3 rows
    EXPECT_EQ(error_of(one_tensor({cols, 3}, type, 0, bytes)), "");
    EXPECT_THAT(error_of(one_tensor({cols, 3}, type, 0, bytes - 1)),
                AllOf(HasSubstr("tensor 't' (" + std::to_string(bytes) + " bytes"),
                      HasSubstr("runs past the end")));
    if (info.block_elements == 1) continue;
    EXPECT_THAT(error_of(one_tensor({cols - 1, 3}, type, 0, bytes)),
                AllOf(HasSubstr("of type " + std::string(info.name) + " has rows of " +
                                std::to_string(cols - 1) + " elements"),
                      HasSubstr("no multiple of " + std::to_string(info.block_elements))));
    // Half a block a row: whole blocks in all, yet none a row's own.
    EXPECT_THAT(error_of(one_tensor({info.block_elements / 2, 4}, type, 0, bytes)),
                HasSubstr("no multiple of"));
  }
}

TEST(GgufFile, TensorsMayNotOverlapOrRepeat) {
  GgufBytes twice(2, 0);
  twice.tensor("t", {8}, 0, 0).tensor("t", {8}, 0, 32).align(32).zeros(64);
  EXPECT_THAT(error_of(twice), HasSubstr("'t' stands twice"));
  GgufBytes overlap(2, 0);
  overlap.tensor("a", {16}, 0, 0).tensor("b", {8}, 0, 32).align(32).zeros(64);
  EXPECT_THAT(error_of(overlap), HasSubstr("'b' lies inside tensor 'a'"));
}

TEST(GgufFile, AlignmentIsAPowerOfTwoOrRefused) {
  for (const std::uint32_t alignment : {0U, 4U, 24U, 1U << 21}) {
    GgufBytes file(0, 1);
    file.key("general.alignment", ValueType::u32).number(alignment);
    EXPECT_THAT(error_of(file), HasSubstr("general.alignment")) << alignment;
  }
  GgufBytes wide(1, 1);
  wide.key("general.alignment", ValueType::u32).number<std::uint32_t>(128);
  wide.tensor("t", {8}, 0, 0).align(128).zeros(32);
  const auto file = GgufFile::parse(wide.bytes(), "m.gguf");
  ASSERT_TRUE(file) << file.error().message();
  EXPECT_EQ(file->tensors()[0].offset % 128, 0U);
}

TEST(GgufFile, OpenMapsAFileAndNamesOneThatItCannot) {
  const std::string path = ::testing::TempDir() + "retort_open_test.gguf";
  const GgufBytes bytes = every_type();
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.bytes().data()),
             static_cast<std::streamsize>(bytes.bytes().size()));
  auto opened = GgufFile::open(path);
  ASSERT_TRUE(opened) << opened.error().message();
  const GgufFile file = std::move(*opened);  // views survive a move
  EXPECT_EQ(*file.metadata().string("general.architecture"), "llama");
  EXPECT_NE(file.find_tensor("norm.weight"), nullptr);
  const auto missing = GgufFile::open(path + ".missing");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind(), ErrorKind::io);
  EXPECT_THAT(missing.error().message(), HasSubstr(".missing"));
  EXPECT_THAT(GgufFile::open(::testing::TempDir()).error().message(),
              HasSubstr("not a regular file"));
}

}  // namespace
}  // namespace retort::gguf
