#include "config.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include "config_file.h"

namespace retort {
namespace {

using Flags = std::vector<std::pair<std::string, std::string>>;

// A file in a folder of its own that goes when the test ends.
class File {
 public:
  explicit File(const std::string& text) {
    std::string pattern = (std::filesystem::temp_directory_path() / "retort-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    path_ = folder_ / "file";
    std::ofstream(path_) << text;
  }
  ~File() { std::filesystem::remove_all(folder_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path folder_;
  std::filesystem::path path_;
};

Result<Config> read(const Flags& flags, const std::map<std::string, std::string>& variables = {}) {
  return read_config(flags, [variables](const std::string& name) -> std::optional<std::string> {
    const auto it = variables.find(name);
    if (it == variables.end()) return std::nullopt;
    return it->second;
  });
}

std::string message_of(const Result<Config>& result) {
  return result ? "no error" : result.error().message();
}

TEST(Config, DefaultsServeLoopbackWithoutKeys) {
  const Result<Config> config = read({});
  ASSERT_TRUE(config) << message_of(config);
  EXPECT_EQ(config->host, "127.0.0.1");
  EXPECT_EQ(config->port, 8080);
  EXPECT_TRUE(config->models.empty());
  EXPECT_TRUE(config->api_keys.empty());
}

TEST(Config, TheDataFolderIsTheFlagsOrThatOfTheDesktopOrInTheHomeFolder) {
  EXPECT_EQ(read({{"data-dir", "/d"}}, {{"XDG_DATA_HOME", "/x"}})->data_dir, "/d");
  EXPECT_EQ(read({}, {{"XDG_DATA_HOME", "/x"}, {"HOME", "/h"}})->data_dir, "/x/retort");
  EXPECT_EQ(read({}, {{"XDG_DATA_HOME", "x"}, {"HOME", "/h"}})->data_dir, "/h/.local/share/retort");
  EXPECT_TRUE(read({})->data_dir.empty());
}

TEST(Config, TheHubIsTheFlagsOrThatOfOtherPrograms) {
  const std::map<std::string, std::string> variables = {{"HF_ENDPOINT", "http://mirror"}};
  EXPECT_EQ(read({{"hub", "http://mine"}}, variables)->hub, "http://mine");
  EXPECT_EQ(read({}, variables)->hub, "http://mirror");
  EXPECT_EQ(read({})->hub, "https://huggingface.co");
}

TEST(Config, AFlagBeatsTheEnvironmentWhichBeatsTheFile) {
  const File file("port = 1\nthreads = 1\nmax_batch = 1\n");
  const Result<Config> config = read({{"config", file.path()}, {"port", "3"}},
                                     {{"RETORT_PORT", "2"}, {"RETORT_THREADS", "2"}});
  ASSERT_TRUE(config) << message_of(config);
  EXPECT_EQ(config->port, 3);
  EXPECT_EQ(config->threads, 2);
  EXPECT_EQ(config->max_batch, 1);
}

TEST(Config, ListsOfAHigherSourceReplaceTheLowerOnes) {
  const File file("api_key = [\"a\", \"b\"]\n");
  const Result<Config> from_file = read({{"config", file.path()}});
  ASSERT_TRUE(from_file) << message_of(from_file);
  EXPECT_EQ(from_file->api_keys, (std::vector<std::string>{"a", "b"}));
  const Result<Config> from_environment =
      read({{"config", file.path()}}, {{"RETORT_API_KEYS", "c,d,e"}});
  EXPECT_EQ(from_environment->api_keys, (std::vector<std::string>{"c", "d", "e"}));
  const Result<Config> from_flags =
      read({{"config", file.path()}, {"api-key", "f"}}, {{"RETORT_API_KEYS", "c,d,e"}});
  EXPECT_EQ(from_flags->api_keys, std::vector<std::string>{"f"});
}

TEST(Config, KeyFilesAddToTheKeys) {
  const File keys("# ours\nalpha\n\n  beta \r\n");
  const Result<Config> config = read({{"api-key", "gamma"}, {"api-key-file", keys.path()}});
  ASSERT_TRUE(config) << message_of(config);
  EXPECT_EQ(config->api_keys, (std::vector<std::string>{"gamma", "alpha", "beta"}));
  EXPECT_NE(message_of(read({{"api-key-file", "/nowhere/keys"}})).find("/nowhere/keys"),
            std::string::npos);
}

TEST(Config, RefusesToServeAnybodyBeyondLoopback) {
  EXPECT_NE(message_of(read({{"host", "0.0.0.0"}})).find("--api-key"), std::string::npos);
  EXPECT_TRUE(read({{"host", "0.0.0.0"}, {"api-key", "k"}}));
  EXPECT_TRUE(read({{"host", "::1"}}));
}

TEST(Config, NamesTheSettingAndItsSourceInEveryError) {
  const std::pair<Flags, const char*> cases[] = {{{{"port", "70000"}}, "--port"},
                                                 {{{"port", "x"}}, "--port"},
                                                 {{{"threads", "0"}}, "--threads"},
                                                 {{{"alias", "name"}}, "--alias"},
                                                 {{{"kv-memory", "lots"}}, "--kv-memory"},
                                                 {{{"model-memory", "0"}}, "--model-memory"},
                                                 {{{"model-idle", "never"}}, "--model-idle"},
                                                 {{{"model-load", "soon"}}, "eager or lazy"},
                                                 {{{"speculation", "on"}}, "off, lookup or auto"},
                                                 {{{"kv-type", "q4"}}, "auto, f16, q8_0 or f32"},
                                                 {{{"tls-cert", "c.pem"}}, "--tls-key"},
                                                 {{{"config", "/nowhere.toml"}}, "/nowhere.toml"}};
  for (const auto& [flags, wanted] : cases) {
    const std::string message = message_of(read(flags));
    EXPECT_NE(message.find(wanted), std::string::npos) << message;
  }
  EXPECT_NE(message_of(read({}, {{"RETORT_PORT", "x"}})).find("RETORT_PORT"), std::string::npos);
}

TEST(Config, ADraftModelIsRefusedWhereNobodyWouldAskIt) {
  const Result<Config> asked = read({{"draft-model", "d.gguf"}, {"speculation", "auto"}});
  ASSERT_TRUE(asked) << message_of(asked);
  EXPECT_EQ(asked->draft_model, "d.gguf");
  EXPECT_EQ(asked->speculation, SpeculationSetting::automatic);
  const File file("speculation = \"lookup\"\n[[models]]\npath = \"a\"\ndraft_model = \"b\"\n");
  for (const Result<Config>& config : {read({{"draft-model", "d.gguf"}, {"speculation", "off"}}),
                                       read({{"config", file.path()}})}) {
    EXPECT_NE(message_of(config).find("--speculation auto"), std::string::npos);
  }
}

TEST(Config, ReadsModelsAndLimitsFromTheFile) {
  const File file(
      "[[models]]\npath = \"a.gguf\"\nid = \"a\"\naliases = [\"x\", \"y\"]\ncontext = 100\n"
      "draft_model = \"b.gguf\"\n"
      "[limits]\nbody_bytes_max = 1000\n");
  const Result<Config> config = read({{"config", file.path()}});
  ASSERT_TRUE(config) << message_of(config);
  ASSERT_EQ(config->models.size(), 1u);
  EXPECT_EQ(config->models[0].id, "a");
  EXPECT_EQ(config->models[0].aliases, (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(config->models[0].context, 100);
  EXPECT_EQ(config->models[0].draft_model, "b.gguf");
  EXPECT_EQ(config->limits.body_bytes_max, 1000);
}

TEST(Config, ReadsWhenModelsAreLoadedAndUnloaded) {
  const Result<Config> unset = read({});
  ASSERT_TRUE(unset) << message_of(unset);
  EXPECT_FALSE(unset->model_load || unset->model_memory || unset->model_idle);
  const File file(
      "model_load = \"eager\"\nmodel_memory = \"2GiB\"\nmodel_idle = 60\n"
      "[limits]\nload_timeout_ms = 5\n");
  const Result<Config> config = read({{"config", file.path()}, {"model-load", "lazy"}});
  ASSERT_TRUE(config) << message_of(config);
  EXPECT_EQ(config->model_load, ModelLoad::lazy);
  EXPECT_EQ(config->model_memory, std::int64_t{2} << 30);
  EXPECT_EQ(config->model_idle, 60);
  EXPECT_EQ(config->limits.load_timeout_ms, 5);
}

TEST(Config, NamesUnknownKeysOfTheFileWithTheirLine) {
  for (const char* text : {"prot = 1\n", "[limits]\nbody = 1\n", "[[models]]\nfile = \"a\"\n",
                           "[[models]]\ncontext = -1\n", "port = [[1]]\n", "models = 3\n",
                           "port = \n", "port = 1\nport = 2\n"}) {
    const File file(text);
    const std::string message = message_of(read({{"config", file.path()}}));
    EXPECT_NE(message.find(file.path() + ":"), std::string::npos) << text << " -> " << message;
  }
}

TEST(Config, ReadsSizes) {
  EXPECT_EQ(*parse_size("4096"), 4096);
  EXPECT_EQ(*parse_size("512KiB"), 512 << 10);
  EXPECT_EQ(*parse_size("64M"), 64 << 20);
  EXPECT_EQ(*parse_size("2GB"), std::int64_t{2} << 30);
  for (const char* bad : {"", "0", "-1", "1.5G", "G", "5X", "9999999999999T", "4 G"}) {
    EXPECT_FALSE(parse_size(bad)) << bad;
  }
}

}  // namespace
}  // namespace retort
