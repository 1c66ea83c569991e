import { expect } from 'chai';
import { joinUrl } from '../../shared/config/join-url';

const MESSAGES = '/v1/messages';
const COUNT = '/v1/messages/count_tokens';
const CHAT = '/v1/chat/completions';
const GEMINI = '/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse';

const TABLE: [base: string, path: string, url: string][] = [
  ['https://api.anthropic.com', MESSAGES, 'https://api.anthropic.com/v1/messages'],
  ['https://api.anthropic.com/', MESSAGES, 'https://api.anthropic.com/v1/messages'],
  ['https://api.anthropic.com/v1', MESSAGES, 'https://api.anthropic.com/v1/messages'],
  ['https://api.anthropic.com/v1/', MESSAGES, 'https://api.anthropic.com/v1/messages'],
  ['https://api.anthropic.com/v1/messages', MESSAGES, 'https://api.anthropic.com/v1/messages'],
  ['https://api.anthropic.com/v1/messages/', MESSAGES, 'https://api.anthropic.com/v1/messages'],
  ['https://api.anthropic.com', COUNT, 'https://api.anthropic.com/v1/messages/count_tokens'],
  ['https://api.anthropic.com/', COUNT, 'https://api.anthropic.com/v1/messages/count_tokens'],
  ['https://api.anthropic.com/v1', COUNT, 'https://api.anthropic.com/v1/messages/count_tokens'],
  ['https://api.anthropic.com/v1/', COUNT, 'https://api.anthropic.com/v1/messages/count_tokens'],
  ['https://api.anthropic.com/v1/messages', COUNT, 'https://api.anthropic.com/v1/messages/count_tokens'],
  ['https://api.anthropic.com/v1/messages/count_tokens', MESSAGES, 'https://api.anthropic.com/v1/messages'],
  ['https://api.anthropic.com/v1', '/v1/messages?beta=true', 'https://api.anthropic.com/v1/messages?beta=true'],
  ['https://api.anthropic.com/v1/messages', '/v1/models', 'https://api.anthropic.com/v1/models'],

  ['https://api.deepseek.com/anthropic', MESSAGES, 'https://api.deepseek.com/anthropic/v1/messages'],
  ['https://api.deepseek.com/anthropic/v1', MESSAGES, 'https://api.deepseek.com/anthropic/v1/messages'],
  ['https://api.deepseek.com', CHAT, 'https://api.deepseek.com/v1/chat/completions'],
  ['https://api.deepseek.com/chat/completions', CHAT, 'https://api.deepseek.com/chat/completions'],
  ['https://openrouter.ai/api', MESSAGES, 'https://openrouter.ai/api/v1/messages'],
  ['https://openrouter.ai/api/v1', CHAT, 'https://openrouter.ai/api/v1/chat/completions'],
  ['https://openrouter.ai/api/v1/chat/completions', CHAT, 'https://openrouter.ai/api/v1/chat/completions'],
  ['https://api.groq.com/openai/v1', CHAT, 'https://api.groq.com/openai/v1/chat/completions'],
  ['http://localhost:11434/v1/', CHAT, 'http://localhost:11434/v1/chat/completions'],
  ['http://localhost:11434', CHAT, 'http://localhost:11434/v1/chat/completions'],

  // A version of its own, or none at all where the endpoint is given in full.
  [
    'https://ark.cn-beijing.volces.com/api/v3/chat/completions',
    CHAT,
    'https://ark.cn-beijing.volces.com/api/v3/chat/completions',
  ],
  ['https://open.bigmodel.cn/api/paas/v4/', CHAT, 'https://open.bigmodel.cn/api/paas/v4/chat/completions'],
  ['https://api.perplexity.ai/chat/completions', CHAT, 'https://api.perplexity.ai/chat/completions'],
  [
    'https://me.openai.azure.com/openai/deployments/gpt/chat/completions?api-version=2024-10-21',
    CHAT,
    'https://me.openai.azure.com/openai/deployments/gpt/chat/completions?api-version=2024-10-21',
  ],
  ['https://me.example/v1?key=1', '/v1/messages?beta=true', 'https://me.example/v1/messages?key=1&beta=true'],

  // A gateway's version before the provider's part of the path.
  [
    'https://gateway.ai.cloudflare.com/v1/acct/gw/anthropic',
    MESSAGES,
    'https://gateway.ai.cloudflare.com/v1/acct/gw/anthropic/v1/messages',
  ],

  [
    'https://generativelanguage.googleapis.com/v1beta',
    GEMINI,
    'https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse',
  ],
  [
    'https://generativelanguage.googleapis.com',
    GEMINI,
    'https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse',
  ],
  [
    'https://generativelanguage.googleapis.com/v1beta/models/',
    GEMINI,
    'https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse',
  ],
  [
    'https://generativelanguage.googleapis.com/v1beta/openai/',
    CHAT,
    'https://generativelanguage.googleapis.com/v1beta/openai/chat/completions',
  ],

  // Hosts that are called like an endpoint.
  ['http://messages', MESSAGES, 'http://messages/v1/messages'],
  ['http://models/', CHAT, 'http://models/v1/chat/completions'],
  ['http://v1:8080', MESSAGES, 'http://v1:8080/v1/messages'],
];

describe('joinUrl', () => {
  for (const [base, path, url] of TABLE) {
    it(`${base} + ${path}`, () => expect(joinUrl(base, path)).to.equal(url));
  }
});
