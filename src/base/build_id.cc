#include "base/build_id.h"

#include <elf.h>
#include <link.h>

#include <cstdint>
#include <cstring>
#include <span>

#include "base/crypto.h"

namespace retort::base {
namespace {

// The note of type NT_GNU_BUILD_ID in one segment of notes; the layout is that of elf(5).
std::string find_build_note(const char* notes, std::size_t bytes) {
  constexpr std::size_t kAlign = 4;
  while (bytes >= sizeof(ElfW(Nhdr))) {
    ElfW(Nhdr) header;
    std::memcpy(&header, notes, sizeof(header));
    const std::size_t name_bytes = (header.n_namesz + kAlign - 1) / kAlign * kAlign;
    const std::size_t value_bytes = (header.n_descsz + kAlign - 1) / kAlign * kAlign;
    const char* name = notes + sizeof(header);
    if (header.n_type == NT_GNU_BUILD_ID && header.n_namesz == 4 &&
        std::memcmp(name, "GNU", 4) == 0) {
      const auto* value = reinterpret_cast<const std::uint8_t*>(name + name_bytes);
      return to_hex(std::span(value, header.n_descsz));
    }
    const std::size_t step = sizeof(header) + name_bytes + value_bytes;
    if (step > bytes) break;
    notes += step;
    bytes -= step;
  }
  return {};
}

// Called for each loaded object; the first is the program itself.
int read_program(dl_phdr_info* info, std::size_t, void* out) {
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = info->dlpi_phdr[i];
    if (segment.p_type != PT_NOTE) continue;
    // NOLINTNEXTLINE(performance-no-int-to-ptr): the loader gives addresses as numbers
    const auto* notes = reinterpret_cast<const char*>(info->dlpi_addr + segment.p_vaddr);
    std::string id = find_build_note(notes, segment.p_memsz);
    if (id.empty()) continue;
    *static_cast<std::string*>(out) = std::move(id);
    break;
  }
  return 1;  // stop: the libraries behind it are not asked
}

}  // namespace

std::string build_id() {
  std::string id;
  dl_iterate_phdr(read_program, &id);
  return id.empty() ? version() + " " + __VERSION__ : id;
}

std::string version() {
  return RETORT_VERSION;
}

}  // namespace retort::base
