// The registry of model families. See architecture.h.
#include "model/architecture.h"

#include <array>

namespace retort::model {
namespace {

constexpr std::array<const Architecture*, 1> kArchitectures = {&kLlama};

}  // namespace

Result<const Architecture*> find_architecture(std::string_view name, const std::string& file) {
  std::string known;
  for (const Architecture* architecture : kArchitectures) {
    if (architecture->name == name) return architecture;
    if (!known.empty()) known += ", ";
    known += architecture->name;
  }
  return Error(ErrorKind::malformed, file + ": the architecture '" + std::string(name) +
                                         "' is not supported; supported: " + known);
}

}  // namespace retort::model
