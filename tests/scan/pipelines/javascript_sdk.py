"""JavaScript in which a model is made in one place and asked in another: Vercel's AI SDK, wrappers, imports by address."""

from tests.scan.pipelines.pipeline import Pipeline

PIPELINES = [
    Pipeline(
        "ts-provider-only-where-its-key-is-set",
        files={
            "src/models.ts": """\
import { createFireworks } from '@ai-sdk/fireworks';
import { createOpenAI } from '@ai-sdk/openai';
import { wrapLanguageModel } from 'ai';
const first = process.env.A ? createOpenAI({ apiKey: process.env.A }) : undefined;
const second = process.env.B ? createFireworks({ apiKey: process.env.B }) : undefined;
const small = first?.('o3-mini', { reasoningEffort: 'low' });
const large = second ? wrapLanguageModel({ model: second('accounts/fireworks/models/deepseek-r1'), middleware }) : undefined;
export function pick() {
  const chosen = large ?? small;
  return chosen as any;
}
""",
            "src/ask.ts": """\
import { generateObject } from 'ai';
import { pick } from './models';
export async function write(topic: string) {
  return await generateObject({
    model: pick(),
    prompt: topic,
  });
}
""",
        },
        channels="fireworks openai",
        models="o3-mini accounts/fireworks/models/deepseek-r1",
        sites="src/models.ts:6 src/models.ts:7 src/ask.ts:4",
    ),
    Pipeline(
        "ts-table-of-providers-made-and-asked-at-once",
        files={
            "lib/models.ts": """\
import { createAnthropic } from '@ai-sdk/anthropic'
import { createOpenAI } from '@ai-sdk/openai'
export function modelFor(id: string, kind: string, { key, baseURL }: Options) {
  const makers = {
    anthropic: () => createAnthropic({ key, baseURL })(id),
    groq: () => createOpenAI({ key, baseURL: baseURL || 'https://api.groq.com/openai/v1' })(id),
  }
  const make = makers[kind as keyof typeof makers]
  return make()
}
""",
            "app/route.ts": """\
import { streamText } from 'ai'
import { modelFor } from '@/lib/models'
export async function POST(req: Request) {
  const model = modelFor('x', 'y', {})
  return streamText({ model, messages: [] })
}
""",
        },
        channels="anthropic groq",
        sites="lib/models.ts:5 lib/models.ts:6 app/route.ts:5",
    ),
    Pipeline(
        "ts-azure-told-by-its-header",
        files={
            "route.ts": """\
import OpenAI from 'openai'
const client = new OpenAI({
  baseURL: `${profile.endpoint}/openai/deployments/${ID}`,
  defaultQuery: { 'api-version': '2023-12-01-preview' },
  defaultHeaders: { 'api-key': KEY },
})
await client.chat.completions.create({ model: ID, messages })
""",
        },
        channels="azure",
        sites="route.ts:7",
    ),
    Pipeline(
        "ts-client-handed-in",
        files={
            "judge.ts": """\
import type OpenAI from 'openai'
export async function grade(api: OpenAI, answer: string) {
  return api.chat.completions.create({ model: 'gpt-4o', messages: [{ role: 'user', content: answer }] })
}
""",
        },
        channels="openai",
        models="gpt-4o",
        sites="judge.ts:3",
    ),
    Pipeline(
        "deno-imports-by-address",
        files={
            "gen.ts": """\
import OpenAI from "npm:openai@4.28.0";
import Anthropic from "https://esm.sh/@anthropic-ai/sdk@0.20";
const one = new OpenAI();
const two = new Anthropic();
await one.chat.completions.create({ model: "gpt-4o-mini", messages: [] });
await two.messages.create({ model: "claude-3-haiku-20240307", messages: [] });
""",
        },
        channels="anthropic openai",
        models="gpt-4o-mini claude-3-haiku-20240307",
        sites="gen.ts:5 gen.ts:6",
    ),
    Pipeline(
        "ts-client-from-a-function",
        files={
            "client.ts": """\
import Groq from 'groq-sdk'
export const connect = () => new Groq({ apiKey: process.env.K })
""",
            "gen.ts": """\
import { connect } from './client'
const api = connect()
export const write = async (q: string) => api.chat.completions.create({ model: 'llama-3.3-70b-versatile', messages: [] })
""",
        },
        channels="groq",
        models="llama-3.3-70b-versatile",
        sites="gen.ts:3",
    ),
    Pipeline(
        "ts-gateway-by-name",
        files={
            "gen.ts": """\
import { generateText } from 'ai'
const answer = await generateText({ model: 'anthropic/claude-sonnet-4', prompt: 'x' })
""",
        },
        channels="anthropic",
        sites="gen.ts:2",
    ),
    Pipeline(
        "ts-gemini-chat",
        files={
            "gen.ts": """\
import { GoogleGenerativeAI } from '@google/generative-ai'
const api = new GoogleGenerativeAI(process.env.K)
const model = api.getGenerativeModel({ model: 'gemini-1.5-pro' })
const chat = model.startChat({ history: [] })
const reply = await chat.sendMessageStream('x')
""",
        },
        channels="google",
        models="gemini-1.5-pro",
        sites="gen.ts:5",
    ),
]
