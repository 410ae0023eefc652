// What a request becomes for a model on this machine: the prompt, the sampling, and the refusals
// that depend on the model.
#include "provider/local_request.h"

#include <gtest/gtest.h>

#include "base/utf8.h"
#include "protocol/chat_request.h"

namespace retort::provider {
namespace {

// A vocabulary of the 256 bytes and an end.
text::Tokenizer byte_tokenizer() {
  text::Vocabulary vocabulary;
  for (int byte = 0; byte < 256; ++byte) {
    std::string letter;
    base::append_utf8(letter, text::byte_level_letter(static_cast<unsigned char>(byte)));
    vocabulary.tokens.push_back({.text = letter});
  }
  vocabulary.tokens.push_back({.text = "<|end|>", .type = text::TokenType::control});
  vocabulary.end = 256;
  vocabulary.end_of_generation = {256};
  return text::Tokenizer::make(std::move(vocabulary)).value();
}

constexpr const char* kPlain =
    "{% for message in messages %}{{ message.role }}:{{ message.content }};{% endfor %}";
// It has a place for names, tools and reasoning.
constexpr const char* kFull =
    "{{ reasoning_effort }}{% for tool in tools or [] %}[{{ tool.function.name }}]{% endfor %}"
    "{% for message in messages %}{{ message.name }}:{{ message.content }};{% endfor %}"
    "{# <tool_call> #}";

class LocalRequestTest : public testing::Test {
 protected:
  void use(const char* source) {
    model_.context = 100;
    model_.longest_piece = 1;
    model_.end_tokens = {256};
    model_.tokenizer = std::make_unique<text::Tokenizer>(byte_tokenizer());
    model_.chat_template =
        std::make_unique<text::ChatTemplate>(text::ChatTemplate::parse(source, "test").value());
    model_.template_traits = text::probe_traits(*model_.chat_template);
    model_.tool_calls = text::find_tool_call_format(source);
    std::vector<std::string> pieces;
    for (text::TokenId token = 0; token < 256; ++token) {
      pieces.emplace_back(model_.tokenizer->piece(token));
    }
    model_.token_trie =
        std::make_shared<grammar::TokenTrie>(grammar::TokenTrie::make(pieces, {}).value());
    model_.constraints = std::make_unique<ConstraintCache>();
  }

  Result<LocalRequest> read(const std::string& members,
                            const std::string& message = R"({"role":"user","content":"hi"})") {
    const auto parsed = protocol::parse_chat_request(R"({"model":"m","messages":[)" + message +
                                                     "]" + members + "}");
    EXPECT_TRUE(parsed) << members;
    return read_local_request(model_, parsed->request);
  }

  LocalRequest served(const std::string& members) {
    Result<LocalRequest> local = read(members);
    EXPECT_TRUE(local) << members << (local ? "" : local.error().message());
    return local ? std::move(*local) : LocalRequest();
  }

  // "param: code" of the refusal.
  std::string fault(const std::string& members,
                    const std::string& message = R"({"role":"user","content":"hi"})") {
    const Result<LocalRequest> local = read(members, message);
    return local ? "served" : local.error().param() + ": " + local.error().code();
  }

  std::string prompt(const LocalRequest& local) {
    std::string text;
    for (const text::TokenId token : local.sequence.prompt) text += model_.tokenizer->piece(token);
    return text;
  }

  LocalModel model_;
};

TEST_F(LocalRequestTest, TurnsOptionsIntoASequence) {
  use(kPlain);
  const LocalRequest local = served(
      R"(,"n":3,"seed":-1,"temperature":0.5,"top_p":0.9,"top_k":-1,"min_p":0.1,"min_tokens":2,
      "ignore_eos":true,"frequency_penalty":1,"presence_penalty":-1,"repetition_penalty":1.2,
      "logit_bias":{"5":1.5,"300":1},"top_logprobs":2,"stop":"x","parallel_tool_calls":false)");
  EXPECT_EQ(prompt(local), "user:hi;");
  EXPECT_EQ(local.choices, 3);
  EXPECT_EQ(local.sequence.min_tokens, 2);
  EXPECT_TRUE(local.sequence.ignore_eos);
  const engine::SamplingParams& sampling = local.sequence.sampling;
  EXPECT_EQ(sampling.seed, ~std::uint64_t{0});
  EXPECT_EQ(sampling.temperature, 0.5);
  EXPECT_EQ(sampling.top_k, 0);
  EXPECT_EQ(sampling.repetition_penalty, 1.2);
  EXPECT_TRUE(sampling.logprobs && local.text.logprobs);
  EXPECT_EQ(sampling.top_logprobs, 2);
  EXPECT_EQ(sampling.logit_bias.size(), 1u);
  EXPECT_EQ(local.ignored, std::vector<std::string>{"logit_bias.300"});
  EXPECT_EQ(local.text.stop, std::vector<std::string>{"x"});
  EXPECT_TRUE(local.text.one_call_only);
}

TEST_F(LocalRequestTest, ACapBeyondTheWindowIsTheRestOfIt) {
  use(kPlain);
  EXPECT_EQ(served("").sequence.max_tokens, 92);
  EXPECT_EQ(served(R"(,"max_tokens":7)").sequence.max_tokens, 7);
  EXPECT_EQ(served(R"(,"max_tokens":7,"max_completion_tokens":9)").sequence.max_tokens, 9);
  EXPECT_EQ(served(R"(,"max_tokens":1000)").sequence.max_tokens, 92);
  const std::string long_message = R"({"role":"user","content":")" + std::string(95, 'x') + "\"}";
  EXPECT_EQ(fault("", long_message), "messages: context_length_exceeded");
}

TEST_F(LocalRequestTest, RefusesPartsThatAreNoText) {
  use(kPlain);
  for (const char* part : {R"({"type":"image_url","image_url":{"url":"https://a/b"}})",
                           R"({"type":"input_audio","input_audio":{"data":"","format":"wav"}})",
                           R"({"type":"file","file":{"file_id":"f"}})"}) {
    EXPECT_EQ(fault("", R"({"role":"user","content":[{"type":"text","text":"a"},)" +
                            std::string(part) + "]}"),
              "messages[0].content[1]: unsupported_parameter");
  }
}

TEST_F(LocalRequestTest, ListsNamesThatTheTemplateHasNoPlaceFor) {
  const std::string message = R"({"role":"user","content":"hi","name":"ann"})";
  use(kPlain);
  EXPECT_EQ(read("", message)->ignored, std::vector<std::string>{"messages[0].name"});
  use(kFull);
  EXPECT_TRUE(read("", message)->ignored.empty());
  EXPECT_EQ(prompt(*read("", message)), "ann:hi;");
}

TEST_F(LocalRequestTest, RefusesAnEffortThatTheTemplateLacks) {
  use(kPlain);
  EXPECT_EQ(fault(R"(,"reasoning_effort":"low")"), "reasoning_effort: unsupported_parameter");
  EXPECT_EQ(fault(R"(,"reasoning_effort":"none")"), "served");
  use(kFull);
  EXPECT_EQ(fault(R"(,"reasoning_effort":"low")"), "served");
  EXPECT_EQ(prompt(served(R"(,"reasoning_effort":"low")")), "low:hi;");
}

TEST_F(LocalRequestTest, OffersTheToolsThatMayBeCalled) {
  const std::string tools = R"(,"tools":[{"type":"function","function":{"name":"f"}},
      {"type":"function","function":{"name":"g"}}])";
  use(kFull);
  const LocalRequest all = served(tools);
  EXPECT_EQ(prompt(all), "[f][g]:hi;");
  EXPECT_EQ(all.text.tool_names, (std::vector<std::string>{"f", "g"}));
  EXPECT_NE(all.text.tool_calls, nullptr);
  const LocalRequest some = served(tools + R"(,"tool_choice":{"type":"allowed_tools",
      "allowed_tools":{"mode":"auto","tools":[{"type":"function","function":{"name":"g"}}]}})");
  EXPECT_EQ(prompt(some), "[g]:hi;");
  EXPECT_EQ(some.text.tool_names, std::vector<std::string>{"g"});
  const LocalRequest none = served(tools + R"(,"tool_choice":"none")");
  EXPECT_EQ(prompt(none), ":hi;");
  EXPECT_EQ(none.text.tool_calls, nullptr);
  EXPECT_TRUE(served(R"(,"functions":[{"name":"f"}])").text.as_function_call);
  const LocalRequest custom = served(R"(,"tools":[{"type":"custom","custom":{"name":"c"}}])");
  EXPECT_EQ(prompt(custom), "[c]:hi;");
  ASSERT_EQ(custom.text.custom_tools.size(), 1u);
  EXPECT_EQ(custom.text.custom_tools[0].name, "c");
  EXPECT_EQ(custom.text.custom_tools[0].validator, nullptr);
  use(kPlain);
  EXPECT_EQ(fault(tools), "tools: unsupported_parameter");
  EXPECT_EQ(fault(R"(,"functions":[{"name":"f"}])"), "functions: unsupported_parameter");
}

// Until constrained decoding is there.
TEST_F(LocalRequestTest, BindsTheWholeAnswerToItsForm) {
  use(kFull);
  const std::string tool = R"(,"tools":[{"type":"function","function":{"name":"f"}}])";
  for (const std::string& members :
       {std::string(R"(,"response_format":{"type":"json_object"})"),
        std::string(R"(,"response_format":{"type":"json_schema","json_schema":{"name":"n"}})"),
        std::string(R"(,"guided_choice":["a","b"])"), std::string(R"(,"guided_regex":"a+")"),
        std::string(R"(,"grammar":"root ::= \"a\"")"), tool + R"(,"tool_choice":"required")",
        tool + R"(,"tool_choice":{"type":"function","function":{"name":"f"}})"}) {
    const LocalRequest local = served(members);
    ASSERT_TRUE(local.sequence.constraint) << members;
    EXPECT_TRUE(local.sequence.constraint->bound()) << members;
  }
  EXPECT_FALSE(served("").sequence.constraint);
  EXPECT_FALSE(served(tool + R"(,"tool_choice":"none")").sequence.constraint);
  const LocalRequest free = served(tool);
  ASSERT_TRUE(free.sequence.constraint);
  EXPECT_FALSE(free.sequence.constraint->bound());
}

TEST_F(LocalRequestTest, RefusesFormsThatCannotBeEnforced) {
  use(kFull);
  const std::string schema =
      R"(,"response_format":{"type":"json_schema","json_schema":{"name":"n",)";
  EXPECT_EQ(fault(schema + R"("schema":{"not":{}}}})"), "response_format: ");
  EXPECT_EQ(fault(schema + R"("schema":{"type":"string","enum":[1]}}})"), "response_format: ");
  EXPECT_EQ(fault(R"(,"guided_regex":"(a")"), "guided_regex: invalid_value");
  EXPECT_EQ(fault(R"(,"guided_regex":"a(?=b)c")"), "guided_regex: invalid_value");
  EXPECT_EQ(fault(R"(,"grammar":"root ::= ")"), "served");
  EXPECT_EQ(fault(R"(,"grammar":"root = a")"), "guided_grammar: invalid_value");
  EXPECT_EQ(fault(R"(,"guided_regex":"a","min_tokens":2)"), "min_tokens: unsupported_parameter");
  EXPECT_EQ(fault(R"(,"guided_regex":"a","ignore_eos":true)"), "ignore_eos: unsupported_parameter");
}

TEST_F(LocalRequestTest, RefusesToolsThatCannotBeEnforcedStrictOrNotForcedOrNot) {
  use(kFull);
  const auto tool = [](const char* more) {
    return std::string(R"(,"tools":[{"type":"function","function":{"name":"f",)") + more +
           R"("parameters":{"type":"object","properties":{"a":{"not":{}}}}}}])";
  };
  const std::string refusal = "tools[0].function.parameters: invalid_function_parameters";
  EXPECT_EQ(fault(tool("")), refusal);
  EXPECT_EQ(fault(tool(R"("strict":true,)")), refusal);
  EXPECT_EQ(fault(tool("") + R"(,"tool_choice":"required")"), refusal);
}

// A request's custom tool "c" whose input matches `definition`, spelled as in JSON.
std::string regex_tool(const std::string& definition) {
  return R"({"type":"custom","custom":{"name":"c","format":{"type":"grammar","grammar":)"
         R"({"syntax":"regex","definition":")" +
         definition + R"("}}}})";
}

// Whether an answer that is held by `constraint` may be `text`.
bool may_be(const std::optional<grammar::Constraint>& constraint, const std::string& text) {
  grammar::Constraint at = constraint.value();
  for (const char byte : text) {
    if (!at.accept(static_cast<unsigned char>(byte))) return false;
  }
  return at.can_end();
}

TEST_F(LocalRequestTest, HoldsACustomToolsInputToItsGrammar) {
  use(kFull);
  const std::string tools = ",\"tools\":[" + regex_tool(R"(^(say|ask) \"[a-c\\n]+\"|none$)") + "]";
  const auto call = [](const std::string& input) {
    return "<tool_call>{\"name\": \"c\", \"arguments\": {\"input\": \"" + input +
           "\"}}</tool_call>";
  };
  for (const char* choice :
       {R"("required")", R"({"type":"custom","custom":{"name":"c"}})", R"("auto")"}) {
    SCOPED_TRACE(choice);
    const LocalRequest local = served(tools + ",\"tool_choice\":" + choice);
    const auto& constraint = local.sequence.constraint;
    for (const char* fits : {R"(say \"abc\")", R"(ask \u0022\nc\")", "none", R"(\u006eone)"}) {
      EXPECT_TRUE(may_be(constraint, call(fits))) << fits;
    }
    for (const char* other : {"", "say", R"(say \"\")", R"(say \"d\")", R"(say \"a\"x)", "nones",
                              R"(say 'a')", R"(say \"a\\n\")", R"(say "a")"}) {
      EXPECT_FALSE(may_be(constraint, call(other))) << other;
    }
    ASSERT_EQ(local.text.custom_tools.size(), 1u);
    ASSERT_NE(local.text.custom_tools[0].validator, nullptr);
    EXPECT_TRUE(local.text.custom_tools[0].validator->check(R"({"input":"none"})"));
    EXPECT_FALSE(local.text.custom_tools[0].validator->check(R"({"input":"some"})"));
  }
  // Until a call begins the text is free.
  EXPECT_TRUE(may_be(served(tools).sequence.constraint, "Well. " + call("none") + " Done"));
  EXPECT_FALSE(may_be(served(tools + R"(,"tool_choice":"required")").sequence.constraint, "Well."));
}

TEST_F(LocalRequestTest, RefusesAGrammarThatCannotBeHeldByFieldAndPosition) {
  use(kFull);
  const std::string other = R"({"type":"function","function":{"name":"f"}})";
  const auto refusal = [&](const std::string& definition, const std::string& more = "") {
    const auto local = read(",\"tools\":[" + other + "," + regex_tool(definition) + "]" + more);
    return local ? "served" : local.error().param() + ": " + local.error().message();
  };
  const std::string begin =
      "tools[1].custom.format.grammar.definition: Invalid regular expression "
      "for the custom tool 'c': ";
  const std::string open = begin + "the pattern, at byte 1: a ( without its )";
  EXPECT_EQ(refusal("a(b"), open);
  // One half of the brackets that it would stand in.
  EXPECT_EQ(refusal("a)|(b"), begin + "the pattern, at byte 1: a ) without its (");
  EXPECT_EQ(refusal("(?<=a)b").substr(0, begin.size()), begin);
  EXPECT_EQ(refusal("a^"), begin + "no text matches it");
  const char* only = R"(,"tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"auto",
      "tools":[{"type":"custom","custom":{"name":"c"}}]}})";
  EXPECT_EQ(refusal("a(b", only), open);
  EXPECT_EQ(refusal("a|b"), "served");
}

TEST_F(LocalRequestTest, TheCacheKeySaltsTheCache) {
  use(kPlain);
  EXPECT_EQ(served("").sequence.cache_salt, "");
  EXPECT_EQ(served(R"(,"prompt_cache_key":"mine")").sequence.cache_salt, "mine");
}

TEST_F(LocalRequestTest, ChoicesShareTheirPrompt) {
  use(kPlain);
  EXPECT_EQ(served("").sequence.prompt_group, 0u);
  EXPECT_NE(served(R"(,"n":2)").sequence.prompt_group, 0u);
}

}  // namespace
}  // namespace retort::provider
