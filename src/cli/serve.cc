#include <pthread.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "api/routes.h"
#include "api/services.h"
#include "cli/commands.h"
#include "cli/descriptor_limit.h"
#include "cli/hub_models.h"
#include "cli/kernel_choice.h"
#include "cli/model_settings.h"
#include "cli/serve_flags.h"
#include "http/server.h"
#include "protocol/error_body.h"
#include "provider/local_provider.h"
#include "provider/model_shelf.h"
#include "provider/provider_pool.h"
#include "tensor/thread_pool.h"

namespace retort::cli {
namespace {

// The signals that end the server. Blocked before any thread starts, so that only wait() takes
// them.
class EndSignals {
 public:
  EndSignals() {
    sigemptyset(&set_);
    sigaddset(&set_, SIGTERM);
    sigaddset(&set_, SIGINT);
    pthread_sigmask(SIG_BLOCK, &set_, nullptr);
    std::signal(SIGPIPE, SIG_IGN);  // a client that has gone is an error code, not a signal
  }

  // Returns when one came. From then on a second one ends the process at once.
  void wait() const {
    int signal = 0;
    sigwait(&set_, &signal);
    pthread_sigmask(SIG_UNBLOCK, &set_, nullptr);
  }

 private:
  sigset_t set_{};
};

http::ServerOptions server_options(const Config& config, const base::Log& log,
                                   base::Metrics& metrics) {
  using Milliseconds = std::chrono::milliseconds;
  const Limits& limits = config.limits;
  http::ServerOptions options;
  options.host = config.host;
  options.port = config.port;
  options.max_connections = static_cast<std::size_t>(limits.connections_max);
  options.header_bytes_max = static_cast<std::size_t>(limits.header_bytes_max);
  options.body_bytes_max = static_cast<std::size_t>(limits.body_bytes_max);
  options.header_timeout = Milliseconds(limits.header_timeout_ms);
  options.body_timeout = Milliseconds(limits.body_timeout_ms);
  options.idle_timeout = Milliseconds(limits.idle_timeout_ms);
  options.write_timeout = Milliseconds(limits.write_timeout_ms);
  options.cors_origins = config.cors_origins;
  options.tls_certificate_file = config.tls_cert.string();
  options.tls_key_file = config.tls_key.string();
  options.render_error = protocol::error_body;
  options.log = &log;
  options.metrics = &metrics;
  return options;
}

Result<void> write_port_file(const std::filesystem::path& path, std::uint16_t port) {
  if (path.empty()) return {};
  std::ofstream file(path);
  file << port << '\n';
  file.flush();
  if (file) return {};
  return Error(ErrorKind::io, "the port file '" + path.string() + "' cannot be written")
      .with_param("port_file");
}

void greet(const Config& config, std::uint16_t port, const std::string& model) {
  const std::string scheme = config.tls_cert.empty() ? "http" : "https";
  const bool is_v6 = config.host.find(':') != std::string::npos;
  const std::string url =
      scheme + "://" + (is_v6 ? "[" + config.host + "]" : config.host) + ":" + std::to_string(port);
  const std::string key = config.api_keys.empty() ? "" : " -H 'Authorization: Bearer YOUR_KEY'";
  std::printf(
      "listening on %s\ntry:\n  curl -s %s/v1/chat/completions -H 'Content-Type: application/json'"
      "%s \\\n    -d "
      "'{\"model\":\"%s\",\"messages\":[{\"role\":\"user\",\"content\":\"Hello!\"}]}'\n",
      url.c_str(), url.c_str(), key.c_str(), model.c_str());
  std::fflush(stdout);
}

// Every model with its names, loaded or not. `models` must go before the shelf.
Result<std::unique_ptr<provider::ModelShelf>> open_models(const Config& config,
                                                          const provider::Machine& machine,
                                                          base::Metrics& metrics,
                                                          provider::ProviderPool& models) {
  std::vector<provider::ShelfModel> shelved;
  std::vector<ModelInfo> infos;
  for (const provider::LocalModelOptions& options : model_options(config)) {
    Result<provider::LocalModelOutline> outline = provider::LocalModel::outline(options);
    if (!outline) return std::move(outline).error();
    infos.push_back(
        {.id = outline->id, .created = outline->created, .owned_by = "retort", .extra = {}});
    shelved.push_back({.id = std::move(outline->id),
                       .bytes = outline->memory_bytes,
                       .load = [options, &machine](const std::stop_token& stop) {
                         return provider::LocalModel::load(options, machine, stop);
                       }});
  }
  auto shelf =
      provider::ModelShelf::make(std::move(shelved), shelf_options(config), machine.log, metrics);
  if (!shelf) return std::move(shelf).error();
  for (std::size_t i = 0; i < infos.size(); ++i) {
    auto provider = std::make_unique<provider::LocalProvider>(**shelf, i, std::move(infos[i]));
    if (Result<void> added = models.add(std::move(provider)); !added) {
      return std::move(added).error();
    }
  }
  for (const auto& [name, model_id] : model_aliases(config, models)) {
    if (Result<void> added = models.add_alias(name, model_id); !added) {
      return std::move(added).error();
    }
  }
  if (!loads_eagerly(config)) return std::move(*shelf);
  if (Result<void> loaded = (*shelf)->load_all(); !loaded) return std::move(loaded).error();
  return std::move(*shelf);
}

// Everything from the configuration to the end of the server, bottom up.
Result<void> serve(const Config& config) {
  const EndSignals end_signals;
  raise_descriptor_limit();
  const Result<base::Log> log = base::Log::to_standard_error(config.log_level);
  if (!log) return log.error();
  const Result<const tensor::Kernels*> kernels = kernels_of_environment();
  if (!kernels) return kernels.error();
  tensor::ThreadPool pool(compute_threads(config));
  base::Metrics metrics;
  api::ChatMetrics chat_metrics(metrics);
  const api::KeyRing keys(config.api_keys);

  base::TurnLock turns;
  const provider::Machine machine{.kernels = **kernels, .pool = pool, .turns = turns, .log = *log};
  std::unique_ptr<provider::ModelShelf> shelf;  // before the providers, which use it
  provider::ProviderPool models;
  if (auto opened = open_models(config, machine, metrics, models); opened) {
    shelf = std::move(*opened);
  } else {
    return std::move(opened).error();
  }

  const api::Services services{.models = models,
                               .keys = keys,
                               .metrics = metrics,
                               .chat_metrics = chat_metrics,
                               .log = *log};
  std::atomic<bool> ready = true;
  const auto refresh = [&shelf] { shelf->write_gauges(); };
  Result<http::Router> router = api::make_router(
      services, {.ready = [&ready] { return ready.load(); }, .refresh_gauges = refresh});
  if (!router) return std::move(router).error();

  Result<std::unique_ptr<http::Server>> server =
      http::Server::listen(server_options(config, *log, metrics), std::move(*router));
  if (!server) return std::move(server).error();
  (*server)->run();
  if (Result<void> written = write_port_file(config.port_file, (*server)->port()); !written) {
    return written;
  }
  greet(config, (*server)->port(), models.models().front().id);

  end_signals.wait();
  log->info("draining: no new requests; those that run may finish");
  ready = false;
  const std::size_t cut = (*server)->drain(
      base::SteadyClock::now() + std::chrono::milliseconds(config.limits.drain_timeout_ms));
  log->info("stopped; " + std::to_string(cut) + " connection(s) were cut");
  return {};
}

int run_serve(const Arguments& arguments) {
  Result<Config> config = config_of(arguments);
  if (!config) {
    complain(config.error().message());
    return kFailed;
  }
  if (const Result<void> found = find_models(*config); !found) {
    complain(found.error().message());
    return kFailed;
  }
  if (const Result<void> served = serve(*config); !served) {
    complain(served.error().message());
    return kFailed;
  }
  return kDone;
}

}  // namespace

Command serve_command() {
  return {.name = "serve",
          .help = "Serve chat completions over HTTP.",
          .flags = serve_command_flags(),
          .positional = "",
          .run = run_serve};
}

}  // namespace retort::cli
