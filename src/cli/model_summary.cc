#include "cli/model_summary.h"

#include <boost/json/array.hpp>
#include <cstdio>
#include <span>
#include <utility>

#include "base/json_reader.h"
#include "base/mapped_file.h"
#include "gguf/gguf_file.h"
#include "gguf/hugging_face_folder.h"
#include "provider/model_files.h"

namespace retort::cli {
namespace {

namespace json = boost::json;

// An array longer than this is given by its length: a vocabulary is no reading matter.
constexpr std::uint64_t kArrayShownMax = 32;

json::value to_json(const gguf::Metadata& metadata, const gguf::Value& value) {
  using gguf::ValueType;
  switch (value.type) {
    case ValueType::string:
      return json::value(*metadata.string(value.key));
    case ValueType::boolean:
      return *metadata.boolean(value.key);
    case ValueType::f32:
    case ValueType::f64:
      return *metadata.number(value.key);
    case ValueType::u64:
      return *metadata.uint(value.key);
    case ValueType::array:
      break;
    default:
      return *metadata.integer(value.key);
  }
  json::array items;
  if (value.count > kArrayShownMax) {
    return json::object{{"array", gguf::value_type_name(value.element_type)},
                        {"count", value.count}};
  }
  if (const auto strings = metadata.strings(value.key)) {
    for (const std::string_view text : *strings) items.emplace_back(text);
  } else if (const auto integers = metadata.integers(value.key)) {
    for (std::size_t i = 0; i < integers->size(); ++i) items.emplace_back((*integers)[i]);
  } else if (const auto numbers = metadata.numbers(value.key)) {
    for (std::size_t i = 0; i < numbers->size(); ++i) items.emplace_back((*numbers)[i]);
  } else {
    return json::object{{"array", gguf::value_type_name(value.element_type)},
                        {"count", value.count}};
  }
  return items;
}

template <typename Tensor>
json::object tensor_json(const Tensor& tensor, json::array shape) {
  return {{"name", std::string_view(tensor.name)},
          {"type", tensor::dtype_name(tensor.type)},
          {"shape", std::move(shape)},
          {"offset", tensor.offset},
          {"bytes", tensor.bytes}};
}

json::object summarize(const gguf::GgufFile& file) {
  const gguf::Metadata& metadata = file.metadata();
  json::object values;
  for (const gguf::Value& value : metadata.values()) {
    values[value.key] = to_json(metadata, value);
  }
  json::array tensors;
  for (const gguf::GgufTensor& tensor : file.tensors()) {
    json::array shape;
    for (std::size_t i = tensor.rank; i > 0; --i) shape.emplace_back(tensor.dimensions[i - 1]);
    json::object described = tensor_json(tensor, std::move(shape));
    if (file.parts() > 1) described["part"] = tensor.part + 1;
    tensors.push_back(std::move(described));
  }
  json::object summary = {{"format", "gguf v" + std::to_string(file.version())},
                          {"architecture", nullptr},
                          {"context", nullptr},
                          {"vocabulary", nullptr}};
  if (const auto architecture = metadata.string("general.architecture")) {
    summary["architecture"] = *architecture;
    if (const auto context = metadata.uint(std::string(*architecture) + ".context_length")) {
      summary["context"] = *context;
    }
  }
  if (const auto tokens = metadata.strings("tokenizer.ggml.tokens")) {
    summary["vocabulary"] = tokens->size();
  }
  summary["metadata"] = std::move(values);
  summary["tensors"] = std::move(tensors);
  return summary;
}

Result<json::object> summarize(const gguf::HuggingFaceFolder& folder,
                               const std::filesystem::path& path) {
  const Result<base::MappedFile> text = base::MappedFile::open(path / "config.json");
  if (!text) return text.error();
  const std::span<const std::byte> bytes = text->bytes();
  const Result<json::value> config =
      base::read_json({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  if (!config) return config.error();
  json::array tensors;
  for (const gguf::SafetensorsFile& file : folder.files()) {
    for (const gguf::SafetensorsTensor& tensor : file.tensors()) {
      json::array shape;
      for (const std::uint64_t size : tensor.shape) shape.emplace_back(size);
      tensors.push_back(tensor_json(tensor, std::move(shape)));
    }
  }
  const auto field = [&config](std::string_view name) -> json::value {
    const json::object* object = config->if_object();
    const json::value* value = object != nullptr ? object->if_contains(name) : nullptr;
    return value != nullptr ? *value : json::value(nullptr);
  };
  return json::object{{"format", "safetensors"},
                      {"architecture", field("model_type")},
                      {"context", field("max_position_embeddings")},
                      {"vocabulary", field("vocab_size")},
                      {"metadata", *config},
                      {"tensors", std::move(tensors)}};
}

std::string plain(const json::value& value) {
  return value.is_string() ? std::string(value.get_string()) : json::serialize(value);
}

// The first line of a text, cut at 100 bytes.
std::string first_line(std::string text) {
  constexpr std::size_t kBytesMax = 100;
  const std::size_t end = std::min(text.find('\n'), kBytesMax);
  if (end < text.size()) text = text.substr(0, end) + " ...";
  return text;
}

}  // namespace

Result<json::object> summarize_model(const std::filesystem::path& path) {
  std::error_code error;
  if (!path.empty() && std::filesystem::is_directory(path, error)) {
    const Result<gguf::HuggingFaceFolder> folder = gguf::HuggingFaceFolder::open(path);
    if (!folder) return folder.error();
    return summarize(*folder, path);
  }
  const Result<gguf::GgufFile> file = provider::open_gguf(path);
  if (!file) return file.error();
  return summarize(*file);
}

std::string describe_summary(const json::object& summary) {
  std::string text;
  for (const char* key : {"format", "architecture", "context", "vocabulary"}) {
    text += std::string(key) + ": " + plain(summary.at(key)) + "\n";
  }
  text += "metadata:\n";
  if (const json::object* metadata = summary.at("metadata").if_object()) {
    for (const auto& [key, value] : *metadata) {
      text += "  " + std::string(key) + " = " + first_line(plain(value)) + "\n";
    }
  }
  text += "tensors:\n";
  for (const json::value& item : summary.at("tensors").as_array()) {
    const json::object& tensor = item.as_object();
    text += "  " + plain(tensor.at("name")) + "  " + plain(tensor.at("type")) + " " +
            plain(tensor.at("shape")) + "  " + plain(tensor.at("bytes")) + " bytes at " +
            plain(tensor.at("offset")) + "\n";
  }
  text.pop_back();
  return text;
}

}  // namespace retort::cli
