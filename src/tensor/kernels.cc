// See kernels.h.
#include "tensor/kernels.h"

#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include <array>
#include <string>

#include "tensor/kernels_by_class.h"
#include "tensor/packing.h"

namespace retort::tensor {
namespace {

constexpr std::array<std::string_view, 6> kClassNames = {"portable", "avx2",       "avxvnni",
                                                         "avx512",   "avx512vnni", "amx"};

// Linux lends a process the memory of AMX tiles only when asked to (arch_prctl, kernel 5.16).
bool may_use_tiles() {
#if defined(__linux__) && defined(__x86_64__)
  constexpr long kRequestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM
  constexpr long kTileData = 18;               // XFEATURE_XTILEDATA
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
#else
  return false;
#endif
}

// The tables that this processor can run, best last. Never changes once made.
struct Tables {
  std::array<Kernels, 6> kernels;
  std::array<KernelClass, 6> classes = {};
  std::size_t count = 0;

  Tables() {
    add(set_portable_kernels);
#if defined(__x86_64__)
    // The compiler's own run-time checks include whether the system saves the wide registers.
    const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                      __builtin_cpu_supports("f16c") && __builtin_cpu_supports("bmi2");
    const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") &&
                        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
                        __builtin_cpu_supports("avx512dq");
    if (avx2) add(set_avx2_kernels);
    if (avx2 && __builtin_cpu_supports("avxvnni")) add(set_avxvnni_kernels);
    if (avx512) add(set_avx512_kernels);
    const bool vnni = avx512 && __builtin_cpu_supports("avx512vnni");
    if (vnni) add(set_avx512vnni_kernels);
    if (vnni && __builtin_cpu_supports("amx-tile") && __builtin_cpu_supports("amx-int8") &&
        may_use_tiles()) {
      add(set_amx_kernels);
    }
#endif
  }

  void add(void (*set)(Kernels&)) {
    Kernels table;
    set(table);
    table.name = kernel_class_name(table.kernel_class);
    classes[count] = table.kernel_class;
    kernels[count++] = table;
  }
};

const Tables& tables() {
  static const Tables made;
  return made;
}

}  // namespace

bool takes_quantized(DType type) noexcept {
  return packing(type) != nullptr;
}

std::size_t attention_scratch(std::size_t head_dim, std::size_t queries) noexcept {
  const std::size_t stride = (head_dim + 15) / 16 * 16;
  return head_dim * kAttentionBlock + kAttentionBlock * stride + queries * (stride + 2) +
         4 * kAttentionBlock;
}

bool is_weight_type(DType type) noexcept {
  return tables().kernels[0].matmul(type) != nullptr;
}

std::string_view weight_type_names() noexcept {
  static const std::string names = [] {
    std::string list;
    for (const DTypeInfo& info : dtypes()) {
      if (!is_weight_type(info.type)) continue;
      if (!list.empty()) list += ", ";
      list += info.name;
    }
    return list;
  }();
  return names;
}

std::string_view kernel_class_name(KernelClass kernel_class) noexcept {
  return kClassNames[static_cast<std::size_t>(kernel_class)];
}

std::span<const KernelClass> available_kernel_classes() noexcept {
  return {tables().classes.data(), tables().count};
}

Result<const Kernels*> choose_kernels(std::string_view name) {
  const Tables& all = tables();
  if (name.empty()) return &all.kernels[all.count - 1];
  std::string here;
  for (std::size_t i = 0; i < all.count; ++i) {
    if (all.kernels[i].name == name) return &all.kernels[i];
    if (i > 0) here += ", ";
    here += all.kernels[i].name;
  }
  bool known = false;
  for (const std::string_view each : kClassNames) known = known || each == name;
  const std::string what =
      known ? "this processor lacks the kernel class '" : "there is no kernel class '";
  return Error(ErrorKind::config,
               "RETORT_CPU: " + what + std::string(name) + "'; this processor has " + here);
}

}  // namespace retort::tensor
