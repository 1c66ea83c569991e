import { expect } from 'chai';
import type { Provider } from '../../shared/config/config';
import { RequestHeaders } from '../../worker/gateway/request-headers';
import { AccessRule } from '../../worker/http/access-rule';
import { headOfList } from '../support/request-head';
import { openAiTestProvider } from '../support/test-provider';

const access = new AccessRule({ apiKey: 'the-key', trustedProxies: [], host: '127.0.0.1' });
const anthropic = openAiTestProvider({ dialect: 'anthropic', keyHeader: 'x-api-key', apiKey: 'secret' });

/** One after the other, as one worker makes them. */
function passedOn(requests: readonly (readonly string[])[], provider: Provider = anthropic) {
  const headers = new RequestHeaders(access);
  return requests.map((request) => headers.passedOn(headOfList(request), provider)?.text ?? null);
}

const OWN = 'x-api-key: secret\r\n';

describe('the headers of requests that pass through', () => {
  it('have the values of their own request, whatever came before', () => {
    const requests = ['1', '1', '2', '', '1', '9'.repeat(2000), '1', '8'.repeat(2000)].map((value) => [
      'x-a',
      value,
      'accept-encoding',
      `gzip;q=0.${value}`,
    ]);
    expect(passedOn(requests)).to.deep.equal(
      requests.map(([, value]) => `x-a: ${value}\r\naccept-encoding: gzip;q=0.${value}\r\n${OWN}`),
    );
  });

  it('cannot be sent with one that would break out, and can with the next one again', () => {
    for (const [name, value] of [
      ['x-a', 'b\r\nx-evil: 1'],
      ['x a', 'b'],
      ['', 'b'],
    ] as const) {
      const sound = ['x-a', 'b'];
      const [first, ...others] = passedOn([sound, [name, value], [name, value], sound]);
      expect(others, JSON.stringify([name, value])).to.deep.equal([null, null, first]);
    }
    expect(passedOn([['cookie', 'a\nb']])).to.deep.equal([OWN]);
  });

  it('are without those that Connection names, wherever it stands', () => {
    const others = ['x-a', '1', 'x-b', '2', 'accept-encoding', 'gzip'];
    const named = ['connection', 'close, X-A', 'connection', ' accept-encoding'];
    for (const request of [
      [...others, ...named],
      [...named, ...others],
    ]) {
      expect(passedOn([request, others])).to.deep.equal([
        `x-b: 2\r\n${OWN}`,
        `x-a: 1\r\nx-b: 2\r\naccept-encoding: gzip\r\n${OWN}`,
      ]);
    }
    expect(passedOn([['connection', 'keep-alive', ...others]])).to.deep.equal(passedOn([others]));
  });

  it('may have names that objects know', () => {
    const request = ['__proto__', '1', 'constructor', '2', 'hasownproperty', '3'];
    expect(passedOn([request])).to.deep.equal([`__proto__: 1\r\nconstructor: 2\r\nhasownproperty: 3\r\n${OWN}`]);
  });

  it('are remembered for a bounded number of names', () => {
    const requests = Array.from({ length: 2500 }, (_, i) => [`x-${i}`, `${i}`]);
    expect(passedOn(requests)).to.deep.equal(requests.map(([name, value]) => `${name}: ${value}\r\n${OWN}`));
  });

  it('have the client’s credential only where the provider is to have it, and never the proxy’s key', () => {
    const requests = ['the-key', 'Bearer the-key', 'a, the-key', 'theirs', 'the-key'].map((value) => [
      'authorization',
      value,
    ]);
    const passthrough = openAiTestProvider({ dialect: 'anthropic', passthroughKey: true, apiKey: null });
    expect(passedOn(requests, passthrough)).to.deep.equal(['', '', '', 'authorization: theirs\r\n', '']);
    expect(passedOn(requests)).to.deep.equal(requests.map(() => OWN));
  });

  it('meant for Anthropic go nowhere else, and those of the configuration take the place of the client’s', () => {
    const request = ['anthropic-beta', 'a', 'x-claude-code-session-id', 'b', 'x-own', 'theirs', 'x-a', '1'];
    const headers = new RequestHeaders(access);
    const own = openAiTestProvider({ headers: { 'x-own': 'ours' }, apiKey: 'k' });
    expect(headers.passedOn(headOfList(request), own)?.text).to.equal(
      'x-a: 1\r\nx-own: ours\r\nauthorization: Bearer k\r\n',
    );
    expect(headers.passedOn(headOfList(request), anthropic)?.text).to.equal(
      `anthropic-beta: a\r\nx-claude-code-session-id: b\r\nx-own: theirs\r\nx-a: 1\r\n${OWN}`,
    );
  });
});
