// Holds what the server answered against what the client sent, beneath any npm package that takes a
// `fetch`: each finished choice has the form that the request asked for, by ajv's verdict on the
// very schema that went over the wire.
import assert from "node:assert/strict";

import Ajv from "ajv";
import Ajv2020 from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

const OPTIONS = { strict: false, allErrors: true };

function assertValid(schema, text, what) {
  const value = JSON.parse(text);
  const Kind = String(schema.$schema).includes("2020-12") ? Ajv2020 : Ajv;
  const ajv = addFormats(new Kind(OPTIONS));
  assert.ok(ajv.validate(schema, value), `${what}: ${ajv.errorsText()}: ${text}`);
}

function eventsOf(text) {
  return text.split("\n\n")
    .filter((block) => block.startsWith("data: ") && block !== "data: [DONE]")
    .map((block) => JSON.parse(block.slice("data: ".length)));
}

function choiceOf({ message, finish_reason }) {
  const calls = message.tool_calls?.map((call) => call.function) ?? [];
  return {
    content: message.content ?? "",
    calls: message.function_call ? [message.function_call] : calls,
    finish: finish_reason,
  };
}

function addFragment(call, fragment) {
  call.name += fragment.name ?? "";
  call.arguments += fragment.arguments ?? "";
}

// Choices of a stream's chunks, equal to those of the answer unstreamed.
function foldedChoices(chunks) {
  const choices = [];
  for (const { index, delta, finish_reason } of chunks.flatMap((chunk) => chunk.choices)) {
    const choice = choices[index] ??= { content: "", calls: [], finish: null };
    choice.content += delta.content ?? "";
    for (const fragment of delta.tool_calls ?? []) {
      choice.calls[fragment.index] ??= { name: "", arguments: "" };
      addFragment(choice.calls[fragment.index], fragment.function);
    }
    if (delta.function_call) {
      choice.calls[0] ??= { name: "", arguments: "" };
      addFragment(choice.calls[0], delta.function_call);
    }
    choice.finish = finish_reason ?? choice.finish;
  }
  return choices;
}

// Usage without how much of the prompt was cached, which depends on what was asked before.
export function countsOf(usage) {
  if (!usage) return undefined;
  const { cached_tokens: _, ...details } = usage.prompt_tokens_details;
  return { ...usage, prompt_tokens_details: details };
}

async function readAnswer(response) {
  const text = await response.text();
  if (!response.headers.get("content-type").startsWith("text/event-stream")) {
    const body = JSON.parse(text);
    return { choices: body.choices.map(choiceOf), usage: countsOf(body.usage) };
  }
  const chunks = eventsOf(text);
  return { choices: foldedChoices(chunks), usage: countsOf(chunks.at(-1).usage) };
}

function assertCalls(request, choice) {
  const functions = request.functions ?? (request.tools ?? []).map((tool) => tool.function);
  const chosen = request.tool_choice ?? request.function_call;
  const named = chosen?.function?.name ?? chosen?.name;
  if (named || chosen === "required") assert.ok(choice.calls.length, "no call, though one must be");
  if (named) assert.deepEqual(choice.calls.map((call) => call.name), [named]);
  if (request.parallel_tool_calls === false) assert.ok(choice.calls.length <= 1);
  for (const call of choice.calls) {
    const called = functions.find((candidate) => candidate.name === call.name);
    assert.ok(called, `${call.name} is no function of the request`);
    assertValid(called.parameters ?? { type: "object" }, call.arguments, call.name);
  }
}

function assertFormed(request, choice) {
  if (choice.finish === "length") return; // cut, and it says so
  assertCalls(request, choice);
  const format = request.response_format ?? { type: "text" };
  if (choice.calls.length || format.type === "text") return;
  assertValid(format.json_schema?.schema ?? { type: "object" }, choice.content, "response_format");
}

export class Wire {
  requests = [];
  #answers = [];

  // To be given to a package in fetch's place.
  fetch = async (url, init) => {
    const response = await fetch(url, init);
    if (response.ok && init?.body) {
      const request = JSON.parse(init.body);
      this.requests.push(request);
      // Caught here, thrown by answers(): nobody else waits for it.
      this.#answers.push(this.#check(request, response.clone()).catch((error) => ({ error })));
    }
    return response;
  };

  // Every answer so far, read and checked: {choices: [{content, calls, finish}], usage}.
  async answers() {
    const answers = await Promise.all(this.#answers);
    for (const answer of answers) if (answer.error) throw answer.error;
    return answers;
  }

  async #check(request, response) {
    const answer = await readAnswer(response);
    assert.equal(answer.choices.length, request.n ?? 1);
    for (const choice of answer.choices) assertFormed(request, choice);
    return answer;
  }
}

// The answers to the last two requests are one answer, asked for in two ways.
export async function assertLastTwoEqual(wire) {
  const [before, last] = (await wire.answers()).slice(-2);
  assert.deepEqual(last.choices, before.choices);
  if (before.usage && last.usage) assert.deepEqual(last.usage, before.usage);
}

// A schema cannot bound how deep a model recurses: asks with one seed after another until an answer
// ends before its token limit. `ask` throws where it did not.
export async function firstFinished(ask, isCut) {
  for (let seed = 0; seed < 16; seed++) {
    try {
      return await ask(seed);
    } catch (error) {
      if (!isCut(error)) throw error;
    }
  }
  return assert.fail("sixteen answers in a row were cut");
}
