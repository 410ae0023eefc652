// Who answers a chat request: the one interface of the local engine and of upstream services.
//
// prepare() does all that can be refused (render, tokenize, compile) and says what the request will
// cost at most; start() hands it to whoever computes; the ChatStream then gives the answer in
// chunks. The answer to a request that did not ask for a stream is the fold of the same chunks
// (promise 3).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <retort/chat.h>
#include <retort/result.h>

#include "base/async.h"

namespace retort::provider {

// What a provider needs to know of a request beside its body.
struct RequestContext {
  std::string request_id;
  std::string model_name;   // as the request spelled it, an alias perhaps: the answer repeats it
  base::Executor executor;  // of the connection: chunks come there
};

// The answer as it comes. On its executor only. Destroying it cancels what is still running, within
// one step of the engine.
class ChatStream {
 public:
  virtual ~ChatStream() = default;

  struct Next {
    std::optional<ChatChunk> chunk;
    bool over = false;  // no chunk, and none will come
  };

  // The next chunk; neither a chunk nor over where `deadline` passed first. For each choice: the
  // role, then pieces, then the finish_reason; last of all one chunk without choices that holds the
  // usage. An error is the last thing that comes.
  virtual base::Awaitable<Result<Next>> next(base::SteadyClock::time_point deadline) = 0;

  // What has been counted so far; at the end, whatever ended it, what the request is charged for.
  virtual Usage usage() const = 0;

  // Stops the work; a waiting next() ends with ErrorKind::cancelled.
  virtual void cancel() = 0;
};

// A request that will be served as it stands.
class Prepared {
 public:
  virtual ~Prepared() = default;

  virtual std::int64_t prompt_tokens() const = 0;
  virtual std::int64_t output_tokens_max() const = 0;  // over all choices
  // Fields that have no effect here, by path (promise 1's four exceptions).
  virtual const std::vector<std::string>& ignored() const = 0;

  // Hands the request over. Once only.
  virtual Result<std::unique_ptr<ChatStream>> start() = 0;
};

// Thread-safe.
class Provider {
 public:
  virtual ~Provider() = default;

  virtual const std::vector<ModelInfo>& models() const = 0;

  // Checks and prepares a request for one of models(). Refusals are invalid_request errors that
  // name the field.
  virtual base::Awaitable<Result<std::unique_ptr<Prepared>>> prepare(const ChatRequest& request,
                                                                     RequestContext context) = 0;
};

}  // namespace retort::provider
