// Stored completions on the wire: the query of a list, and pages read.
#pragma once

#include <string>
#include <string_view>

#include <retort/client.h>

namespace retort::client {

// "?after=...&limit=...", or nothing.
std::string list_query(const ListOptions& list);

// {"metadata": {...}}
std::string metadata_body(const ChatService::Metadata& metadata);

// Each error is ErrorKind::malformed. Thread-safe.
Result<ChatCompletion> read_stored_completion(std::string_view json);
Result<Page<ChatCompletion>> read_completion_page(std::string_view json);
Result<Page<StoredMessage>> read_message_page(std::string_view json);

}  // namespace retort::client
