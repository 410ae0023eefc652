// The `openai` package in the place of client_overhead_curl.c. Run from a folder that has it.
import OpenAI from 'openai';

const [url, kind, digits] = process.argv.slice(2);
const count = Number(digits);
const isStream = kind === 'stream';
const body = { model: 'm', messages: [{ role: 'user', content: 'Hello!' }] };
const client = (events) => new OpenAI({ baseURL: `${url}/${events}/v1`, apiKey: 'none' });

async function readStream(events) {
  let chunks = 0;
  const stream = await client(events).chat.completions.create({ ...body, stream: true });
  for await (const chunk of stream) chunks += chunk.choices.length > 0 ? 1 : 0;
  return chunks;
}

const caller = client(0);
if (isStream) await readStream(2000);
else for (let i = 0; i < 200; i += 1) await caller.chat.completions.create(body);  // compiled, warm
const before = process.cpuUsage();
let done = 0;
if (isStream) done = await readStream(count);
else for (; done < count; done += 1) await caller.chat.completions.create(body);
const took = process.cpuUsage(before);
console.log(JSON.stringify({ count: done, cpu_us: took.user + took.system }));
