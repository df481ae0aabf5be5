"""Other languages: JavaScript and TypeScript, R, shell."""

from tests.scan.pipelines.pipeline import Pipeline

PIPELINES = [
    Pipeline(
        "lineup-script",
        files={
            "job.slurm": """\
#!/bin/bash
#SBATCH --gres=gpu:4
vllm serve Qwen/Qwen2.5-72B-Instruct --port 8000 &
curl https://api.openai.com/v1/chat/completions -H 'x' -d '{"model": "gpt-4o"}'
""",
        },
        channels="openai",
        models="gpt-4o",
        sites="job.slurm:4",
    ),
    Pipeline(
        "curl-multi-line",
        files={
            "ask.sh": """\
curl -s \\
  -H "x-api-key: $KEY" \\
  https://api.anthropic.com/v1/messages \\
  -d '{"model": "claude-3-opus-20240229", "max_tokens": 3}'
""",
        },
        channels="anthropic",
        models="claude-3-opus-20240229",
        sites="ask.sh:3",
    ),
    Pipeline(
        "ts-openai",
        files={
            "src/gen.ts": """\
import OpenAI from 'openai';
const client = new OpenAI();
const MODEL = 'gpt-4o-mini';
export async function ask(p: string) {
  return client.chat.completions.create({ model: MODEL, messages: [] });
}
ask('x');
""",
        },
        channels="openai",
        models="gpt-4o-mini",
        sites="src/gen.ts:5",
    ),
    Pipeline(
        "ts-anthropic",
        files={
            "gen.ts": """\
import Anthropic from '@anthropic-ai/sdk';
const a = new Anthropic({ apiKey: process.env.K });
await a.messages.create({
  max_tokens: 5,
  model: 'claude-3-5-sonnet-latest',
  messages: [],
});
""",
        },
        channels="anthropic",
        models="claude-3-5-sonnet-latest",
        sites="gen.ts:3",
    ),
    Pipeline(
        "ts-ai-sdk",
        files={
            "gen.ts": """\
import { generateText } from 'ai';
import { openai } from '@ai-sdk/openai';
const { text } = await generateText({ model: openai('gpt-4-turbo'), prompt: 'x' });
""",
        },
        channels="openai",
        models="gpt-4-turbo",
        sites="gen.ts:3",
    ),
    Pipeline(
        "ts-ai-sdk-create",
        files={
            "lib.ts": """\
import { createOpenAI } from '@ai-sdk/openai';
export const groq = createOpenAI({ baseURL: 'https://api.groq.com/openai/v1' });
""",
            "gen.ts": """\
import { generateObject } from 'ai';
import { groq } from './lib';
await generateObject({ model: groq('llama-3.1-8b-instant'), prompt: 'x' });
""",
        },
        channels="groq",
        models="llama-3.1-8b-instant",
    ),
    Pipeline(
        "ts-langchain",
        files={
            "gen.ts": """\
import { ChatAnthropic } from '@langchain/anthropic';
const m = new ChatAnthropic({ model: 'claude-3-haiku-20240307' });
await m.invoke('x');
""",
        },
        channels="anthropic",
        models="claude-3-haiku-20240307",
        sites="gen.ts:2",
    ),
    Pipeline(
        "ts-fetch",
        files={
            "gen.js": """\
const URL = 'https://api.openai.com/v1/chat/completions';
async function ask() {
  const r = await fetch(URL, { method: 'POST', body: JSON.stringify({ model: 'gpt-4o', messages: [] }) });
}
ask();
""",
        },
        channels="openai",
        models="gpt-4o",
        sites="gen.js:3",
    ),
    Pipeline(
        "ts-google",
        files={
            "g.ts": """\
import { GoogleGenerativeAI } from '@google/generative-ai';
const g = new GoogleGenerativeAI(process.env.K!);
const m = g.getGenerativeModel({ model: 'gemini-1.5-flash' });
await m.generateContent('x');
""",
        },
        channels="google",
        models="gemini-1.5-flash",
        sites="g.ts:4",
    ),
    Pipeline(
        "ts-bedrock",
        files={
            "b.ts": """\
import { BedrockRuntimeClient, InvokeModelCommand } from '@aws-sdk/client-bedrock-runtime';
const c = new BedrockRuntimeClient({ region: 'us-east-1' });
await c.send(new InvokeModelCommand({ modelId: 'anthropic.claude-3-haiku-20240307-v1:0', body: '{}' }));
""",
        },
        channels="amazon-bedrock",
        models="anthropic.claude-3-haiku-20240307-v1:0",
        sites="b.ts:3",
    ),
    Pipeline(
        "r-ellmer",
        files={
            "gen.R": """\
library(ellmer)
chat <- chat_openai(model = "gpt-4o", system_prompt = "x")
chat$chat("hello")
c2 <- ellmer::chat_anthropic(model = "claude-3-5-sonnet-latest")
""",
        },
        channels="anthropic openai",
        models="claude-3-5-sonnet-latest gpt-4o",
        sites="gen.R:2 gen.R:4",
    ),
    Pipeline(
        "r-httr2",
        files={
            "gen.R": """\
library(httr2)
req <- request("https://api.openai.com/v1/chat/completions") |>
  req_body_json(list(model = "gpt-4o-mini", messages = list()))
resp <- req_perform(req)
""",
        },
        channels="openai",
        models="gpt-4o-mini",
        sites="gen.R:2",
    ),
    Pipeline(
        "r-openai-package",
        files={
            "gen.R": """\
library(openai)
r <- create_chat_completion(model = 'gpt-3.5-turbo', messages = list())
""",
        },
        channels="openai",
        models="gpt-3.5-turbo",
        sites="gen.R:2",
    ),
    Pipeline(
        "notebook-r",
        files={
            "gen.Rmd": """\
---
title: x
---
We call https://api.openai.com/v1/chat/completions in prose.

```{r}
library(ellmer)
ch <- chat_google_gemini(model = 'gemini-2.0-flash')
```
""",
        },
        channels="google",
        models="gemini-2.0-flash",
        sites="gen.Rmd:8",
    ),
]
