// Model: a language model ready to run. Token ids go in, logits come out.
//
// Loads a GGUF file or a Hugging Face folder. The engine calls forward once a step with a Batch;
// nothing here knows of text, requests or sampling.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>

#include <retort/result.h>

#include "arch/model_config.h"
#include "gguf/gguf_file.h"
#include "model/batch.h"
#include "model/kv_cache.h"
#include "model/load_options.h"
#include "model/model_file.h"
#include "tensor/kernels.h"
#include "tensor/thread_pool.h"

namespace retort::model {

class Decoder;

// Thread-compatible: config() and weights_hash() from any thread, forward from one at a time (it
// works in memory of the model's own).
class Model {
 public:
  // Loads `path`: a .gguf file, or a folder with config.json and safetensors. `kernels` must
  // outlive the model. Errors: io, malformed (a damaged file, a missing, extra or misshaped tensor,
  // an architecture or tensor type that is not supported): each names the file and the part;
  // cancelled (options.progress gave up).
  static Result<std::unique_ptr<Model>> load(const std::filesystem::path& path,
                                             const tensor::Kernels& kernels,
                                             const LoadOptions& options = {});
  // The same from a file that is open already, which becomes the model's.
  static Result<std::unique_ptr<Model>> load(ModelFile file, const tensor::Kernels& kernels,
                                             const LoadOptions& options = {});
  static Result<std::unique_ptr<Model>> load(gguf::GgufFile file, const tensor::Kernels& kernels,
                                             const LoadOptions& options = {});
  ~Model();
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  const ModelConfig& config() const noexcept;

  // A hash of every tensor's name, type and shape and of samples of its bytes (all of them up to
  // 64 KiB; 64 windows of 64 bytes spread over it beyond that), for the system fingerprint: any two
  // trainings differ, and loading stays quick. A longrope model has another one for long contexts.
  // No guard against forgery.
  std::uint64_t weights_hash() const noexcept;

  // Bytes of memory that the weights take, file pages included.
  std::size_t weights_bytes() const noexcept;

  // Runs one step: writes keys and values of every new token into its page, and logits
  // [batch.logit_rows(), vocab_size] f32 row by row in batch order. The bits of a sequence's
  // logits and KV depend on its own tokens only: not on the batch, on how its prompt was cut into
  // steps, or on the pool's size. Errors (internal): a batch that breaks batch.h's rules (a token
  // id outside the vocabulary, a page outside the cache, pages that do not cover the tokens, a
  // position beyond 2^31, too many tokens) or `logits` of the wrong size; nothing is written then.
  Result<void> forward(const Batch& batch, KvCache& kv, tensor::ThreadPool& pool,
                       std::span<float> logits);

 private:
  explicit Model(ModelFile file);

  ModelFile file_;  // has the bytes of what was not packed
  std::uint64_t weights_hash_ = 0;
  std::unique_ptr<Decoder> decoder_;
};

}  // namespace retort::model
