// One call of libretort, told what to do by the JSON of its argument, and what came of it as one
// line of JSON: what run_libretort.py compares between servers. The call is made by the half that
// throws, so that the tree of exceptions is told too.
#include <iostream>
#include <string>

#include <retort/client.h>

struct Order {
  std::string base_url;
  std::string call;  // create, stream, events, tools, tools_stream, parse, run_tools, async
  std::optional<std::string> model;
  std::optional<std::string> prompt;
  std::optional<std::string> answer;  // the one that a server with constraints is held to
  std::optional<std::string> api_key;
  std::optional<bool> api_key_over_http;
  std::optional<std::string> proxy;
  std::optional<std::string> ca_file;
  std::optional<std::string> client_cert;
  std::optional<std::string> client_key;
  std::optional<bool> http1;
  std::optional<std::int64_t> repeat;  // that many calls on one client; the last is told
};
RETORT_DESCRIBE(Order, (base_url), (call), (model), (prompt), (answer), (api_key),
                (api_key_over_http), (proxy), (ca_file), (client_cert), (client_key), (http1),
                (repeat))

enum class City { Paris };
RETORT_DESCRIBE_ENUM(City, Paris)

struct Place {
  City city = City::Paris;
};
RETORT_DESCRIBE(Place, (city))

struct MadeCall {
  std::string type;
  std::string name;
  Place arguments;
};
RETORT_DESCRIBE(MadeCall, (type), (name), (arguments))

// Everything but what differs by its nature: ids, times, counts of another tokenizer.
struct Told {
  std::string object;
  std::string model;
  bool has_id = false;
  bool has_time = false;
  std::vector<std::int64_t> indexes;
  std::string role;
  std::optional<std::string> content;
  std::optional<std::string> refusal;
  std::string finish_reason;
  std::vector<MadeCall> calls;
  std::optional<bool> usage_adds_up;  // nothing where there is none
  std::optional<Place> value;
  std::optional<std::int64_t> rounds;
};
RETORT_DESCRIBE(Told, (object), (model), (has_id), (has_time), (indexes), (role), (content),
                (refusal), (finish_reason), (calls), (usage_adds_up), (value), (rounds))

struct Refused {
  std::string thrown;
  std::int64_t status = 0;
  std::string code;
  std::string param;
  std::string message;
};
RETORT_DESCRIBE(Refused, (thrown), (status), (code), (param), (message))

namespace {

Told told(const retort::ChatCompletion& completion) {
  Told out{.object = completion.object,
           .model = completion.model,
           .has_id = !completion.id.empty(),
           .has_time = completion.created > 0};
  for (const retort::Choice& choice : completion.choices) out.indexes.push_back(choice.index);
  const retort::Choice& first = completion.choices.at(0);
  out.role = first.message.role;
  // Beside calls there is no text: null, empty or absent, as services have it.
  if (first.message.tool_calls.empty()) out.content = first.message.content;
  out.refusal = first.message.refusal;
  out.finish_reason = first.finish_reason.value_or(retort::FinishReason{}).value;
  for (const retort::ToolCall& call : first.message.tool_calls) {
    const auto arguments = retort::from_json<Place>(call.function.arguments);
    if (!arguments) retort::throw_error(arguments.error());
    out.calls.push_back({call.type, call.function.name, *arguments});
  }
  if (const auto& usage = completion.usage) {
    out.usage_adds_up = usage->prompt_tokens > 0 && usage->completion_tokens > 0 &&
                        usage->total_tokens == usage->prompt_tokens + usage->completion_tokens;
  }
  return out;
}

retort::ChatRequest request_of(const Order& order) {
  retort::ChatRequest request;
  request.model = order.model.value_or("retort-tiny");
  request.messages.push_back(retort::User{.content = order.prompt.value_or("Hello!")});
  request.max_completion_tokens = 256;
  request.temperature = 0;
  return request;
}

retort::ChatRequest tool_request(const Order& order) {
  retort::ChatRequest request = request_of(order);
  request.tools.push_back(retort::function_tool("get_weather", "The weather in a city",
                                                retort::schema_of<Place>(), true));
  request.tool_choice = retort::ToolChoice{.mode = retort::ToolChoice::Mode::required};
  request.parallel_tool_calls = false;
  return request;
}

retort::ChatRequest text_request(const Order& order) {
  retort::ChatRequest request = request_of(order);
  if (order.answer) request.guided_choice = {*order.answer};
  return request;
}

// The text that the events told, held against the whole.
retort::ChatCompletion from_events(retort::ChatStream stream) {
  std::string text;
  for (const retort::ChatEvent& event : stream.events()) {
    if (const auto* delta = std::get_if<retort::ContentDelta>(&event)) text += delta->delta;
  }
  retort::ChatCompletion completion = stream.completion();
  completion.choices.at(0).message.content = text;
  return completion;
}

Told run_tools(const retort::Client& client, const Order& order) {
  const auto weather = retort::tool<Place>("get_weather", "The weather in a city",
                                           [](const Place&) { return std::string("sunny"); });
  retort::ChatRequest request = tool_request(order);
  request.guided_choice = {};
  const retort::ToolRun run = client.chat().run_tools(request, {weather}, {.rounds_max = 3});
  Told out = told(run.completions.at(0));
  out.rounds = static_cast<std::int64_t>(run.completions.size());
  return out;
}

Told carried_out(const retort::Client& client, const Order& order) {
  const retort::ChatService chat = client.chat();
  if (order.call == "create") return told(chat.create(text_request(order)));
  if (order.call == "stream") return told(chat.stream(text_request(order)).finish());
  if (order.call == "events") return told(from_events(chat.stream(text_request(order))));
  if (order.call == "async") return told(chat.create_async(text_request(order)).get());
  if (order.call == "tools") return told(chat.create(tool_request(order)));
  if (order.call == "tools_stream") return told(chat.stream(tool_request(order)).finish());
  if (order.call == "run_tools") return run_tools(client, order);
  if (order.call != "parse") {
    retort::throw_error(retort::Error(retort::ErrorKind::config, "no such call: " + order.call));
  }
  const auto parsed = chat.parse<Place>(request_of(order));
  Told out = told(parsed.completion);
  out.content.reset();  // the same value, perhaps with other spaces
  out.value = parsed.value;
  return out;
}

retort::ClientOptions options_of(const Order& order) {
  retort::ClientOptions options;
  options.base_url = order.base_url;
  options.api_key = order.api_key.value_or("");
  options.api_key_over_http = order.api_key_over_http.value_or(false);
  options.network.proxy = order.proxy.value_or("");
  options.network.ca_file = order.ca_file.value_or("");
  options.network.client_cert = order.client_cert.value_or("");
  options.network.client_key = order.client_key.value_or("");
  if (order.http1.value_or(false)) options.network.http_version = retort::HttpVersion::http1;
  return options;
}

void refuse(const char* thrown, const retort::Error& error) {
  std::cout << retort::to_json(
                   Refused{thrown, error.status(), error.code(), error.param(), error.message()})
                   .text()
            << '\n';
}

}  // namespace

int main(int argc, char** argv) {
  const auto order = retort::from_json<Order>(argc == 2 ? argv[1] : "");
  if (!order) {
    std::cerr << order.error().what() << '\n';
    return 2;
  }
  try {
    const retort::Client client(options_of(*order));
    for (std::int64_t left = order->repeat.value_or(1); left > 1; --left) {
      (void)carried_out(client, *order);
    }
    std::cout << retort::to_json(carried_out(client, *order)).text() << '\n';
  } catch (const retort::RateLimitError& error) {
    refuse("RateLimitError", error);
  } catch (const retort::NotFoundError& error) {
    refuse("NotFoundError", error);
  } catch (const retort::AuthenticationError& error) {
    refuse("AuthenticationError", error);
  } catch (const retort::StatusError& error) {
    refuse("StatusError", error);
  } catch (const retort::TimeoutError& error) {
    refuse("TimeoutError", error);
  } catch (const retort::ConnectionError& error) {
    refuse("ConnectionError", error);
  } catch (const retort::Error& error) {
    refuse("Error", error);
  }
}
