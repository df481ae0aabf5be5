// JavaScript: Node's own fetch and HTTP/2, the openai package, and the Vercel AI SDK.
import http2 from "node:http2";
import { readFileSync } from "node:fs";
import OpenAI from "openai";
import { generateText, streamText } from "ai";
import { createOpenAI } from "@ai-sdk/openai";

const KEY = "sk-matrix-0123456789abcdef";
const version = (name) => JSON.parse(readFileSync(new URL(`./node_modules/${name}/package.json`, import.meta.url))).version;
const prompt = (client, which, words = "") => `matrix:${client}:${which}; At what temperature does water boil? ${words}`;
const body = (client, which, more = {}) =>
  JSON.stringify({ model: "gpt-4o", messages: [{ role: "user", content: prompt(client, which) }], ...more });
const check = (held, text) => {
  if (!held) throw new Error(text);
};

async function run(client, itsVersion, cases) {
  for (const [name, each] of Object.entries(cases)) {
    const line = { client, version: itsVersion, case: name };
    try {
      line.made = await each(name);
    } catch (error) {
      line.problem = `${error.name}: ${error.message} ${error.cause ?? ""}`.slice(0, 900);
    }
    process.stdout.write(JSON.stringify(line) + "\n");
  }
}

const headers = { "Content-Type": "application/json", Authorization: `Bearer ${KEY}` };
const chat = "https://api.openai.com/v1/chat/completions";

await run("Node fetch", process.versions.node, {
  "keep-alive": async (name) => {
    for (const number of [0, 1, 2]) {
      const answer = await fetch(chat, { method: "POST", headers, body: body("Node fetch", name, { seed: number }) });
      check((await answer.json()).choices, "no answer");
    }
    return 3;
  },
  SSE: async (name) => {
    const answer = await fetch(chat, { method: "POST", headers, body: body("Node fetch", name, { stream: true }) });
    check((await answer.text()).includes("[DONE]"), "no end");
    return 1;
  },
});

// Node's HTTP/2 client offers nothing but h2; the host behind it speaks HTTP/1.1 alone.
const overHttp2 = (host, name, words) =>
  new Promise((resolve, reject) => {
    const session = http2.connect(`https://${host}`);
    session.on("error", reject);
    const asked = JSON.stringify({ model: "gpt-4o", messages: [{ role: "user", content: prompt("Node http2", name, words) }] });
    const stream = session.request({ ":method": "POST", ":path": "/v1/chat/completions", ...headers });
    let text = "";
    stream.setEncoding("utf8");
    stream.on("data", (part) => (text += part));
    stream.on("end", () => (session.close(), resolve(text)));
    stream.on("error", reject);
    stream.end(asked);
  });

await run("Node http2", process.versions.node, {
  "HTTP/2": async (name) => (check((await overHttp2("api.openai.com", name)).includes("choices"), "no answer"), 1),
  "HTTP/2 only, server HTTP/1.1 only": async (name) => {
    const answers = await Promise.all([overHttp2("api.teacher.example", name, "1"), overHttp2("api.teacher.example", name, "[[chunked]]")]);
    check(answers.every((text) => text.includes("choices")), `no answer: ${answers}`);
    return 2;
  },
});

const client = new OpenAI({ apiKey: KEY });
const messages = (name) => [{ role: "user", content: prompt("openai (npm)", name) }];
await run("openai (npm)", version("openai"), {
  chat: async (name) => {
    const answer = await client.chat.completions.create({ model: "gpt-4o", messages: messages(name) });
    check(answer.choices[0].message.content, "no answer");
    return 1;
  },
  "chat, SSE": async (name) => {
    const parts = await client.chat.completions.create({ model: "gpt-4o", messages: messages(name), stream: true });
    let text = "";
    for await (const part of parts) text += part.choices[0]?.delta?.content ?? "";
    check(text, "no answer");
    return 1;
  },
  "429, then retried": async (name) => {
    const asked = [{ role: "user", content: prompt("openai (npm)", name, "[[429 once]]") }];
    await client.chat.completions.create({ model: "gpt-4o", messages: asked });
    return 1;
  },
});

const provider = createOpenAI({ apiKey: KEY });
await run("ai (Vercel)", version("ai"), {
  "responses, generateText": async (name) => {
    const answer = await generateText({ model: provider("gpt-4o"), prompt: prompt("ai (Vercel)", name) });
    check(answer.text, "no answer");
    return 1;
  },
  "chat, streamText": async (name) => {
    const answer = streamText({ model: provider.chat("gpt-4o"), prompt: prompt("ai (Vercel)", name) });
    check(await answer.text, "no answer");
    return 1;
  },
});
