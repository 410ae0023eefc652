// Core: what the copies of a Client share: options, address, transport; and how a request to one of
// the API's paths becomes a Call.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <retort/client.h>

#include "client/base_url.h"
#include "client/call.h"

namespace retort::client {

// A request of the API, before what every request has is added.
struct ApiRequest {
  std::string method = "GET";
  std::string path;  // behind the base URL's /v1, "/models"
  std::string body{};
  bool streamed = false;
  bool beside_api = false;  // the path is behind the base URL without its /v1
};

// Thread-safe.
class Core {
 public:
  explicit Core(ClientOptions options);

  // What is wrong with the options or the call's, where something is.
  Result<CallSettings> settings(ApiRequest request, const RequestOptions& options) const;

  // Waits. The head goes to options.on_response.
  Result<Answer> run(ApiRequest request, const RequestOptions& options) const;
  // Begins the call, or tells `opened` at once why not.
  std::shared_ptr<Call> start(ApiRequest request, const RequestOptions& options,
                              Call::Opened opened) const;

  const ClientOptions& options() const { return options_; }
  const std::shared_ptr<Transport>& transport() const { return transport_; }

 private:
  Result<void> add_headers(HttpRequest& request, const RequestOptions& options) const;
  CallHooks make_hooks() const;

  const ClientOptions options_;
  std::optional<BaseUrl> url_;
  std::optional<Error> problem_;
  std::string api_key_;
  std::shared_ptr<Transport> transport_;
  std::shared_ptr<const CallHooks> hooks_;
};

ResponseInfo response_info(const HttpHead& head, int attempts);

}  // namespace retort::client
