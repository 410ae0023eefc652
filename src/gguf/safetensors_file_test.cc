// Tests of the safetensors reader and of config.json on small texts, most of them wrong in one
// place.
#include "gguf/safetensors_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "gguf/json_config.h"

namespace retort::gguf {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::vector<std::byte> file_of(const std::string& header, std::size_t data) {
  std::vector<std::byte> bytes(8 + header.size() + data);
  const std::uint64_t size = header.size();
  std::memcpy(bytes.data(), &size, 8);
  std::memcpy(bytes.data() + 8, header.data(), header.size());
  return bytes;
}

const std::string kGood =
    R"({"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},)"
    R"("b":{"dtype":"BF16","shape":[4],"data_offsets":[24,32]}})";

std::string error_of(const std::string& header, std::size_t data = 32) {
  const auto bytes = file_of(header, data);
  const auto file = SafetensorsFile::parse(bytes, "m.safetensors");
  return file ? "" : file.error().message();
}

// The error for one tensor described by `text`.
std::string tensor_error(const std::string& text) {
  return error_of("{\"t\":" + text + "}");
}

TEST(SafetensorsFile, ReadsTypesShapesAndPlaces) {
  const auto bytes = file_of(kGood, 32);
  const auto file = SafetensorsFile::parse(bytes, "m.safetensors");
  ASSERT_TRUE(file) << file.error().message();
  ASSERT_EQ(file->tensors().size(), 2U);
  const SafetensorsTensor& b = file->tensors()[1];
  EXPECT_EQ(b.name, "b");
  EXPECT_EQ(b.type, tensor::DType::bf16);
  EXPECT_THAT(b.shape, ::testing::ElementsAre(4));
  EXPECT_EQ(b.bytes, 8U);
  EXPECT_EQ(b.data, bytes.data() + 8 + kGood.size() + 24);
}

TEST(SafetensorsFile, EveryTruncationIsAnErrorThatNamesTheFile) {
  const auto whole = file_of(kGood, 32);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const std::vector<std::byte> cut(whole.begin(), whole.begin() + size);
    const auto file = SafetensorsFile::parse(cut, "cut.safetensors");
    ASSERT_FALSE(file) << size;
    EXPECT_THAT(file.error().message(), HasSubstr("cut.safetensors: byte "));
  }
}

TEST(SafetensorsFile, HeadersThatAreNoTablesAreNamed) {
  std::vector<std::byte> huge(16, std::byte{0xFF});
  EXPECT_THAT(SafetensorsFile::parse(huge, "m").error().message(), HasSubstr("the header"));
  EXPECT_THAT(error_of("{\"a\": "), HasSubstr("no valid JSON"));
  EXPECT_THAT(error_of("[]"), HasSubstr("no JSON object"));
  EXPECT_THAT(error_of(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
                       R"("a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})"),
              HasSubstr("stands there twice"));
}

TEST(SafetensorsFile, ImpossibleTensorsAreNamed) {
  EXPECT_THAT(tensor_error("3"), HasSubstr("'t' is not described by an object"));
  EXPECT_THAT(tensor_error(R"({"shape":[1],"data_offsets":[0,4]})"), HasSubstr("no dtype"));
  EXPECT_THAT(tensor_error(R"({"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]})"),
              AllOf(HasSubstr("'F8_E4M3'"), HasSubstr("not supported")));
  EXPECT_THAT(tensor_error(R"({"dtype":"F32","shape":[-1],"data_offsets":[0,4]})"),
              HasSubstr("no valid shape"));
  EXPECT_THAT(tensor_error(R"({"dtype":"F32","shape":[1,1,1,1,1,1,1,1,1],"data_offsets":[0,4]})"),
              HasSubstr("no valid shape"));
  EXPECT_THAT(tensor_error(R"({"dtype":"F32","shape":[1],"data_offsets":[0]})"),
              HasSubstr("no valid data_offsets"));
  EXPECT_THAT(tensor_error(R"({"dtype":"F32","shape":[16],"data_offsets":[0,64]})"),
              HasSubstr("32 bytes of data"));
  EXPECT_THAT(tensor_error(R"({"dtype":"F32","shape":[1],"data_offsets":[8,4]})"),
              HasSubstr("[8, 4]"));
  EXPECT_THAT(tensor_error(R"({"dtype":"F32","shape":[2],"data_offsets":[0,4]})"),
              HasSubstr("does not fit its shape"));
  EXPECT_THAT(tensor_error(R"({"dtype":"F32","shape":[4294967296,4294967296],)"
                           R"("data_offsets":[0,4]})"),
              HasSubstr("impossible size"));
  EXPECT_THAT(tensor_error(R"({"dtype":"F32","shape":[0],"data_offsets":[0,0]})"),
              HasSubstr("impossible size"));
}

TEST(JsonConfig, ReadsByPathAndNamesWhatIsWrong) {
  const auto config = JsonConfig::parse(
      R"({"a":1,"b":{"c":"x","d":1.5,"n":null},"list":["first",true],"whole":1e5,"neg":-2})",
      "c.json");
  ASSERT_TRUE(config) << config.error().message();
  EXPECT_EQ(*config->uint("a"), 1U);
  EXPECT_EQ(*config->number("a"), 1.0);
  EXPECT_EQ(*config->string("b.c"), "x");
  EXPECT_EQ(*config->number("b.d"), 1.5);
  EXPECT_EQ(*config->string("list.0"), "first");
  EXPECT_TRUE(*config->boolean("list.1"));
  EXPECT_EQ(*config->uint("whole"), 100'000U);
  EXPECT_TRUE(config->has("b"));
  EXPECT_FALSE(config->has("b.n"));
  EXPECT_FALSE((*config->optional_string("b.n")).has_value());
  EXPECT_FALSE((*config->optional_uint("zzz")).has_value());
  EXPECT_THAT(config->uint("b.d").error().message(),
              AllOf(HasSubstr("c.json"), HasSubstr("'b.d'")));
  EXPECT_FALSE(config->uint("neg"));
  EXPECT_FALSE(config->boolean("a"));
  EXPECT_THAT(config->string("b").error().message(), HasSubstr("single value"));
  EXPECT_THAT(config->string("zzz").error().message(), HasSubstr("'zzz' is missing"));
  EXPECT_FALSE(JsonConfig::parse("[1]", "c.json"));
  EXPECT_FALSE(JsonConfig::parse("{", "c.json"));
}

}  // namespace
}  // namespace retort::gguf
