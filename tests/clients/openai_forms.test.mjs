// What the openai npm package makes of answers by its own helpers: the accumulating stream, tools
// that it runs, structured outputs that it parses.
import assert from "node:assert/strict";
import { test } from "node:test";

import OpenAI from "openai";
import { LengthFinishReasonError } from "openai/core/error";
import { zodFunction, zodResponseFormat } from "openai/helpers/zod";
import { z } from "zod";
import * as z4 from "zod/v4";

import { model, question, server, tools, weatherQuestion } from "./conversations.mjs";
import { Wire, assertLastTwoEqual, countsOf, firstFinished } from "./wire.mjs";

const USAGE = { stream_options: { include_usage: true } };

function connect() {
  const wire = new Wire();
  const openai = new OpenAI({
    baseURL: `${server.url}/v1`, apiKey: "none", maxRetries: 0, fetch: wire.fetch,
  });
  return { wire, completions: openai.chat.completions };
}

const ask = (content, more) => ({
  model, temperature: 0, max_tokens: 800, messages: [{ role: "user", content }], ...more,
});

// A model may write on as long as a schema lets it: these have a bound everywhere.
const City = z.object({
  name: z.string().max(12),
  country: z.enum(["France", "Italy", "Peru"]),
  population: z.number().int().min(0).max(99_999_999),
  mayor: z.object({ name: z.string().max(12), since: z.number().int().min(1900).max(2100) })
    .nullable(),
  sights: z.array(z.object({ name: z.string().max(8), free: z.boolean() })).min(1).max(2),
});
const cityFormat = zodResponseFormat(City, "city");

const Chain = z.object({ value: z.enum(["a", "b"]), next: z.lazy(() => Chain).nullable() });
const Chain4 = z4.object({
  value: z4.enum(["a", "b"]),
  get next() { return z4.nullable(Chain4); },
});

test("a streamed text adds up to the answer", async () => {
  const { wire, completions } = connect();
  const body = { ...question(2), n: 2, seed: 3 };
  const whole = await completions.create(body);
  const stream = completions.stream({ ...body, ...USAGE });
  const deltas = ["", ""];
  stream.on("chunk", ({ choices }) => {
    for (const { index, delta } of choices) deltas[index] += delta.content ?? "";
  });
  const last = await stream.finalChatCompletion();
  assert.deepEqual(last.choices.map(({ message }) => message.content),
    whole.choices.map(({ message }) => message.content));
  assert.deepEqual(deltas, last.choices.map(({ message }) => message.content));
  assert.deepEqual(last.choices.map((choice) => choice.finish_reason),
    whole.choices.map((choice) => choice.finish_reason));
  assert.deepEqual(countsOf(last.usage), countsOf(whole.usage));
  assert.equal((await stream.totalUsage()).total_tokens, whole.usage.total_tokens);
  await assertLastTwoEqual(wire);
});

test("streamed calls add up to the answer, by events and at the end", async () => {
  const { wire, completions } = connect();
  const body = ask(weatherQuestion, { tools, tool_choice: "required", parallel_tool_calls: false });
  const [{ message, finish_reason }] = (await completions.create(body)).choices;
  const stream = completions.stream({ ...body, ...USAGE });
  let deltas = "";
  const done = [];
  stream.on("tool_calls.function.arguments.delta", (event) => { deltas += event.arguments_delta; });
  stream.on("tool_calls.function.arguments.done", (event) => { done.push(event); });
  const [choice] = (await stream.finalChatCompletion()).choices;
  const expected = message.tool_calls.map((call) => call.function);
  assert.equal(finish_reason, "tool_calls");
  assert.equal(choice.finish_reason, "tool_calls");
  assert.equal(choice.message.content, null);
  assert.deepEqual(choice.message.tool_calls.map(({ type, function: { name, arguments: text } }) =>
    ({ type, name, arguments: text })), expected.map((call) => ({ type: "function", ...call })));
  assert.deepEqual(done.map(({ name, arguments: text }) => ({ name, arguments: text })), expected);
  assert.equal(deltas, expected[0].arguments);
  await assertLastTwoEqual(wire);
});

function weatherTools(asked) {
  return [{
    type: "function",
    function: {
      ...tools[0].function,
      parse: JSON.parse,
      function: (location) => { asked.push(location); return { temperature: 21 }; },
    },
  }];
}

test("runTools calls the function and ends with an answer, streamed and not", async () => {
  const { wire, completions } = connect();
  const contents = [];
  for (const stream of [false, true]) {
    const asked = [];
    const runner = completions.runTools({
      ...ask(weatherQuestion), tools: weatherTools(asked), stream,
    });
    contents.push(await runner.finalContent());
    assert.deepEqual(asked, [{ location: "Paris" }]);
    assert.equal(await runner.finalFunctionToolCallResult(), '{"temperature":21}');
    assert.deepEqual(runner.messages.map(({ role }) => role),
      ["user", "assistant", "tool", "assistant"]);
  }
  assert.ok(contents[0]);
  assert.equal(contents[0], contents[1]);
  assert.equal((await wire.answers()).length, 4);
});

test("runTools with a named function ends behind its call", async () => {
  const { wire, completions } = connect();
  for (const stream of [false, true]) {
    const asked = [];
    const runner = completions.runTools({
      ...ask(weatherQuestion), tools: weatherTools(asked), stream,
      tool_choice: { type: "function", function: { name: "get_current_weather" } },
    });
    await runner.done();
    assert.equal(asked.length, 1);
    assert.equal((await runner.finalFunctionToolCall()).name, "get_current_weather");
  }
  await assertLastTwoEqual(wire);
});

test("parse gives what the schema says, and the stream the same", async () => {
  const { wire, completions } = connect();
  const body = ask("Describe Paris.", { response_format: cityFormat });
  const [{ message }] = (await completions.parse(body)).choices;
  assert.deepEqual(City.parse(message.parsed), message.parsed);
  assert.equal(wire.requests[0].response_format.json_schema.strict, true);

  const stream = completions.stream(body);
  let done = null;
  stream.on("content.done", (event) => { done = event; });
  const last = await stream.finalChatCompletion();
  assert.equal(last.choices[0].message.content, message.content);
  assert.deepEqual(last.choices[0].message.parsed, message.parsed);
  assert.deepEqual(done.parsed, message.parsed);
  await assertLastTwoEqual(wire);
});

test("recursive schemas of both zods are kept to", async () => {
  for (const [Kind, name] of [[Chain, "chain"], [Chain4, "chain4"]]) {
    const { wire, completions } = connect();
    const parsed = await firstFinished(async (seed) => {
      const completion = await completions.parse(ask("a then b", {
        seed, temperature: 1, max_tokens: 300, response_format: zodResponseFormat(Kind, name),
      }));
      return completion.choices[0].message.parsed;
    }, (error) => error instanceof LengthFinishReasonError);
    assert.deepEqual(Kind.parse(parsed), parsed);
    await wire.answers();
  }
});

test("zodFunction's arguments come parsed, of the function that was named", async () => {
  const { wire, completions } = connect();
  const both = [
    zodFunction({ name: "found_city", parameters: City }),
    zodFunction({ name: "rename", parameters: z.object({ to: z.enum(["Lima", "Rome"]) }) }),
  ];
  for (const tool of both) {
    const body = ask("Rename it.", {
      tools: both, tool_choice: { type: "function", function: { name: tool.function.name } },
    });
    const [{ message }] = (await completions.parse(body)).choices;
    const [call] = message.tool_calls;
    assert.equal(call.function.name, tool.function.name);
    assert.deepEqual(call.function.parsed_arguments, JSON.parse(call.function.arguments));
    const last = await completions.stream(body).finalChatCompletion();
    assert.deepEqual(last.choices[0].message.tool_calls[0].function.parsed_arguments,
      call.function.parsed_arguments);
    await assertLastTwoEqual(wire);
  }
});

test("every form of words, numbers and unions that zod writes is kept to", async () => {
  const { wire, completions } = connect();
  const forms = {
    words: z.object({
      day: z.string().date(), id: z.string().uuid(), code: z.string().regex(/^[A-Z]{3}$/),
    }),
    numbers: z.object({ half: z.number().int().multipleOf(5).min(5).max(50) }),
    union: z.object({
      shape: z.union([
        z.object({ kind: z.literal("circle"), radius: z.number().int().min(1).max(9) }),
        z.object({ kind: z.literal("square"), side: z.number().int().min(1).max(9) }),
      ]),
    }),
    pair: z.object({ both: z.array(z.enum(["x", "y"])).length(2) }),
  };
  for (const [name, form] of Object.entries(forms)) {
    const body = ask("Fill it in.", { response_format: zodResponseFormat(form, name) });
    const [{ message }] = (await completions.parse(body)).choices;
    assert.deepEqual(form.parse(message.parsed), message.parsed, name);
  }
  await wire.answers();
});

test("an answer that is cut says so by the package's own error", async () => {
  const { completions } = connect();
  await assert.rejects(
    completions.parse(ask("Describe Paris.", { max_tokens: 4, response_format: cityFormat })),
    LengthFinishReasonError);
});

test("three choices are each the same when asked for again, and share their prompt", async () => {
  const { wire, completions } = connect();
  const body = ask("Describe Paris.", {
    n: 3, seed: 11, temperature: 1, response_format: cityFormat, max_tokens: 1200,
  });
  const first = await completions.create(body);
  await completions.create(body);
  await completions.stream({ ...body, ...USAGE }).done();
  await assertLastTwoEqual(wire);
  const [once, again] = await wire.answers();
  assert.deepEqual(again.choices, once.choices);
  const alone = await completions.create({ ...body, n: 1 });
  assert.equal(first.usage.prompt_tokens, alone.usage.prompt_tokens);
  assert.equal(alone.choices[0].message.content, first.choices[0].message.content);
});

test("the older functions answer in the older form, streamed and not", async () => {
  const { wire, completions } = connect();
  const body = ask(weatherQuestion, {
    functions: [tools[0].function], function_call: { name: "get_current_weather" },
  });
  const [{ message, finish_reason }] = (await completions.create(body)).choices;
  assert.equal(message.function_call.name, "get_current_weather");
  assert.equal(finish_reason, "function_call");
  for await (const chunk of await completions.create({ ...body, stream: true })) {
    assert.equal(chunk.object, "chat.completion.chunk");
  }
  await assertLastTwoEqual(wire);
});

test("a schema that cannot be kept to is refused by name", async () => {
  const { completions } = connect();
  const response_format = {
    type: "json_schema",
    json_schema: { name: "odd", strict: true, schema: { type: "object", if: {}, then: false } },
  };
  await assert.rejects(completions.create(ask("Hello!", { response_format })), (error) =>
    error instanceof OpenAI.BadRequestError && error.param === "response_format" &&
    error.message.includes("/if"));
});
