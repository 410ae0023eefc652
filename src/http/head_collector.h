// The start line and fields of a head, read by Beast: what the parsers of requests and of answers
// have in common.
//
// Internal to src/http. The head is whole, and HeadScanner has held its limits. How the body is
// framed is not left to Beast, which takes repeated and listed lengths and looks over codings it
// does not know: read_framing() (request_parser.h) reads the fields again.
#pragma once

#include <boost/beast/http/basic_parser.hpp>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "http/request.h"

namespace retort::http {

template <bool kIsRequest>
class HeadCollector final : public boost::beast::http::basic_parser<kIsRequest> {
 public:
  HeadCollector() {
    this->header_limit(std::numeric_limits<std::uint32_t>::max());
    this->body_limit(boost::none);
  }

  std::string method;  // of a request
  std::string target;
  int status = 0;  // of an answer
  bool http_1_1 = true;
  Headers headers;

 private:
  using BeastText = boost::beast::string_view;
  using BeastError = boost::beast::error_code;

  static std::string_view view(BeastText text) { return {text.data(), text.size()}; }

  void on_request_impl(boost::beast::http::verb /*verb*/, BeastText verb_text, BeastText path,
                       int version, BeastError& /*error*/) override {
    method = view(verb_text);
    target = view(path);
    http_1_1 = version == 11;
  }
  void on_response_impl(int code, BeastText /*reason*/, int version,
                        BeastError& /*error*/) override {
    status = code;
    http_1_1 = version == 11;
  }
  void on_field_impl(boost::beast::http::field /*field*/, BeastText name, BeastText value,
                     BeastError& /*error*/) override {
    headers.add(std::string(view(name)), std::string(view(value)));
  }
  void on_header_impl(BeastError&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, BeastError&) override {}
  std::size_t on_body_impl(BeastText, BeastError&) override { return 0; }
  void on_chunk_header_impl(std::uint64_t, BeastText, BeastError&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, BeastText, BeastError&) override { return 0; }
  void on_finish_impl(BeastError&) override {}
};

}  // namespace retort::http
