/** No key is where it does not belong: in every byte to and from each provider and each client, and in the whole log. */
import { expect } from 'chai';
import type { HeaderInput } from '../support/http-head';
import { RawClient, requestBytes } from '../support/raw-client';
import {
  asked,
  isTranslated,
  PROVIDER_NAMES,
  PROXY_KEY,
  type Proxied,
  startProxied,
  TARGETS,
} from '../support/simulator/proxied';
import { FAILURE_KINDS, type Failure, turn, type Ugliness } from '../support/simulator/simulator';

/** Credentials of the client for somebody else; the proxy ends them all. */
const OWN = ['sk-own-of-the-client-1', 'AIza-own-of-the-client-2', 'cookie-of-the-client-3'] as const;

const HEADERS: [string, HeaderInput][] = [
  ['x-api-key', { 'x-api-key': PROXY_KEY }],
  ['a Bearer', { authorization: `Bearer ${PROXY_KEY}` }],
  ['both', { 'x-api-key': PROXY_KEY, authorization: `Bearer ${PROXY_KEY}` }],
  [
    'all that a client may have',
    {
      ...{ 'x-api-key': PROXY_KEY, authorization: `Bearer ${OWN[0]}`, 'x-goog-api-key': OWN[1], cookie: `a=${OWN[2]}` },
      ...{ 'anthropic-version': '2023-06-01', 'anthropic-beta': 'x-2025-01-01', 'x-claude-code-session-id': 's' },
      ...{ 'x-forwarded-for': '203.0.113.7', forwarded: 'for=203.0.113.7', via: '1.1 x', 'x-real-ip': '203.0.113.7' },
    },
  ],
];

const BREAKS: [string, Ugliness][] = [
  ['a failure in the answer', { errorAfter: 2 }],
  ['an answer that ends early', { truncate: { after: 2, how: 'end' } }],
  ['a broken connection', { truncate: { after: 2, how: 'reset' } }],
];

describe('keys, in translation', () => {
  let all: Proxied;
  /** Everything that clients were told, heads included. */
  let told = Buffer.alloc(0);

  before(async () => {
    all = await startProxied();
  });
  after(() => all?.stop());
  beforeEach(() => {
    all.reset();
    told = Buffer.alloc(0);
  });

  async function ask(path: string, model: string, stream: boolean, headers: HeaderInput): Promise<number> {
    const limit = path === '/v1/messages' ? { max_tokens: 2000 } : {};
    const body = { model, ...limit, stream, messages: [{ role: 'user', content: 'Hi' }] };
    const version = path === '/v1/messages' ? { 'anthropic-version': '2023-06-01' } : {};
    const json = { 'content-type': 'application/json', connection: 'close', ...version, ...headers };
    const client = await RawClient.connect(all.proxy);
    await client.send(requestBytes('POST', path, json, body));
    const answer = await client.readToEnd();
    client.destroy();
    told = Buffer.concat([told, answer]);
    return Number(/^HTTP\/1\.1 (\d{3})/.exec(answer.toString('latin1'))?.[1] ?? 0);
  }

  function keysBut(mine: string | null): string[] {
    const keys = PROVIDER_NAMES.map((name) => all.sims[name].key ?? '');
    return [PROXY_KEY, ...OWN, ...keys].filter((key) => key !== mine);
  }

  function nothingLeaked(): void {
    for (const key of keysBut(null)) expect(told.includes(key), `${key} was told to a client`).to.equal(false);
    for (const name of PROVIDER_NAMES) {
      const { key, provider } = all.sims[name];
      for (const { rawHead, wireBody } of provider.requests) {
        const sent = Buffer.concat([rawHead, wireBody]);
        for (const other of keysBut(key)) expect(sent.includes(other), `${other} went to ${name}`).to.equal(false);
        expect(sent.toString('latin1').split(key ?? '')).to.have.length(2);
      }
    }
  }

  for (const path of ['/v1/messages', '/v1/chat/completions']) {
    for (const target of TARGETS) {
      describe(`${path}, ${asked(target)}`, () => {
        for (const [how, headers] of HEADERS) {
          it(`answers a client with ${how}`, async () => {
            const sim = all.simOf(target);
            for (const stream of [false, true]) {
              sim.next(turn({ thinking: 'Hm.', text: 'Hello' }));
              expect(await ask(path, asked(target), stream, headers)).to.equal(200);
            }
            // A head with anything that is somebody else's is refused by the simulator.
            expect(sim.refusals).to.deep.equal([]);
            expect(sim.provider.requests).to.have.length(2);
            nothingLeaked();
          });
        }

        it('failures of every kind', async () => {
          const failures: Failure[] = FAILURE_KINDS.map((kind) => ({ kind }));
          // Where nothing is translated, a provider's error goes back as it is.
          const client = path === '/v1/messages' ? 'anthropic' : 'openai';
          if (isTranslated(client, target)) failures.push({ kind: 'auth', tellKey: true });
          for (const failure of failures) {
            for (const stream of [false, true]) {
              all.simOf(target).fail(failure);
              expect(await ask(path, asked(target), stream, HEADERS[2]?.[1] ?? {})).to.be.within(400, 529);
            }
          }
          nothingLeaked();
        });

        for (const [name, ugliness] of BREAKS) {
          it(name, async () => {
            for (const stream of [false, true]) {
              all.simOf(target).next(turn({ text: 'one two three four five six' }), ugliness);
              await ask(path, asked(target), stream, HEADERS[3]?.[1] ?? {});
            }
            nothingLeaked();
          });
        }
      });
    }

    it(`${path}: what the proxy itself refuses`, async () => {
      const both = HEADERS[2]?.[1] ?? {};
      expect(await ask(path, 'nobody,x', false, both)).to.equal(404);
      expect(await ask(path, '', false, both)).to.equal(400);
      expect(await ask(path, 'sim-gemini,gemini-2.5-pro', false, { 'x-api-key': OWN[0] })).to.equal(401);
      nothingLeaked();
    });
  }

  // A suite's own tests come before those of the suites in it.
  describe('the log', () => {
    it('has none of them, after all that', async () => {
      const { output } = await all.proxy.stop();
      expect(output).to.include('sim-gemini').and.include('"status":200');
      for (const key of keysBut(null)) expect(output.includes(key), `${key} is in the log`).to.equal(false);
    });
  });
});
