// DigitalOcean's npm package: base URL overridden, so that it posts to /chat/completions.
import assert from "node:assert/strict";
import { test } from "node:test";

import Gradient from "@digitalocean/gradient";

import { Answer, example, question, questionCount, server, snakeCounts } from "./conversations.mjs";

const STREAM = { stream: true, stream_options: { include_usage: true } };

const client = (url = server.url, modelAccessKey = "none") =>
  new Gradient({ baseURL: url, modelAccessKey, accessToken: "unused", maxRetries: 0 });

// The package has no seed: every question is asked at temperature 0.
function greedy(index) {
  const { seed: _, ...body } = { ...question(index), temperature: 0 };
  return body;
}

async function assertStreamEqualsAnswer(gradient, body) {
  const completions = gradient.chat.completions;
  const whole = new Answer(snakeCounts).addCompletion(await completions.create(body));
  const streamed = new Answer(snakeCounts);
  for await (const chunk of await completions.create({ ...body, ...STREAM })) {
    streamed.addChunk(chunk);
  }
  assert.deepEqual(streamed, whole, JSON.stringify(body.messages));
  assert.equal(streamed.usage.length, 3);
}

test("every field is honoured, streamed and not", async () => {
  await assertStreamEqualsAnswer(client(), example("digitalocean_every_field"));
});

test("the documented example is answered", async () => {
  const completion = await client().chat.completions.create(example("digitalocean"));
  assert.ok(completion.choices[0].message.content);
});

test("fifty streams in a row lose no event", async () => {
  const gradient = client();
  for (let index = 0; index < questionCount; index++) {
    await assertStreamEqualsAnswer(gradient, greedy(index));
  }
});

test("each mistake has its class", async () => {
  const completions = client().chat.completions;
  await assert.rejects(completions.create({ ...greedy(0), top_p: 7 }),
    (error) => error instanceof Gradient.BadRequestError && error.error.error.param === "top_p");
  await assert.rejects(completions.create({ ...greedy(0), model: "nobody/serves-this" }),
    (error) => error instanceof Gradient.NotFoundError);
});

test("the key decides", async () => {
  assert.ok((await client(server.keyedUrl, server.key).chat.completions.create(greedy(0))).id);
  await assert.rejects(client(server.keyedUrl, "not-the-key").chat.completions.create(greedy(0)),
    (error) => error instanceof Gradient.AuthenticationError);
});
