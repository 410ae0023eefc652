#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <cstdio>
#include <ctime>
#include <string>
#include <utility>
#include <vector>

#include "cli/commands.h"
#include "cli/hub_models.h"
#include "cli/model_summary.h"

namespace retort::cli {
namespace {

Result<int> read_count(const Arguments& arguments, const std::string& flag, int otherwise,
                       int max) {
  const std::optional<std::string> text = arguments.find(flag);
  if (!text) return otherwise;
  int value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error == std::errc() && end == text->data() + text->size() && value >= 0 && value <= max) {
    return value;
  }
  return Error(ErrorKind::config,
               "--" + flag + " takes a whole number from 0 to " + std::to_string(max));
}

Result<PullSettings> pull_settings(const Arguments& arguments) {
  PullSettings settings;
  const Result<int> retries = read_count(arguments, "retries", settings.retries, 1'000);
  if (!retries) return retries.error();
  settings.retries = *retries;
  const Result<int> seconds = read_count(
      arguments, "timeout", static_cast<int>(settings.limits.stall_timeout.count()), 86'400);
  if (!seconds) return seconds.error();
  settings.limits.stall_timeout = std::chrono::seconds(std::max(1, *seconds));
  return settings;
}

int run_pull(const Arguments& arguments) {
  if (arguments.positionals.size() != 1) {
    complain("usage: retort pull OWNER/REPO[:FILE or QUANT]");
    return kWrongUsage;
  }
  const Result<PullSettings> settings = pull_settings(arguments);
  if (!settings) {
    complain(settings.error().message());
    return kWrongUsage;
  }
  const Result<hub::HubName> name = hub::parse_hub_name(arguments.positionals.front());
  if (!name) {
    complain(name.error().message());
    return kWrongUsage;
  }
  const Result<ModelPlaces> places = model_places(arguments);
  if (!places) {
    complain(places.error().message());
    return kFailed;
  }
  const Result<hub::PulledModel> model = pull(*name, *places, *settings);
  if (!model) {
    complain(model.error().message());
    return kFailed;
  }
  std::fprintf(stderr, "retort: %s is there, %s; serve it with --model hf:%s\n",
               model->name().c_str(), hub::size_text(model->bytes()).c_str(),
               model->name().c_str());
  std::printf("%s\n", hub::ModelStore(places->data_dir).path(*model).c_str());
  return kDone;
}

// "2026-11-21 16:45", UTC.
std::string date_text(std::int64_t unix_seconds) {
  const auto time = static_cast<std::time_t>(unix_seconds);
  std::tm parts{};
  if (::gmtime_r(&time, &parts) == nullptr) return "?";
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M", &parts);
  return text.data();
}

boost::json::object describe(const hub::PulledModel& model, const std::filesystem::path& path) {
  boost::json::object out = {{"name", model.name()},   {"path", path.string()},
                             {"bytes", model.bytes()}, {"architecture", nullptr},
                             {"quant", model.quant},   {"hub", model.hub},
                             {"commit", model.commit}, {"pulled_at", model.pulled_at}};
  // A file that cannot be read is listed all the same: its path says what to look at.
  const Result<boost::json::object> summary = summarize_model(path);
  if (summary) out["architecture"] = summary->at("architecture");
  return out;
}

void print_table(const std::vector<hub::PulledModel>& models,
                 const std::vector<boost::json::object>& rows) {
  int width = 4;
  for (const hub::PulledModel& model : models) {
    width = std::max(width, static_cast<int>(model.name().size()));
  }
  std::printf("%-*s  %9s  %-12s  %-16s  %s\n", width, "name", "size", "architecture",
              "pulled (UTC)", "path");
  for (std::size_t i = 0; i < models.size(); ++i) {
    const boost::json::string* architecture = rows[i].at("architecture").if_string();
    std::printf("%-*s  %9s  %-12s  %-16s  %s\n", width, models[i].name().c_str(),
                hub::size_text(models[i].bytes()).c_str(),
                architecture != nullptr ? architecture->c_str() : "?",
                date_text(models[i].pulled_at).c_str(), rows[i].at("path").get_string().c_str());
  }
}

int run_models(const Arguments& arguments) {
  const Result<ModelPlaces> places = model_places(arguments);
  if (!places) {
    complain(places.error().message());
    return kFailed;
  }
  const hub::ModelStore store(places->data_dir);
  const std::vector<hub::PulledModel> models = store.list();
  std::vector<boost::json::object> rows;
  for (const hub::PulledModel& model : models) rows.push_back(describe(model, store.path(model)));
  if (arguments.has("json")) {
    boost::json::array data(rows.begin(), rows.end());
    std::printf("%s\n",
                boost::json::serialize(boost::json::object{{"data", std::move(data)}}).c_str());
  } else if (models.empty()) {
    std::printf("no model was pulled; retort pull OWNER/REPO gets one\n");
  } else {
    print_table(models, rows);
  }
  return kDone;
}

}  // namespace

Command pull_command() {
  return {.name = "pull",
          .help = "Fetch a model from a hub: OWNER/REPO, OWNER/REPO:Q4_K_M, OWNER/REPO:file.gguf.",
          .flags = {hub_flag(),
                    data_dir_flag(),
                    {"retries", "N", "tries in a row that may fail without a byte (default 5)"},
                    {"timeout", "SECONDS", "give up where no byte comes for so long (default 30)"}},
          .positional = "MODEL",
          .run = run_pull};
}

Command models_command() {
  return {.name = "models",
          .help = "List the models that were pulled.",
          .flags = {data_dir_flag(), {"json", "", "print one JSON object"}},
          .positional = "",
          .run = run_models};
}

}  // namespace retort::cli
