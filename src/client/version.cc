#include <retort/version.h>

#define RETORT_TEXT_OF_(number) #number
#define RETORT_TEXT_(number) RETORT_TEXT_OF_(number)

namespace retort {

std::string_view version() noexcept {
  return RETORT_TEXT_(RETORT_VERSION_MAJOR) "." RETORT_TEXT_(RETORT_VERSION_MINOR) "." RETORT_TEXT_(
      RETORT_VERSION_PATCH);
}

}  // namespace retort
