#include "api/request_fields.h"

#include <array>

namespace retort::api {
namespace {

using State = RequestField::State;

constexpr std::array kFields = {
    RequestField{
        "messages", State::honoured, R"({"type":"array","minItems":1,"items":{"type":"object"}})",
        "roles system, developer, user, assistant, tool and function; at least one message",
        "RequestMessages.EveryRoleHasItsMembers"},
    RequestField{"messages[].content", State::honoured, "",
                 "a string, text parts, an array of bare strings; null or absent beside tool calls",
                 "RequestMessages.ContentComesInEveryForm"},
    RequestField{"messages[].content[].image_url, messages[].content[].input_audio, "
                 "messages[].content[].file",
                 State::refused, "", "retort-tiny and the other models served read text only",
                 "LocalRequestTest.RefusesPartsThatAreNoText"},
    RequestField{"messages[].name", State::honoured, "",
                 "reaches the chat template; where that has no place for it, nothing happens, and "
                 "it is listed as ignored",
                 "LocalRequestTest.ListsNamesThatTheTemplateHasNoPlaceFor"},
    RequestField{"messages[].reasoning_content", State::honoured, "", "reaches the chat template",
                 "RequestMessages.EveryRoleHasItsMembers"},
    RequestField{"messages[].tool_calls, messages[].function_call, messages[].tool_call_id",
                 State::honoured, "", "reach the chat template",
                 "RequestMessages.EveryRoleHasItsMembers"},
    RequestField{"messages[].audio", State::refused, "", "answers are text only",
                 "RequestMessages.MessagesAtFaultAreNamedByPath"},
    RequestField{"model", State::honoured, R"({"type":"string"})",
                 "the id of a model served, or an alias; another one is 404 `model_not_found`",
                 "ChatCompletionsTest.NamesTheFieldThatIsWrong"},
    RequestField{"temperature", State::honoured,
                 R"({"type":"number","minimum":0,"maximum":2,"default":1})",
                 "0 to 2, 1 where absent; 0 takes the likeliest token",
                 "Sampler.LowTemperatureNarrowsAndHighTemperatureWidens"},
    RequestField{"top_p", State::honoured,
                 R"({"type":"number","minimum":0,"maximum":1,"default":1})",
                 "0 to 1, 1 where absent; the fewest tokens that reach this mass",
                 "Sampler.TopPKeepsTheShortestFrontThatReachesIt"},
    RequestField{"frequency_penalty", State::honoured,
                 R"({"type":"number","minimum":-2,"maximum":2,"default":0})",
                 "-2 to 2, over output tokens only", "Sampler.PenaltiesCountOutputTokensOnly"},
    RequestField{"presence_penalty", State::honoured,
                 R"({"type":"number","minimum":-2,"maximum":2,"default":0})",
                 "-2 to 2, over output tokens only", "Sampler.PenaltiesCountOutputTokensOnly"},
    RequestField{"seed", State::honoured, R"({"type":"integer","format":"int64"})",
                 "64 bits; the same request gets the same answer; choice i draws from (seed, i)",
                 "Random.DrawsDifferBySeedChoiceAndPosition"},
    RequestField{
        "n", State::honoured, R"({"type":"integer","minimum":1,"maximum":128,"default":1})",
        "1 to 128; the prompt is counted once", "LocalRequestTest.TurnsOptionsIntoASequence"},
    RequestField{
        "stop", State::honoured,
        R"({"oneOf":[{"type":"string","minLength":1},{"type":"array","maxItems":4,"items":{"type":"string","minLength":1}}]})",
        "a string or up to 4; never part of the answer",
        "ChoiceTextTest.StopStringsEndTheAnswerAndAreNoPartOfIt"},
    RequestField{"max_completion_tokens", State::honoured, R"({"type":"integer","minimum":1})",
                 "beyond the window it means the rest of the window",
                 "LocalRequestTest.ACapBeyondTheWindowIsTheRestOfIt"},
    RequestField{"max_tokens", State::honoured,
                 R"({"type":"integer","minimum":1,"deprecated":true})",
                 "the older name: `max_completion_tokens` wins",
                 "LocalRequestTest.ACapBeyondTheWindowIsTheRestOfIt"},
    RequestField{
        "logit_bias", State::honoured,
        R"({"type":"object","additionalProperties":{"type":"number","minimum":-100,"maximum":100}})",
        "-100 to 100 by token id; ids outside the vocabulary are ignored",
        "Sampler.BiasForcesAndBannedTokensNeverCome"},
    RequestField{"logprobs", State::honoured, R"({"type":"boolean","default":false})",
                 "raw: before temperature, penalties and bias",
                 "Sampler.LogprobsAreRawWhateverTheOtherSettings"},
    RequestField{"top_logprobs", State::honoured, R"({"type":"integer","minimum":0,"maximum":20})",
                 "up to 20; alone it implies `logprobs`",
                 "LocalRequestTest.TurnsOptionsIntoASequence"},
    RequestField{"tools", State::honoured,
                 R"({"type":"array","maxItems":128,"items":{"type":"object"}})",
                 "functions, and custom tools; refused where the model was not made to call any",
                 "RequestTools.ToolsKeepTheirSchemasSpelling"},
    RequestField{"tools[].custom.format", State::honoured, "",
                 "`text`, or a `grammar` whose `syntax` is `regex`: the whole input matches its "
                 "`definition` (ECMA-262). The syntax `lark` is refused",
                 "LocalRequestTest.HoldsACustomToolsInputToItsGrammar"},
    RequestField{"tool_choice", State::honoured,
                 R"({"oneOf":[{"enum":["none","auto","required"]},{"type":"object"}]})",
                 "`none`, `auto`, `required`, a named function, allowed_tools in both modes; every "
                 "call is held to its function's schema (docs/constrained-decoding.md)",
                 "LocalRequestTest.BindsTheWholeAnswerToItsForm"},
    RequestField{"parallel_tool_calls", State::honoured, R"({"type":"boolean","default":true})",
                 "false: the answer ends behind its first call",
                 "ChoiceTextTest.OneCallOnlyEndsBehindTheFirst"},
    RequestField{"functions", State::honoured,
                 R"({"type":"array","maxItems":128,"items":{"type":"object"},"deprecated":true})",
                 "one list with `tools`; the same name in both must mean the same function. "
                 "Without `tools` a call is answered as `function_call`",
                 "RequestTools.FunctionsAndToolsAreOneList"},
    RequestField{"function_call", State::honoured,
                 R"({"oneOf":[{"enum":["none","auto"]},{"type":"object"}],"deprecated":true})",
                 "as `tool_choice`", "RequestTools.FunctionsAndToolsAreOneList"},
    RequestField{
        "response_format", State::honoured,
        R"({"oneOf":[{"enum":["text","json_object"]},{"type":"object"}]})",
        "`text`, `json_object`, `json_schema`: enforced whole, or refused by the JSON pointer of "
        "what is not (docs/constrained-decoding.md); `strict` or not",
        "LocalRequestTest.RefusesFormsThatCannotBeEnforced"},
    RequestField{"stream", State::honoured, R"({"type":"boolean","default":false})",
                 "server-sent events", "ChatCompletionsTest.StreamsOneEventAChunkAndEndsWithDone"},
    RequestField{"stream_options", State::honoured, R"({"type":"object"})", "only with `stream`",
                 "ChatRequest.TypesAndRangesAreStrict"},
    RequestField{"stream_options.include_usage", State::honoured, "",
                 "a last chunk with usage; Atoma's own clients get it unasked",
                 "ChatCompletionsTest.SendsUsageWhereAskedAndUnaskedToAtomasClients"},
    RequestField{
        "stream_options.include_obfuscation", State::honoured, "",
        "true pads each chunk to a multiple of 16 bytes and one; false is what happens anyway",
        "ChatWriter.ObfuscationPadsToSixteenBytesAndOne"},
    RequestField{"service_tier", State::honoured, R"({"type":"string"})",
                 "every known tier is served alike, and the answer says `default`; an unknown one "
                 "is listed as ignored",
                 "IgnoredFields.UnknownFieldsAreKeptAndListedByPath"},
    RequestField{"reasoning_effort", State::honoured,
                 R"({"enum":["none","minimal","low","medium","high","xhigh","max"]})",
                 "where the model's chat template reads it; elsewhere `none` is accepted and any "
                 "other value refused",
                 "LocalRequestTest.RefusesAnEffortThatTheTemplateLacks"},
    RequestField{"user", State::honoured, R"({"type":"string","deprecated":true})",
                 "in the log line of the request", "ChatRequest.EveryFieldReachesTheRequest"},
    RequestField{"safety_identifier", State::honoured, R"({"type":"string","maxLength":64})",
                 "in the log line of the request", "ChatRequest.EveryFieldReachesTheRequest"},
    RequestField{
        "metadata", State::honoured,
        R"({"type":"object","maxProperties":16,"additionalProperties":{"type":"string","maxLength":512}})",
        "checked: 16 pairs, 64 and 512 characters", "ChatRequest.MetadataHasItsLimits"},
    RequestField{"store", State::refused, R"({"type":"boolean","default":false})",
                 "when true: nothing is stored yet", "ChatRequest.WhatIsNotDoneIsRefusedByName"},
    RequestField{"prompt_cache_key", State::honoured, R"({"type":"string"})",
                 "only requests with the same key share what was computed for a common beginning",
                 "LocalRequestTest.TheCacheKeySaltsTheCache"},
    RequestField{"prompt_cache_retention", State::accepted,
                 R"({"enum":["in_memory","in-memory","24h"]})",
                 "how long something is kept is the server's to say",
                 "ChatRequest.DeclaredNoOpsAreAcceptedAndNotListed"},
    RequestField{"prompt_cache_options", State::accepted, R"({"type":"object"})", "the same",
                 "ChatRequest.DeclaredNoOpsAreAcceptedAndNotListed"},
    RequestField{
        "verbosity", State::accepted, R"({"enum":["low","medium","high"],"default":"medium"})",
        "`medium`; the others are refused", "ChatRequest.DeclaredNoOpsAreAcceptedAndNotListed"},
    RequestField{"modalities", State::accepted, R"({"type":"array","items":{"enum":["text"]}})",
                 "`text`; the others are refused", "ChatRequest.WhatIsNotDoneIsRefusedByName"},
    RequestField{"audio", State::refused, R"({"type":"object"})", "answers are text only",
                 "ChatRequest.WhatIsNotDoneIsRefusedByName"},
    RequestField{"prediction", State::refused, R"({"type":"object"})", "",
                 "ChatRequest.WhatIsNotDoneIsRefusedByName"},
    RequestField{"web_search_options", State::refused, R"({"type":"object"})", "",
                 "ChatRequest.WhatIsNotDoneIsRefusedByName"},
    RequestField{"moderation", State::refused, R"({"type":"object"})", "",
                 "ChatRequest.WhatIsNotDoneIsRefusedByName"},
    RequestField{"top_k", State::honoured, R"({"type":"integer","minimum":-1})",
                 "an extension; -1 and 0 are off", "Sampler.TopKAndMinPCutTheRest"},
    RequestField{"min_p", State::honoured,
                 R"({"type":"number","minimum":0,"maximum":1,"default":0})", "an extension",
                 "Sampler.TopKAndMinPCutTheRest"},
    RequestField{"repetition_penalty", State::honoured,
                 R"({"type":"number","exclusiveMinimum":0,"default":1})",
                 "an extension, above 0; over the prompt too",
                 "Sampler.RepetitionPenaltyCountsThePromptToo"},
    RequestField{"min_tokens", State::honoured, R"({"type":"integer","minimum":0,"default":0})",
                 "an extension", "LocalRequestTest.TurnsOptionsIntoASequence"},
    RequestField{"ignore_eos", State::honoured, R"({"type":"boolean","default":false})",
                 "an extension", "LocalRequestTest.TurnsOptionsIntoASequence"},
    RequestField{"guided_choice", State::honoured,
                 R"({"type":"array","minItems":1,"items":{"type":"string"}})",
                 "an extension: the answer is one of these",
                 "LocalRequestTest.BindsTheWholeAnswerToItsForm"},
    RequestField{"guided_regex", State::honoured, R"({"type":"string"})",
                 "an extension: the whole answer matches (ECMA-262)",
                 "LocalRequestTest.BindsTheWholeAnswerToItsForm"},
    RequestField{"guided_grammar", State::honoured, R"({"type":"string"})",
                 "an extension: the answer is in this GBNF grammar",
                 "LocalRequestTest.BindsTheWholeAnswerToItsForm"},
    RequestField{"grammar", State::honoured, R"({"type":"string"})",
                 "another name of `guided_grammar`",
                 "LocalRequestTest.BindsTheWholeAnswerToItsForm"},
};

std::string_view word_of(State state) {
  return state == State::honoured ? "honoured" : state == State::refused ? "refused" : "accepted";
}

// "a, b" as `a`, `b`.
std::string code_spans(std::string_view names) {
  std::string spans = "`";
  for (const char c : names) {
    if (c == ',') spans += '`';
    spans += c;
    if (c == ' ') spans += '`';
  }
  return spans + '`';
}

}  // namespace

std::span<const RequestField> request_fields() {
  return kFields;
}

std::string request_fields_markdown() {
  std::string table = "| field | state | notes |\n| --- | --- | --- |\n";
  for (const RequestField& field : kFields) {
    table += "| " + code_spans(field.name) + " | " + std::string(word_of(field.state)) + " | " +
             std::string(field.notes) + (field.notes.empty() ? "|\n" : " |\n");
  }
  return table;
}

}  // namespace retort::api
