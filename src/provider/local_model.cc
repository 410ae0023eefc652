#include "provider/local_model.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <utility>

#include "base/build_id.h"
#include "base/crypto.h"
#include "provider/bundled_model.h"

namespace retort::provider {
namespace {

namespace fs = std::filesystem;

std::int64_t file_time(const fs::path& path) {
  struct Clock : std::chrono::file_clock {};
  std::error_code error;
  const fs::file_time_type time = fs::last_write_time(path, error);
  if (error) return 0;
  const auto since = std::chrono::file_clock::to_sys(time).time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(since).count();
}

// A quarter of the machine's memory: the most that keys and values take unasked.
std::size_t default_kv_bytes() {
  const long pages = sysconf(_SC_PHYS_PAGES);
  const long page_bytes = sysconf(_SC_PAGE_SIZE);
  if (pages <= 0 || page_bytes <= 0) return std::size_t{1} << 30;
  return static_cast<std::size_t>(pages) * static_cast<std::size_t>(page_bytes) / 4;
}

std::string name_of(const LocalModelOptions& options, const model::ModelConfig& config) {
  if (!options.id.empty()) return options.id;
  if (options.path.empty()) return config.name;
  const fs::path path = options.path.lexically_normal();
  return path.has_filename() ? path.stem().string() : path.parent_path().filename().string();
}

std::string fingerprint_of(const model::Model& weights, const tensor::Kernels& kernels) {
  char hash[17];
  std::snprintf(hash, sizeof hash, "%016" PRIx64, weights.weights_hash());
  const std::string whole = std::string(hash) + "/" + base::build_id() + "/" +
                            std::string(kernels.name) + "/" + std::string(config_word(weights));
  return "fp_" + base::to_hex(base::sha256(whole)).substr(0, 16);
}

}  // namespace
}  // namespace retort::provider
