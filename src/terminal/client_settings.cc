#include "terminal/client_settings.h"

namespace retort::terminal {

std::vector<cli::Flag> client_flags() {
  return {{"base-url", "URL", "the server (RETORT_BASE_URL, else http://127.0.0.1:8080)"},
          {"api-key", "KEY", "sent as a bearer token (RETORT_API_KEY)"},
          {"model", "ID", "the model to ask (default: the first that the server lists)"},
          {"system", "TEXT", "what the model is told first"}};
}

ClientOptions client_options(const cli::Arguments& arguments) {
  ClientOptions options;
  options.base_url = arguments.find("base-url").value_or("");
  options.api_key = arguments.find("api-key");
  options.retry = RetryPolicy::openai();
  return options;
}

Result<std::string> chosen_model(const Client& client, const cli::Arguments& arguments) {
  if (const auto model = arguments.find("model")) return *model;
  const Result<std::vector<ModelInfo>> models = client.try_models();
  if (!models) return models.error();
  if (models->empty()) {
    return Error(ErrorKind::config, "the server lists no model; name one with --model");
  }
  return models->front().id;
}

std::string complaint(const Error& error) {
  std::string line = error.message();
  if (!error.param().empty()) line += " (" + error.param() + ")";
  if (error.kind() == ErrorKind::connection) {
    line += "; is a server running there? `retort serve` starts one, --base-url names another";
  }
  return line;
}

}  // namespace retort::terminal
