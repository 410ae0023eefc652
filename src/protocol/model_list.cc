// The model list, written and read.
#include "protocol/model_list.h"

#include <array>
#include <utility>

#include "base/json_writer.h"
#include "protocol/fields.h"

namespace retort::protocol {
namespace {

void append_model(std::string& out, const ModelInfo& model) {
  out += "{\"id\":";
  base::append_json_string(out, model.id);
  out += ",\"object\":\"model\",\"created\":";
  base::append_json_integer(out, model.created);
  out += ",\"owned_by\":";
  base::append_json_string(out, model.owned_by);
  for (const auto& [name, value] : model.extra) {
    out += ',';
    base::append_json_string(out, name);
    out += ':';
    out += value.text();
  }
  out += '}';
}

constexpr std::array<Field<ModelInfo>, 4> kModelFields = {{
    {"id", [](FieldReader& in, const JsonView& value, const Path& path,
              ModelInfo& out) { in.string(value, path, out.id); }},
    {"object", skip_field},
    {"created",
     [](FieldReader& in, const JsonView& value, const Path& path, ModelInfo& out) {
       std::optional<std::int64_t> created;
       in.integer(value, path, {}, created);
       out.created = created.value_or(0);
     }},
    {"owned_by", [](FieldReader& in, const JsonView& value, const Path& path,
                    ModelInfo& out) { in.string(value, path, out.owned_by); }},
}};

}  // namespace

std::string model_list_body(std::span<const ModelInfo> models) {
  std::string out = "{\"object\":\"list\",\"data\":[";
  for (std::size_t i = 0; i < models.size(); ++i) {
    if (i > 0) out += ',';
    append_model(out, models[i]);
  }
  return out + "]}";
}

std::string model_body(const ModelInfo& model) {
  std::string out;
  append_model(out, model);
  return out;
}

Result<std::vector<ModelInfo>> read_model_list(std::string_view json) {
  const Result<JsonView> view = JsonView::parse(json, {.kind = ErrorKind::malformed});
  if (!view) return view.error();
  FieldReader in;
  std::vector<ModelInfo> models;
  const Path body;
  const Path path(body, "data");
  in.require(*view, body, "data");
  const std::vector<JsonView> entries =
      in.failed() ? std::vector<JsonView>() : in.array(*view->find("data"), path);
  for (const JsonView& entry : entries) {
    const Path at(path, models.size());
    ModelInfo& model = models.emplace_back();
    if (!in.is_object(entry, at)) break;
    in.require(entry, at, "id");
    read_members<ModelInfo>(in, entry, at, kModelFields, model, &model.extra);
  }
  if (!in.failed()) return models;
  return Error(ErrorKind::malformed, "the model list cannot be read: " + in.take_error().message());
}

Result<ModelInfo> read_model(std::string_view json) {
  const Result<JsonView> view = JsonView::parse(json, {.kind = ErrorKind::malformed});
  if (!view) return view.error();
  FieldReader in;
  ModelInfo model;
  const Path body;
  if (in.is_object(*view, body)) {
    in.require(*view, body, "id");
    read_members<ModelInfo>(in, *view, body, kModelFields, model, &model.extra);
  }
  if (!in.failed()) return model;
  return Error(ErrorKind::malformed, "the model cannot be read: " + in.take_error().message());
}

}  // namespace retort::protocol
