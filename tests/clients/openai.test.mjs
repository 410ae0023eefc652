// The openai npm package: create and stream, tools, errors.
import assert from "node:assert/strict";
import { test } from "node:test";

import OpenAI from "openai";

import {
  Answer, example, model, question, questionCount, server, snakeCounts, tools, weatherQuestion,
} from "./conversations.mjs";

const STREAM = { stream: true, stream_options: { include_usage: true } };

const client = (url = server.url, apiKey = "none") =>
  new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0 });

async function collect(chunks) {
  const answer = new Answer(snakeCounts);
  for await (const chunk of chunks) answer.addChunk(chunk);
  return answer;
}

async function assertStreamEqualsAnswer(openai, body) {
  const completions = openai.chat.completions;
  const whole = new Answer(snakeCounts).addCompletion(await completions.create(body));
  const streamed = await collect(await completions.create({ ...body, ...STREAM }));
  assert.deepEqual(streamed, whole, JSON.stringify(body.messages));
  assert.equal(streamed.usage.length, 3);
}

const weather = {
  model, tools, temperature: 0, max_tokens: 64,
  messages: [{ role: "user", content: weatherQuestion }],
};

test("the documented examples are answered, streamed and not", async () => {
  for (const name of ["create", "create_without_names", "create_older", "developer",
    "digitalocean_every_field"]) {
    await assertStreamEqualsAnswer(client(), { seed: 123, ...example(name) });
  }
});

test("fifty streams in a row lose no event", async () => {
  const openai = client();
  for (let index = 0; index < questionCount; index++) {
    await assertStreamEqualsAnswer(openai, question(index));
  }
});

test("sixteen requests at once are answered as alone", async () => {
  const openai = client();
  const stream = async (index) =>
    collect(await openai.chat.completions.create({ ...question(index), ...STREAM }));
  const indices = [...Array(16).keys()];
  const alone = [];
  for (const index of indices) alone.push(await stream(index));
  assert.deepEqual(await Promise.all(indices.map(stream)), alone);
});

test("a tool call makes the round, and its stream adds up to it", async () => {
  const completions = client().chat.completions;
  const [choice] = (await completions.create(weather)).choices;
  assert.equal(choice.finish_reason, "tool_calls");
  const [call] = choice.message.tool_calls;
  assert.equal(call.function.name, "get_current_weather");
  assert.deepEqual(JSON.parse(call.function.arguments), { location: "Paris" });

  const streamed = await client().chat.completions.stream(weather).finalChatCompletion();
  const [again] = streamed.choices[0].message.tool_calls;
  assert.deepEqual(again.function, { ...call.function, ...again.function });
  assert.equal(again.function.arguments, call.function.arguments);

  const answered = await completions.create({
    ...weather,
    messages: [...weather.messages, choice.message,
      { role: "tool", tool_call_id: call.id, content: '{"temperature": 21}' }],
  });
  assert.match(answered.choices[0].message.content, /21/);
});

test("a client that aborts leaves nothing running", async () => {
  const stream = await client().chat.completions.create(
    { ...question(0), max_tokens: 1500, ignore_eos: true, stream: true });
  for await (const chunk of stream) {
    assert.ok(chunk.id);
    stream.controller.abort();
  }
  const running = async () => {
    const text = await (await fetch(`${server.url}/metrics`)).text();
    return text.split("\n")
      .filter((line) => line.startsWith("retort_engine_running_sequences"))
      .reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
  };
  const deadline = Date.now() + 30_000;
  while ((await running()) !== 0) assert.ok(Date.now() < deadline, "the sequence still runs");
});

test("each mistake has its class", async () => {
  const completions = client().chat.completions;
  await assert.rejects(completions.create({ ...question(0), temperature: 3 }), (error) => {
    assert.ok(error instanceof OpenAI.BadRequestError);
    assert.equal(error.param, "temperature");
    assert.ok(error.requestID);
    return true;
  });
  await assert.rejects(completions.create({ ...question(0), model: "nobody/serves-this" }),
    (error) => error instanceof OpenAI.NotFoundError && error.code === "model_not_found");
});

test("the key decides", async () => {
  const listed = await client(server.keyedUrl, server.key).models.list();
  assert.ok(listed.data.some((entry) => entry.id === model));
  await assert.rejects(
    client(server.keyedUrl, "not-the-key").chat.completions.create(question(0)),
    (error) => error instanceof OpenAI.AuthenticationError && error.code === "invalid_api_key");
});

test("models are listed and shown", async () => {
  const ids = [];
  for await (const entry of client().models.list()) ids.push(entry.id);
  assert.ok(ids.includes(model) && ids.includes("retort-tiny"));
  assert.equal((await client().models.retrieve(model)).id, model);
});
