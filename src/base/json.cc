// Json::parse: the check behind the public type.
#include <retort/json.h>

#include "base/json_reader.h"

namespace retort {

Result<Json> Json::parse(std::string_view text) {
  if (Result<void> checked = base::check_json(text); !checked) return std::move(checked).error();
  return Json(std::string(text));
}

}  // namespace retort
