// The npm package `ai` over its provider for compatible servers and its provider for OpenAI: texts,
// streams, tools that it runs, objects.
import assert from "node:assert/strict";
import { test } from "node:test";

import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { Output, generateObject, generateText, stepCountIs, streamObject, streamText, tool } from "ai";
import { z } from "zod";

import { model, question, server, weatherQuestion } from "./conversations.mjs";
import { Wire, assertLastTwoEqual } from "./wire.mjs";

const Trip = z.object({
  to: z.enum(["Lima", "Oslo", "Rome"]),
  days: z.number().int().min(1).max(30),
  stops: z.array(z.object({ name: z.string().max(8), by: z.enum(["bus", "train"]) })).max(2),
});
const SETTINGS = { temperature: 0, maxOutputTokens: 600, maxRetries: 0 };

// One settings object a provider: its model is checked by `wire`.
function providers() {
  const baseURL = `${server.url}/v1`;
  const apiKey = "none";
  const makers = {
    compatible: (fetch) => createOpenAICompatible({
      name: "retort", baseURL, apiKey, fetch, includeUsage: true, supportsStructuredOutputs: true,
    })(model),
    openai: (fetch) => createOpenAI({ baseURL, apiKey, fetch }).chat(model),
  };
  return Object.entries(makers).map(([name, make]) => {
    const wire = new Wire();
    return { name, wire, settings: { ...SETTINGS, model: make(wire.fetch) } };
  });
}

const weather = (asked) => ({
  get_current_weather: tool({
    description: "Get the current weather in a location",
    inputSchema: z.object({
      location: z.string().max(40).describe("The location to get the weather for"),
    }),
    execute: async (input) => { asked.push(input); return { temperature: 21 }; },
  }),
});

for (const { name, wire, settings } of providers()) {
  test(`${name}: a stream is the answer in pieces`, async () => {
    for (let index = 0; index < 4; index++) {
      const asked = { ...settings, prompt: question(index).messages[0].content };
      const whole = await generateText(asked);
      const streamed = streamText(asked);
      let text = "";
      for await (const piece of streamed.textStream) text += piece;
      assert.equal(text, whole.text);
      assert.equal(await streamed.finishReason, whole.finishReason);
      const usage = await streamed.usage;
      for (const name of ["inputTokens", "outputTokens", "totalTokens"]) {
        assert.equal(usage[name], whole.usage[name], name);
      }
      assert.ok(whole.usage.totalTokens > 0);
      await assertLastTwoEqual(wire);
    }
  });

  test(`${name}: a required tool is called, streamed and not`, async () => {
    const asked = [];
    const body = {
      ...settings, prompt: "Hello!", tools: weather(asked), toolChoice: "required",
    };
    const whole = await generateText(body);
    const streamed = streamText(body);
    await streamed.consumeStream();
    const parts = (calls) => calls.map(({ toolName, input }) => ({ toolName, input }));
    assert.ok(whole.toolCalls.length > 0);
    assert.equal(whole.finishReason, "tool-calls");
    assert.deepEqual(parts(await streamed.toolCalls), parts(whole.toolCalls));
    assert.equal(await streamed.finishReason, "tool-calls");
    assert.equal(asked.length, 2 * whole.toolCalls.length);
    await assertLastTwoEqual(wire);
  });

  test(`${name}: a named tool is the one that is called`, async () => {
    const { toolCalls } = await generateText({
      ...settings, prompt: weatherQuestion,
      tools: {
        ...weather([]), rename: tool({ inputSchema: z.object({ to: z.enum(["Lima", "Rome"]) }) }),
      },
      toolChoice: { type: "tool", toolName: "rename" },
    });
    assert.deepEqual(toolCalls.map(({ toolName }) => toolName), ["rename"]);
    await wire.answers();
  });

  test(`${name}: steps go on until the model answers`, async () => {
    for (const run of [generateText, streamText]) {
      const asked = [];
      const result = run({
        ...settings, prompt: weatherQuestion, tools: weather(asked), stopWhen: stepCountIs(4),
      });
      if (run === streamText) await result.consumeStream();
      const steps = await (await result).steps;
      assert.deepEqual(asked, [{ location: "Paris" }]);
      assert.deepEqual(steps.map(({ finishReason }) => finishReason), ["tool-calls", "stop"]);
      assert.ok(steps.at(-1).text);
    }
    await wire.answers();
  });

  test(`${name}: objects have their schema, streamed and not`, async () => {
    const asked = { ...settings, prompt: "Plan a trip.", schema: Trip };
    const { object } = await generateObject(asked);
    assert.deepEqual(Trip.parse(object), object);
    const streamed = streamObject(asked);
    for await (const piece of streamed.partialObjectStream) assert.equal(typeof piece, "object");
    assert.deepEqual(await streamed.object, object);
    assert.equal(wire.requests.at(-1).response_format.type, "json_schema");
    await assertLastTwoEqual(wire);
  });

  test(`${name}: arrays, enumerations and outputs of a text have theirs`, async () => {
    const list = await generateObject({
      ...settings, prompt: "Name colours.", output: "array", schema: z.enum(["red", "blue"]),
      temperature: 1, seed: 4,
    }).catch((error) => assert.equal(error.finishReason, "length"));
    if (list) assert.ok(list.object.every((entry) => ["red", "blue"].includes(entry)));
    const { object } = await generateObject({
      ...settings, prompt: "Which?", output: "enum", enum: ["this", "that"],
    });
    assert.ok(["this", "that"].includes(object));
    const told = await generateText({
      ...settings, prompt: "Plan a trip.", experimental_output: Output.object({ schema: Trip }),
    });
    assert.deepEqual(Trip.parse(told.experimental_output), told.experimental_output);
    await wire.answers();
  });
}
