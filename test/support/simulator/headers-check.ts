/** Whether a request's head is one for this provider: its own key and nothing of anybody else's. */
import type { MockRequest } from '../mock-provider';
import { Refused } from './refused';

export type SimulatedDialect = 'anthropic' | 'openai' | 'gemini';

/** Credentials of all sorts, and what a proxy says of those before it. */
const NEVER = /^(?:cookie|proxy-authorization|forwarded|x-forwarded-.*|x-real-ip|via|x-client-ip|cf-connecting-ip)$/;
const ANTHROPIC_ONLY = /^(?:anthropic-.*|x-claude-.*|x-api-key)$/;
const KEY_HEADERS = ['authorization', 'x-api-key', 'x-goog-api-key', 'api-key'];

/** @throws Refused with 401 for a wrong key, 400 for a header that belongs to somebody else */
export function checkHead(request: MockRequest, dialect: SimulatedDialect, key: string | null): void {
  for (const [written] of request.rawHeaders) {
    const name = written.toLowerCase();
    if (NEVER.test(name) || (dialect !== 'anthropic' && ANTHROPIC_ONLY.test(name))) {
      throw new Refused(`The header ${name} is not for this provider`);
    }
  }
  checkKey(request, dialect, key);
  if (!/^application\/json(?:;|$)/.test(request.headers['content-type'] ?? '')) {
    throw new Refused(`Unsupported content type: ${request.headers['content-type']}`, { status: 415 });
  }
  if (request.headers['content-encoding'] !== undefined) throw new Refused('Unsupported content encoding');
  if (dialect === 'anthropic' && request.headers['anthropic-version'] === undefined) {
    throw new Refused('anthropic-version: header is required');
  }
}

/** There is one credential, it is the key, and it is in a header of this provider's. */
function checkKey(request: MockRequest, dialect: SimulatedDialect, key: string | null): void {
  const accepted = key === null ? [] : accepting(dialect, key);
  const sent = request.rawHeaders.filter(([written]) => KEY_HEADERS.includes(written.toLowerCase()));
  const others = sent.filter(([written]) => !accepted.some(([name]) => name === written.toLowerCase()));
  if (others.length > 0) {
    throw new Refused(`A credential in ${others.map(([written]) => written.toLowerCase()).join(', ')}`);
  }
  if (new URLSearchParams(request.query).has('key')) throw new Refused('A key in the query ends in logs');
  const [first] = sent;
  if (key === null) return;
  if (first === undefined) throw new Refused('No API key', { status: 401 });
  const isRight = accepted.some(([name, value]) => first[0].toLowerCase() === name && first[1] === value);
  if (sent.length > 1 || !isRight) throw new Refused('Wrong API key', { status: 401 });
}

function accepting(dialect: SimulatedDialect, key: string): [name: string, value: string][] {
  const bearer: [string, string] = ['authorization', `Bearer ${key}`];
  switch (dialect) {
    case 'anthropic':
      // Documented is x-api-key; the official SDK (1.12) sends the same key as a Bearer.
      return [['x-api-key', key], bearer];
    case 'openai':
      return [bearer];
    case 'gemini':
      return [['x-goog-api-key', key]];
  }
}
