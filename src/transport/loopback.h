// Which addresses are this machine: what is sent there leaves by no wire, and needs no proxy.
#pragma once

#include <string_view>

namespace retort::transport {

// "localhost" and names below it, 127.0.0.0/8 in four numbers, "[::1]". In lower case.
bool is_loopback_host(std::string_view host);

// Of "scheme://host[:port]...", in lower case up to there.
std::string_view host_of(std::string_view url);

}  // namespace retort::transport
