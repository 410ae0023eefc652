#include "base/mapped_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <numeric>
#include <string>

namespace retort::base {
namespace {

constexpr std::size_t kBytes = 8 << 20;

std::size_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::size_t all = 0;
  std::size_t resident = 0;
  statm >> all >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

std::uint64_t sum_of(std::span<const std::byte> bytes) {
  return std::accumulate(bytes.begin(), bytes.end(), std::uint64_t{0},
                         [](std::uint64_t sum, std::byte each) {
                           return sum * 31 + static_cast<std::uint64_t>(each);
                         });
}

TEST(MappedFile, ReleasedPagesTakeNoMemoryAndAreReadAgain) {
  const std::string path = ::testing::TempDir() + "retort_mapped_file";
  std::string text(kBytes, '\0');
  for (std::size_t i = 0; i < kBytes; ++i) text[i] = static_cast<char>(i * 7 >> 3);
  std::ofstream(path, std::ios::binary) << text;
  const auto file = MappedFile::open(path);
  ASSERT_TRUE(file) << file.error().message();
  const std::uint64_t sum = sum_of(file->bytes());
  const std::size_t before = resident_bytes();
  MappedFile::release_pages(file->bytes().subspan(100, kBytes - 5'000));
  EXPECT_LT(resident_bytes() + kBytes / 2, before);
  EXPECT_EQ(sum_of(file->bytes()), sum);
  // Less than a page has none to give.
  MappedFile::release_pages(file->bytes().subspan(10, 100));
  MappedFile::release_pages({});
  EXPECT_EQ(file->bytes()[50], static_cast<std::byte>(text[50]));
}

}  // namespace
}  // namespace retort::base
