// The conversations that every client test sends, for the npm packages; conversations.py is the
// same for the Python ones.
import { readFileSync } from "node:fs";

const data = JSON.parse(readFileSync(new URL("conversations.json", import.meta.url), "utf8"));
const ANSWER_TOKENS = 24;

export const model = data.model;
export const weatherQuestion = data.weather_question;
export const questionCount = data.questions.length;
export const tools = data.examples.create.tools;

// Where the servers are; the keyed one wants the key.
export const server = {
  url: process.env.CLIENT_TESTS_URL,
  keyedUrl: process.env.CLIENT_TESTS_KEYED_URL,
  key: process.env.CLIENT_TESTS_KEY,
};

export function example(name) {
  return structuredClone(data.examples[name]);
}

// One of the fifty short conversations; every other one is sampled, by a seed of its own.
export function question(index) {
  const body = {
    model: data.model,
    messages: [{ role: "user", content: data.questions[index] }],
    max_tokens: ANSWER_TOKENS,
    temperature: 0,
  };
  return index % 2 ? { ...body, temperature: 0.7, seed: 1000 + index } : body;
}

// The same with the members' names as Atoma's package spells them.
export function camelCased(body) {
  const renamed = {};
  for (const [name, value] of Object.entries(body)) {
    renamed[name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase())] = value;
  }
  return renamed;
}

// What a stream adds up to. `usageOf` reads the three counts, which packages spell differently.
export class Answer {
  text = "";
  finishReason = null;
  usage = null;

  constructor(usageOf) {
    Object.defineProperty(this, "usageOf", { value: usageOf, enumerable: false });
  }

  addChunk(chunk) {
    for (const choice of chunk.choices) {
      this.text += choice.delta.content ?? "";
      this.finishReason = choice.finish_reason ?? choice.finishReason ?? this.finishReason;
    }
    if (chunk.usage) this.usage = this.usageOf(chunk.usage);
    return this;
  }

  addCompletion(completion) {
    const choice = completion.choices[0];
    this.text = choice.message.content ?? "";
    this.finishReason = choice.finish_reason ?? choice.finishReason;
    this.usage = this.usageOf(completion.usage);
    return this;
  }
}

export const snakeCounts = (usage) => [
  usage.prompt_tokens, usage.completion_tokens, usage.total_tokens,
];
export const camelCounts = (usage) => [
  usage.promptTokens, usage.completionTokens, usage.totalTokens,
];
