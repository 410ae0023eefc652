// LangChain's npm package over its own openai package: messages, streams, bound tools and
// structured output by both of its methods.
import assert from "node:assert/strict";
import { test } from "node:test";

import { HumanMessage, ToolMessage } from "@langchain/core/messages";
import { ChatOpenAI } from "@langchain/openai";
import { z } from "zod";

import { model, question, server, tools, weatherQuestion } from "./conversations.mjs";
import { Wire, assertLastTwoEqual } from "./wire.mjs";

const Trip = z.object({
  to: z.enum(["Lima", "Oslo", "Rome"]),
  days: z.number().int().min(1).max(30),
  stops: z.array(z.object({ name: z.string().max(8), by: z.enum(["bus", "train"]) })).max(2),
  budget: z.number().int().min(0).max(9999).nullable(),
});
const tripSchema = {
  title: "trip",
  type: "object",
  properties: {
    to: { type: "string", enum: ["Lima", "Oslo", "Rome"] },
    days: { type: "integer", minimum: 1, maximum: 30 },
  },
  required: ["to", "days"],
  additionalProperties: false,
};

function connect(options) {
  const wire = new Wire();
  const chat = new ChatOpenAI({
    model, temperature: 0, maxTokens: 600, maxRetries: 0, apiKey: "none",
    configuration: { baseURL: `${server.url}/v1`, fetch: wire.fetch }, ...options,
  });
  return { wire, chat };
}

async function gathered(stream) {
  let whole = null;
  for await (const piece of stream) whole = whole === null ? piece : whole.concat(piece);
  return whole;
}

test("a stream is the answer in pieces", async () => {
  const { wire, chat } = connect({ streamUsage: true });
  for (let index = 0; index < 6; index++) {
    const [{ content }] = question(index).messages;
    const whole = await chat.invoke(content);
    const streamed = await gathered(await chat.stream(content));
    assert.equal(streamed.content, whole.content);
    for (const name of ["input_tokens", "output_tokens", "total_tokens"]) {
      assert.equal(streamed.usage_metadata[name], whole.usage_metadata[name], name);
    }
    await assertLastTwoEqual(wire);
  }
});

test("a bound tool is called and answered", async () => {
  const { wire, chat } = connect();
  const bound = chat.bindTools(tools);
  const asked = new HumanMessage(weatherQuestion);
  const call = await bound.invoke([asked]);
  assert.deepEqual(call.tool_calls.map(({ name, args }) => ({ name, args })),
    [{ name: "get_current_weather", args: { location: "Paris" } }]);
  const result = new ToolMessage({
    content: '{"temperature": 21}', tool_call_id: call.tool_calls[0].id,
  });
  assert.match((await bound.invoke([asked, call, result])).content, /21/);
  await wire.answers();
});

test("every tool_choice binds, streamed and not", async () => {
  const { wire, chat } = connect();
  const trip = { type: "function", function: { name: "trip", parameters: tripSchema } };
  const rename = {
    type: "function",
    function: {
      name: "rename",
      parameters: {
        type: "object", properties: { to: { enum: ["Lima", "Rome"] } }, required: ["to"],
        additionalProperties: false,
      },
    },
  };
  const named = { type: "function", function: { name: "rename" } };
  for (const choice of ["required", "any", "rename", named]) {
    const bound = chat.bindTools([trip, rename],
      { tool_choice: choice, parallel_tool_calls: false });
    const whole = await bound.invoke("Hello!");
    const streamed = await gathered(await bound.stream("Hello!"));
    const parts = ({ tool_calls }) => tool_calls.map(({ name, args }) => ({ name, args }));
    assert.equal(whole.tool_calls.length, 1, choice);
    assert.deepEqual(parts(streamed), parts(whole));
    await assertLastTwoEqual(wire);
  }
  const none = await chat.bindTools(tools, { tool_choice: "none" }).invoke(weatherQuestion);
  assert.deepEqual(none.tool_calls, []);
});

test("withStructuredOutput gives the form by both methods, of zod and of JSON Schema", async () => {
  for (const method of ["jsonSchema", "functionCalling"]) {
    for (const strict of [undefined, true]) {
      const { wire, chat } = connect();
      const trip = await chat.withStructuredOutput(Trip, { method, name: "trip", strict })
        .invoke("Plan a trip.");
      assert.deepEqual(Trip.parse(trip), trip);
      const plain = await chat.withStructuredOutput(tripSchema, { method, name: "trip", strict })
        .invoke("Plan a trip.");
      assert.deepEqual(Object.keys(plain), ["to", "days"]);
      const format = method === "jsonSchema" ? "response_format" : "tools";
      assert.ok(wire.requests.every((request) => request[format]), method);
      await wire.answers();
    }
  }
});

test("withStructuredOutput streams what it gives at once", async () => {
  const { wire, chat } = connect();
  for (const method of ["jsonSchema", "functionCalling"]) {
    const structured = chat.withStructuredOutput(Trip, { method, name: "trip" });
    const whole = await structured.invoke("Plan a trip.");
    let last = null;
    for await (const piece of await structured.stream("Plan a trip.")) last = piece;
    assert.deepEqual(last, whole);
    await assertLastTwoEqual(wire);
  }
});

test("jsonMode gives an object", async () => {
  const { wire, chat } = connect({ modelKwargs: { seed: 1 } });
  const object = await chat.withStructuredOutput(z.object({}).passthrough(), { method: "jsonMode" })
    .invoke("Extract the name and age as JSON: Tom Baker is 41 years old.");
  assert.deepEqual(object, { name: "Tom Baker", age: 41 });
  assert.deepEqual(wire.requests[0].response_format, { type: "json_object" });
  await wire.answers();
});
