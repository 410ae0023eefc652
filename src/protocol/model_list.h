// The answers of GET /v1/models and GET /v1/models/{id}.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <retort/chat.h>
#include <retort/result.h>

namespace retort::protocol {

// {"object":"list","data":[...]}, each with id, object, created and owned_by. Thread-safe.
std::string model_list_body(std::span<const ModelInfo> models);

// {"id","object":"model","created","owned_by"}
std::string model_body(const ModelInfo& model);

// The list that a service answered; a model's missing members are empty, but for its id. An error
// is ErrorKind::malformed.
Result<std::vector<ModelInfo>> read_model_list(std::string_view json);

// One model, in the same way.
Result<ModelInfo> read_model(std::string_view json);

}  // namespace retort::protocol
