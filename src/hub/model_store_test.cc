#include "hub/model_store.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

namespace retort::hub {
namespace {

namespace fs = std::filesystem;

class ModelStoreTest : public ::testing::Test {
 protected:
  ModelStoreTest() {
    std::string pattern = (fs::temp_directory_path() / "retort-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~ModelStoreTest() override { fs::remove_all(folder_); }

  static PulledModel model(const std::string& quant) {
    const std::string file = "sub/m-" + quant + ".gguf";
    return {.id = "own/repo",
            .quant = quant,
            .entry = file,
            .hub = "http://hub \"x\"",
            .commit = std::string(40, 'c'),
            .pulled_at = 7,
            .files = {{.path = file, .bytes = 3, .checksum = std::string(64, 'a')}}};
  }
  void add(const PulledModel& model) const {
    for (const HubFile& file : model.files) {
      const fs::path path = store().folder(model.id) / file.path;
      fs::create_directories(path.parent_path());
      std::ofstream(path) << std::string(file.bytes, 'x');
    }
    const Result<void> recorded = store().record(model);
    ASSERT_TRUE(recorded) << recorded.error().message();
  }
  ModelStore store() const { return ModelStore(folder_); }

  fs::path folder_;
};

TEST_F(ModelStoreTest, ARecordReadsBack) {
  const PulledModel written = model("Q4_0");
  const Result<PulledModel> read = read_record(write_record(written));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->files, written.files);
  EXPECT_EQ(write_record(*read), write_record(written));
}

TEST_F(ModelStoreTest, ARecordThatWasCutOrEditedIsNone) {
  const std::string whole = write_record(model("Q4_0"));
  for (std::size_t bytes = 0; bytes + 2 < whole.size(); ++bytes) {
    EXPECT_FALSE(read_record(whole.substr(0, bytes)));
  }
  PulledModel outside = model("Q4_0");
  outside.entry = "../x";
  EXPECT_FALSE(read_record(write_record(outside)));
  outside = model("Q4_0");
  outside.id = "../..";
  EXPECT_FALSE(read_record(write_record(outside)));
}

TEST_F(ModelStoreTest, ListsTheModelsWhoseFilesAreThere) {
  EXPECT_TRUE(store().list().empty());
  add(model("Q8_0"));
  add(model("Q4_K_M"));
  ASSERT_EQ(store().list().size(), 2u);
  EXPECT_EQ(store().list()[0].name(), "own/repo:Q4_K_M");
  EXPECT_EQ(store().path(store().list()[1]), folder_ / "models/own/repo/sub/m-Q8_0.gguf");
  fs::resize_file(store().path(model("Q8_0")), 2);
  EXPECT_EQ(store().list().size(), 1u);
  store().forget(model("Q4_K_M"));
  EXPECT_TRUE(store().list().empty());
}

TEST_F(ModelStoreTest, FindsWhatANameMeansAmongThem) {
  const HubName any{.owner = "own", .repo = "repo", .wanted = {}};
  EXPECT_FALSE(store().find(any));
  add(model("Q8_0"));
  EXPECT_EQ(store().find(any)->quant, "Q8_0");
  add(model("Q4_K_M"));
  EXPECT_EQ(store().find(any)->quant, "Q4_K_M");
  EXPECT_EQ(store().find({.owner = "own", .repo = "repo", .wanted = "q8_0"})->quant, "Q8_0");
  EXPECT_FALSE(store().find({.owner = "own", .repo = "repo", .wanted = "F16"}));
}

TEST_F(ModelStoreTest, KeepsModelsWhoseNamesAreLongerThanAFilesMayBe) {
  std::string folder;
  for (int i = 0; i < 60; ++i) folder += "\xE6\xA8\xA1";  // three bytes, nine when escaped
  PulledModel first = model("Q8_0");
  first.entry = first.files[0].path = folder + "/" + folder + "/a-Q8_0.gguf";
  PulledModel second = model("Q4_0");
  second.entry = second.files[0].path = folder + "/" + folder + "/b-Q4_0.gguf";
  add(first);
  add(second);
  ASSERT_EQ(store().list().size(), 2u);
  EXPECT_EQ(store().find({.owner = "own", .repo = "repo", .wanted = "Q4_0"})->entry, second.entry);
  store().forget(second);
  EXPECT_EQ(store().list().size(), 1u);
}

TEST_F(ModelStoreTest, SaysThatARecordCannotBeWritten) {
  std::ofstream(folder_ / "models") << "a file";
  EXPECT_FALSE(store().record(model("Q8_0")));
}

}  // namespace
}  // namespace retort::hub
