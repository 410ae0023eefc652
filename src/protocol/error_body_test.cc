// Our error body, and everybody's.
#include "protocol/error_body.h"

#include <gtest/gtest.h>

#include <string>

#include "base/json_reader.h"

namespace retort::protocol {
namespace {

TEST(ErrorBody, HasAllFourKeys) {
  EXPECT_EQ(error_body(Error(ErrorKind::invalid_request, "no \"way\"")
                           .with_param("messages[0]")
                           .with_code("invalid_type")),
            R"({"error":{"message":"no \"way\"","type":"invalid_request_error",)"
            R"("param":"messages[0]","code":"invalid_type"}})");
  EXPECT_EQ(error_body(Error(ErrorKind::internal, "x")),
            R"({"error":{"message":"x","type":"server_error","param":null,"code":null}})");
  EXPECT_TRUE(base::check_json(error_body(Error(ErrorKind::internal, "\xff\x01"))));
}

std::string read(int status, std::string_view body) {
  const Error error = read_error_body(status, body);
  EXPECT_EQ(error.status(), status);
  return error.message() + '|' + error.param() + '|' + error.code();
}

TEST(ErrorBody, EveryServicesFormIsRead) {
  const std::string ours = error_body(
      Error(ErrorKind::invalid_request, "m").with_param("p").with_code("c").with_type("t"));
  EXPECT_EQ(read(400, ours), "m|p|c");
  EXPECT_EQ(read_error_body(400, ours).type(), "t");
  // Atoma, SGLang and older vLLM, TGI, Ollama, FastAPI's two, DigitalOcean.
  EXPECT_EQ(read(401, R"({"error":{"code":"AUTH_ERROR","message":"Authentication failed"}})"),
            "Authentication failed||AUTH_ERROR");
  EXPECT_EQ(
      read(
          400,
          R"({"object":"error","message":"bad","type":"BadRequestError","param":null,"code":400})"),
      "bad||400");
  EXPECT_EQ(read(422, R"({"error":"Input validation error","error_type":"validation"})"),
            "Input validation error||");
  EXPECT_EQ(read(404, R"({"error":"model 'x' not found"})"), "model 'x' not found||");
  EXPECT_EQ(read(404, R"({"detail":"Not Found"})"), "Not Found||");
  EXPECT_EQ(read(422, R"({"detail":[{"loc":["body"],"msg":"field required"}]})"),
            "field required||");
  EXPECT_EQ(read(401, R"({"id":"unauthorized","message":"Unable to authenticate you"})"),
            "Unable to authenticate you||");
}

TEST(ErrorBody, AnyOtherBodyIsText) {
  EXPECT_EQ(read(502, "<html>Bad Gateway</html>"), "<html>Bad Gateway</html>||");
  EXPECT_EQ(read(500, ""), "an empty answer with status 500||");
  EXPECT_EQ(read(500, R"({"error":{}})"), R"({"error":{}}||)");
  EXPECT_EQ(read(500, "[1"), "[1||");
  EXPECT_EQ(read(500, "\xff"), "\xef\xbf\xbd||");
  EXPECT_EQ(read_error_body(500, std::string(1 << 20, 'x')).message().size(), 1000u);
}

TEST(ErrorBody, TheStatusDecidesTheKind) {
  const std::pair<int, ErrorKind> rows[] = {
      {400, ErrorKind::invalid_request},  {401, ErrorKind::authentication},
      {402, ErrorKind::payment_required}, {403, ErrorKind::permission},
      {404, ErrorKind::not_found},        {408, ErrorKind::request_timeout},
      {409, ErrorKind::conflict},         {413, ErrorKind::too_large},
      {418, ErrorKind::invalid_request},  {422, ErrorKind::unprocessable},
      {429, ErrorKind::rate_limit},       {500, ErrorKind::internal},
      {502, ErrorKind::bad_upstream},     {503, ErrorKind::unavailable},
      {504, ErrorKind::upstream_timeout}, {529, ErrorKind::internal},
      {302, ErrorKind::malformed},
  };
  for (const auto& [status, kind] : rows) EXPECT_EQ(read_error_body(status, "x").kind(), kind);
  EXPECT_EQ(read_error_body(0, R"({"error":{"message":"m","code":429}})").kind(),
            ErrorKind::rate_limit);
  EXPECT_EQ(read_error_body(0, R"({"error":{"message":"m"}})").kind(), ErrorKind::internal);
}

}  // namespace
}  // namespace retort::protocol
