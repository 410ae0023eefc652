// Measures how Atoma's TypeScript package loses events, and what keeps them.
//
// Its stream reader drops the last events of a stream when they reach it in one read of the socket
// (docs/typescript-gap.md tells why, and what this measured). This program serves streams from a process of its own with a
// given gap between the writes of events, or with the last event padded to a given size, lets the
// real package read some hundred of them, and counts those that arrive incomplete.
//
//   tests/clients/run.sh once, for the packages; then
//   cp tests/clients/typescript_gap_measure.mjs build-test-clients/node/
//   node build-test-clients/node/typescript_gap_measure.mjs [--streams 300] [--at-once 1]
//
// It prints two Markdown tables: how many streams came incomplete, a row a setting, a column a load
// of the machine; and, without any timing, how long the last event must be when a whole stream
// arrives in one read.
import { fork } from "node:child_process";
import http from "node:http";
import os from "node:os";
import { fileURLToPath } from "node:url";

const EVENTS = 20; // content events a stream
const GAPS_MS = [0, 1, 2, 3, 5, 10];
const PADDED_BYTES = [512, 1024, 2048, 4096, 8192, 16384, 32768];
const EVENT_BYTES = [60, 240, 500, 1000, 2000, 4000];
const READ_BYTES = 65536; // Node reads a socket in pieces of this size

const self = fileURLToPath(import.meta.url);

function chunk(choices, extra = {}) {
  return JSON.stringify({
    id: "chatcmpl-123456789012345678901234", object: "chat.completion.chunk", created: 1700000000,
    model: "meta-llama/Llama-3.3-70B-Instruct", choices, ...extra,
  });
}

// The events of one stream, as retort writes them; JSON may be followed by spaces.
function eventsOf(paddedBytes) {
  const choice = (delta, finish_reason = null) => [{ index: 0, delta, finish_reason }];
  const datas = [chunk(choice({ role: "assistant", content: "" }))];
  for (let index = 0; index < EVENTS; index++) {
    datas.push(chunk(choice({ content: `${index} ` })));
  }
  datas.push(chunk(choice({}, "stop")));
  const usage = { prompt_tokens: 5, completion_tokens: EVENTS, total_tokens: EVENTS + 5 };
  datas.push(chunk([], { usage }).padEnd(paddedBytes));
  datas.push("[DONE]");
  return datas.map((data) => `data: ${data}\n\n`);
}

// The settings come in the path: /GAP_MS/PADDED_BYTES/v1/chat/completions.
function serve() {
  const server = http.createServer((request, response) => {
    const [, gap, padded] = request.url.split("/").map(Number);
    request.resume();
    response.socket.setNoDelay(true);
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.flushHeaders();
    const events = eventsOf(padded);
    // One write to the socket an event: http.ServerResponse would gather those of one tick.
    const next = () => {
      const event = events.shift();
      if (event === undefined) return response.end();
      response.write(event, () => (gap ? setTimeout(next, gap) : setImmediate(next)));
      return undefined;
    };
    next();
  });
  server.listen(0, "127.0.0.1", () => process.send({ port: server.address().port }));
}

function burn() {
  process.on("disconnect", () => process.exit());
  const spin = () => {
    const until = Date.now() + 50;
    while (Date.now() < until);
    setImmediate(spin);
  };
  spin();
}

// The number of streams that came incomplete or not at all.
async function losses(AtomaSDK, port, { gap, padded, streams, atOnce }) {
  const client = new AtomaSDK({ serverURL: `http://127.0.0.1:${port}/${gap}/${padded}` });
  const whole = Array.from({ length: EVENTS }, (_, index) => `${index} `).join("");
  let lost = 0;
  const one = async () => {
    let text = "";
    let finished = false;
    let used = false;
    try {
      const stream = await client.chat.createStream({
        model: "m", messages: [{ role: "user", content: "x" }],
      });
      for await (const { data } of stream) {
        for (const choice of data.choices) {
          text += choice.delta.content ?? "";
          finished ||= choice.finishReason === "stop";
        }
        used ||= data.usage != null;
      }
    } catch {
      // Counted as lost below.
    }
    if (text !== whole || !finished || !used) lost++;
  };
  const lane = async () => {
    for (let done = 0; done < streams / atOnce; done++) await one();
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  return lost;
}

// The events that the package's own reader delivers when all of these arrive in reads of at most
// READ_BYTES.
async function delivered({ EventStream, discardSentinel }, events) {
  const bytes = new TextEncoder().encode(events.join(""));
  const source = new ReadableStream({
    start(controller) {
      for (let at = 0; at < bytes.length; at += READ_BYTES) {
        controller.enqueue(bytes.slice(at, at + READ_BYTES));
      }
      controller.close();
    },
  });
  let count = 0;
  const stream = discardSentinel(source, "[DONE]");
  try {
    for await (const _ of new EventStream({ stream, decoder: (raw) => JSON.parse(raw.data) })) {
      count++;
    }
  } catch {
    return -1; // it read [DONE] as an event
  }
  return count;
}

// The shortest of PADDED_BYTES for the last event with which streams of every length, their events
// `bytes` long, lose nothing.
async function paddingFor(reader, bytes) {
  const event = `data: ${JSON.stringify("x".repeat(bytes - 10))}\n\n`;
  next: for (const padded of PADDED_BYTES) {
    for (let count = 1; count <= READ_BYTES / bytes; count++) {
      const last = `data: ${"{}".padEnd(padded - 8)}\n\n`;
      const events = [...Array(count).fill(event), last, "data: [DONE]\n\n"];
      if (await delivered(reader, events) !== count + 1) continue next;
    }
    return padded;
  }
  return `over ${PADDED_BYTES.at(-1)}`;
}

function option(name, otherwise) {
  const index = process.argv.indexOf(`--${name}`);
  return index < 0 ? otherwise : Number(process.argv[index + 1]);
}

async function measure() {
  const { AtomaSDK } = await import("atoma-sdk");
  const { default: reader } = await import("atoma-sdk/lib/event-streams.js");
  const streams = option("streams", 300);
  const atOnce = option("at-once", 1);
  const server = fork(self, ["serve"]);
  const port = await new Promise((resolve) => server.once("message", (told) => resolve(told.port)));
  const processors = os.cpus().length;
  const loads = [["idle", 0], ["1 busy process a processor", processors],
    ["4 busy processes a processor", 4 * processors]];
  const settings = [
    ...GAPS_MS.map((gap) => ({ gap, padded: 0, what: `gap ${gap} ms` })),
    ...PADDED_BYTES.map((padded) => ({ gap: 0, padded, what: `no gap, last event ${padded} B` })),
  ];
  console.log(`node ${process.version}, ${processors} processors, ${streams} streams a cell, ` +
    `${atOnce} at once; incomplete streams\n`);
  const rows = settings.map(({ what }) => [what]);
  for (const [, busy] of loads) {
    const burners = Array.from({ length: busy }, () => fork(self, ["burn"]));
    for (const [index, setting] of settings.entries()) {
      rows[index].push(await losses(AtomaSDK, port, { ...setting, streams, atOnce }));
    }
    for (const burner of burners) burner.disconnect();
  }
  const line = (cells) => `| ${cells.join(" | ")} |`;
  console.log(line(["", ...loads.map(([name]) => name)]));
  console.log(line(["---", ...loads.map(() => "---")]));
  for (const row of rows) console.log(line(row));
  console.log("\n" + line(["bytes an event", "bytes of the last event that lose nothing"]));
  console.log(line(["---", "---"]));
  for (const bytes of EVENT_BYTES) console.log(line([bytes, await paddingFor(reader, bytes)]));
  server.kill();
}

if (process.argv[2] === "serve") serve();
else if (process.argv[2] === "burn") burn();
else await measure();
