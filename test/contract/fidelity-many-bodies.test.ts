/** The memory of a body is used for the next one: no provider may ever see a byte of another request. */
import { expect } from 'chai';
import { closeAll } from '../support/close-all';
import { request } from '../support/http';
import { type MockProvider, startMockProvider } from '../support/mock-provider';
import { type RunningProxy, startProxy } from '../support/proxy';

const REQUESTS = 120;
const AT_ONCE = 12;

/** Nothing in it but the request's own number, so that a foreign byte shows. */
function bodyOf(number: number): string {
  const bytes = [40_000, 900, 70_000, 300_000, 33_000, 1_500_000][number % 6] ?? 0;
  const text = `${number} `.repeat(bytes / `${number} `.length);
  return `{"model":"mock-model","max_tokens":9,"messages":[{"role":"user","content":"${text}"}]}`;
}

describe('fidelity: many bodies', () => {
  let provider: MockProvider;
  let proxy: RunningProxy;

  before(async () => {
    provider = await startMockProvider();
    const mock = { name: 'mock', dialect: 'anthropic', api_base_url: provider.url, api_key: 'k' };
    proxy = await startProxy({ config: { providers: [mock], routes: { default: 'mock,mock-model' } }, workers: 1 });
  });
  after(() =>
    closeAll(
      () => proxy?.stop(),
      () => provider?.close(),
    ),
  );

  it('arrive each as it was sent, those of clients that went away between them', async () => {
    let next = 0;
    const client = async () => {
      for (let number = next++; number < REQUESTS; number = next++) {
        const leaves = number % 7 === 0;
        const asked = request({
          method: 'POST',
          url: `${proxy.url}/v1/messages`,
          headers: { 'content-type': 'application/json' },
          body: bodyOf(number),
          ...(leaves && { signal: AbortSignal.timeout(5) }),
        });
        if (leaves) await asked.catch(() => {});
        else expect((await asked).status).to.equal(200);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, client));

    const arrived = new Map<string, number>();
    for (const { body } of provider.requests) {
      const text = body.toString('latin1');
      const number = Number(/"content":"(\d+) /.exec(text)?.[1]);
      // One that was cut off is a beginning.
      expect(bodyOf(number).startsWith(text), `request ${number}, ${text.length} bytes`).to.equal(true);
      if (text === bodyOf(number)) arrived.set(`${number}`, 1);
    }
    const complete = Array.from({ length: REQUESTS }, (_, i) => i).filter((number) => number % 7 !== 0);
    expect(complete.filter((number) => !arrived.has(`${number}`))).to.deep.equal([]);
  });
});
