// See memory_plan.h.
#include "provider/memory_plan.h"

#include <unistd.h>

#include <algorithm>

#include "engine/page_pool.h"

namespace retort::provider {

std::int64_t machine_memory_bytes() {
  const long pages = sysconf(_SC_PHYS_PAGES);
  const long page_bytes = sysconf(_SC_PAGE_SIZE);
  if (pages <= 0 || page_bytes <= 0) return std::int64_t{4} << 30;
  return std::int64_t{pages} * page_bytes;
}

Result<MemoryPlan> plan_memory(const model::ModelConfig& config, const model::ModelConfig* draft,
                               const LocalModelOptions& options, const std::string& id) {
  MemoryPlan plan;
  plan.kv_type = options.kv_type.value_or(model::default_kv_type(config));
  std::size_t both = model::KvCache::page_bytes(config, plan.kv_type);
  if (draft != nullptr) both += model::KvCache::page_bytes(*draft, model::default_kv_type(*draft));
  const auto page_bytes = static_cast<std::int64_t>(both);
  const std::int64_t unasked =
      options.kv_bytes_unasked > 0 ? options.kv_bytes_unasked : machine_memory_bytes() / 4;
  const std::int64_t pages_max = options.kv_bytes.value_or(unasked) / page_bytes;
  plan.context = options.context.value_or(config.context);
  if (plan.context > config.context) {
    return Error(ErrorKind::config, "--context " + std::to_string(plan.context) +
                                        " is more than the " + std::to_string(config.context) +
                                        " tokens that " + id + " was made for")
        .with_param("context");
  }
  if (!options.context && !options.kv_bytes && pages_max * model::kPageTokens < plan.context) {
    plan.context = pages_max * model::kPageTokens;
    plan.context_is_cut = true;
  }
  const auto context_pages = static_cast<std::int64_t>(
      engine::PagePool::pages_for(static_cast<std::size_t>(plan.context)));
  const std::int64_t pages =
      options.kv_bytes
          ? pages_max
          : std::min(pages_max,
                     context_pages * static_cast<std::int64_t>(options.batch_sequences_max));
  // Else a model that is loaded when it is first asked for would fail only then.
  if (const std::int64_t needed = std::max<std::int64_t>(context_pages, 1); pages < needed) {
    return Error(ErrorKind::config,
                 id + ": the memory for keys and values holds " +
                     std::to_string(pages * model::kPageTokens) +
                     " tokens, less than the context of " + std::to_string(plan.context) +
                     "; give --kv-memory at least " + std::to_string(needed * page_bytes) +
                     " bytes, or a smaller --context")
        .with_param("kv_memory");
  }
  plan.kv_pages = static_cast<std::size_t>(pages);
  plan.kv_bytes = pages * page_bytes;
  return plan;
}

}  // namespace retort::provider
