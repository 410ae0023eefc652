#include "api/openapi.h"

#include <string_view>

#include "api/request_fields.h"
#include "base/build_id.h"
#include "protocol/json_object.h"

namespace retort::api {
namespace {

using protocol::JsonObject;

constexpr std::string_view kSchemas[][2] = {
    {"Usage", R"({"type":"object","properties":{"prompt_tokens":{"type":"integer"},)"
              R"("completion_tokens":{"type":"integer"},"total_tokens":{"type":"integer"},)"
              R"("prompt_tokens_details":{"type":"object"},)"
              R"("completion_tokens_details":{"type":"object"}},)"
              R"("required":["prompt_tokens","completion_tokens","total_tokens"]})"},
    {"ChatCompletion",
     R"({"type":"object","properties":{"id":{"type":"string"},"object":{"const":"chat.completion"},)"
     R"("created":{"type":"integer"},"model":{"type":"string"},"choices":{"type":"array","items":)"
     R"({"type":"object","properties":{"index":{"type":"integer"},"message":{"type":"object"},)"
     R"("logprobs":{"type":["object","null"]},"finish_reason":{"type":"string"}},)"
     R"("required":["index","message","logprobs","finish_reason"]}},)"
     R"("usage":{"$ref":"#/components/schemas/Usage"},"service_tier":{"type":"string"},)"
     R"("system_fingerprint":{"type":"string"}},)"
     R"("required":["id","object","created","model","choices","usage"]})"},
    {"ChatCompletionChunk",
     R"({"type":"object","properties":{"id":{"type":"string"},)"
     R"("object":{"const":"chat.completion.chunk"},"created":{"type":"integer"},)"
     R"("model":{"type":"string"},"choices":{"type":"array","items":{"type":"object",)"
     R"("properties":{"index":{"type":"integer"},"delta":{"type":"object"},)"
     R"("logprobs":{"type":["object","null"]},"finish_reason":{"type":["string","null"]}},)"
     R"("required":["index","delta","finish_reason"]}},)"
     R"("usage":{"anyOf":[{"$ref":"#/components/schemas/Usage"},{"type":"null"}]}},)"
     R"("required":["id","object","created","model","choices"]})"},
    {"ModelList", R"({"type":"object","properties":{"object":{"const":"list"},)"
                  R"("data":{"type":"array","items":{"$ref":"#/components/schemas/Model"}}},)"
                  R"("required":["object","data"]})"},
    {"Model", R"({"type":"object","properties":{"id":{"type":"string"},"object":{"const":"model"},)"
              R"("created":{"type":"integer"},"owned_by":{"type":"string"}},)"
              R"("required":["id","object","created","owned_by"]})"},
    {"Error", R"({"type":"object","properties":{"error":{"type":"object","properties":)"
              R"({"message":{"type":"string"},"type":{"type":"string"},)"
              R"("param":{"type":["string","null"]},"code":{"type":["string","null"]}},)"
              R"("required":["message","type","param","code"]}},"required":["error"]})"},
};

// The answers of a path that has JSON, by the name of its schema.
std::string answers(std::string_view schema, bool streams) {
  std::string media = R"({"application/json":{"schema":{"$ref":"#/components/schemas/)" +
                      std::string(schema) + "\"}}";
  if (streams) {
    media +=
        R"(,"text/event-stream":{"schema":{"$ref":"#/components/schemas/ChatCompletionChunk"}})";
  }
  return R"({"200":{"description":"The answer.","content":)" + media +
         R"(}},"default":{"description":"A refusal or a failure.","content":)"
         R"({"application/json":{"schema":{"$ref":"#/components/schemas/Error"}}}}})";
}

void write_chat_path(std::string& out, std::string_view id) {
  JsonObject path(out);
  JsonObject post(path.key("post"));
  post.string("operationId", id);
  post.string("summary", "Answers a conversation, at once or as a stream.");
  post.key("security") += R"([{"key":[]},{}])";
  post.key("requestBody") += R"({"required":true,"content":{"application/json":{"schema":)"
                             R"({"$ref":"#/components/schemas/ChatCompletionRequest"}}}})";
  post.key("responses") += answers("ChatCompletion", /*streams=*/true);
}

struct GetPath {
  std::string_view path, id, summary, schema;  // no schema: text or a word
};
constexpr GetPath kGetPaths[] = {
    {"/v1/models", "listModels", "The models and aliases that are served.", "ModelList"},
    {"/v1/models/{id}", "showModel", "One of them.", "Model"},
    {"/health", "health", "Whether requests are taken.", ""},
    {"/health/live", "healthLive", "Whether the process answers.", ""},
    {"/health/ready", "healthReady", "Whether requests are taken.", ""},
    {"/metrics", "metrics", "Counters, in Prometheus' text format.", ""},
    {"/openapi.json", "openapi", "This document.", ""},
};

void write_get_path(std::string& out, const GetPath& row) {
  JsonObject path(out);
  JsonObject get(path.key("get"));
  get.string("operationId", row.id);
  get.string("summary", row.summary);
  if (row.path.ends_with("{id}")) {
    get.key("parameters") += R"([{"name":"id","in":"path","required":true,)"
                             R"("schema":{"type":"string"}}])";
  }
  if (!row.schema.empty()) get.key("security") += R"([{"key":[]},{}])";
  get.key("responses") += row.schema.empty() ? R"({"200":{"description":"The answer."}})"
                                             : answers(row.schema, /*streams=*/false);
}

void write_request_schema(std::string& out) {
  JsonObject schema(out);
  schema.string("type", "object");
  schema.key("required") += R"(["model","messages"])";
  schema.string("description",
                "null is as good as absent. Members that are not here are accepted and listed in "
                "the answer's x-retort-ignored.");
  JsonObject properties(schema.key("properties"));
  for (const RequestField& field : request_fields()) {
    if (field.schema.empty()) continue;
    std::string& property = properties.key(field.name);
    // The schema, with the notes as its description.
    property += field.schema.substr(0, field.schema.size() - 1);
    property += ",\"description\":";
    const std::string state = field.state == RequestField::State::refused    ? "Refused. "
                              : field.state == RequestField::State::accepted ? "No effect. "
                                                                             : "";
    base::append_json_string(property, state + std::string(field.notes));
    property += '}';
  }
}

void write_document(std::string& out) {
  JsonObject document(out);
  document.string("openapi", "3.1.0");
  {
    JsonObject info(document.key("info"));
    info.string("title", "Retort");
    info.string("version", base::version());
  }
  {
    JsonObject paths(document.key("paths"));
    write_chat_path(paths.key("/v1/chat/completions"), "createChatCompletion");
    write_chat_path(paths.key("/chat/completions"), "createChatCompletionAlias");
    write_chat_path(paths.key("/api/v1/chat/completions"), "createChatCompletionApiAlias");
    for (const GetPath& row : kGetPaths) write_get_path(paths.key(row.path), row);
  }
  {
    JsonObject components(document.key("components"));
    components.key("securitySchemes") += R"({"key":{"type":"http","scheme":"bearer"}})";
    JsonObject schemas(components.key("schemas"));
    write_request_schema(schemas.key("ChatCompletionRequest"));
    for (const auto& [name, schema] : kSchemas) schemas.key(name) += schema;
  }
}

}  // namespace

std::string openapi_document() {
  std::string out;
  write_document(out);
  return out;
}

base::Awaitable<> answer_openapi(http::Exchange& exchange) {
  (void)co_await exchange.respond({.status = 200,
                                   .headers = {{"content-type", "application/json"}},
                                   .body = openapi_document()});
}

}  // namespace retort::api
