import { expect } from 'chai';
import { AccessRule, addressText } from '../../worker/http/access-rule';
import { headOf } from '../support/request-head';

const LOOPBACK = Uint8Array.of(127, 0, 0, 1);

function level(rule: AccessRule, headers: Record<string, string>, peer: Uint8Array = LOOPBACK): string {
  return rule.level(headOf(headers, peer));
}

describe('access rule', () => {
  const rule = new AccessRule({ apiKey: 'the-key', trustedProxies: [], host: '127.0.0.1' });

  for (const [host, expected] of [
    ['localhost', 'local'],
    ['LOCALHOST:3456', 'local'],
    ['127.0.0.1:3456', 'local'],
    ['127.9.9.9', 'local'],
    ['[::1]', 'local'],
    ['[::1]:3456', 'local'],
    ['[::1].evil.example', 'denied'],
    ['[::1]evil.example:80', 'denied'],
    ['localhost.evil.example', 'denied'],
    ['evil.example', 'denied'],
    ['127.0.0.1.evil.example', 'denied'],
    ['2130706433', 'denied'],
    ['127.1', 'denied'],
    ['', 'denied'],
  ] as const) {
    it(`Host ${JSON.stringify(host)}: ${expected}`, () => {
      expect(level(rule, { host })).to.equal(expected);
    });
  }

  it('takes the peer from the socket: 127/8, ::1 and the mapped form', () => {
    const mapped = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 1, 2, 3);
    const one = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);
    const remote = Uint8Array.of(10, 0, 0, 1);
    const host = { host: 'localhost' };
    expect([LOOPBACK, mapped, one, remote].map((peer) => level(rule, host, peer))).to.deep.equal([
      'local',
      'local',
      'local',
      'denied',
    ]);
    expect([mapped, one].map(addressText)).to.deep.equal(['127.1.2.3', '::1']);
  });

  it('a key opens from anywhere, and only as it is', () => {
    const remote = Uint8Array.of(10, 0, 0, 1);
    for (const authorization of ['Bearer the-key', 'bearer the-key', 'BEARER   the-key ']) {
      expect(level(rule, { host: 'x', authorization }, remote)).to.equal('key');
    }
    for (const authorization of ['the-key', 'Basic the-key', 'Bearer the-key2', 'Bearer', '']) {
      expect(level(rule, { host: 'x', authorization }, remote), authorization).to.equal('denied');
    }
    expect(level(rule, { host: 'x', 'x-api-key': 'the-key' }, remote)).to.equal('key');
  });

  for (const [host, client] of [
    ['127.0.0.1', '127.0.0.1'],
    ['::1', '::1'],
    ['0.0.0.0', '10.0.0.1'],
    ['::', '10.0.0.1'],
    ['127.0.0.2', '10.0.0.1'],
    ['localhost', '10.0.0.1'],
  ] as const) {
    it(`listening on ${host}, a client with the key is taken to be at ${client}, and any other where it is`, () => {
      const listening = new AccessRule({ apiKey: 'the-key', trustedProxies: [], host });
      const head = headOf({ host: 'x', 'x-api-key': 'the-key' }, Uint8Array.of(10, 0, 0, 1));
      expect(listening.clientOf(head, 'key')).to.equal(client);
      expect(listening.clientOf(head, 'local')).to.equal('10.0.0.1');
      expect(listening.clientOf(head, 'denied')).to.equal('10.0.0.1');
    });
  }

  it('believes trusted proxies alone, with the key and on the loopback address, too', () => {
    const named = { host: 'x', 'x-forwarded-for': '10.9.9.9' };
    const listening = new AccessRule({ apiKey: 'the-key', trustedProxies: ['127.0.0.2/32'], host: '127.0.0.1' });
    for (const level of ['key', 'denied'] as const) {
      expect(listening.clientOf(headOf(named, Uint8Array.of(127, 0, 0, 2)), level)).to.equal('10.9.9.9');
      for (const peer of [1, 3]) {
        const head = headOf(named, Uint8Array.of(127, 0, 0, peer));
        expect(listening.clientOf(head, level)).to.equal(`127.0.0.${peer}`);
      }
    }
  });

  it('no key is right where none is configured', () => {
    const open = new AccessRule({ apiKey: null, trustedProxies: [], host: '127.0.0.1' });
    expect(level(open, { host: 'x', 'x-api-key': '' }, Uint8Array.of(10, 0, 0, 1))).to.equal('denied');
    expect(level(open, { host: 'x', authorization: 'Bearer null' }, Uint8Array.of(10, 0, 0, 1))).to.equal('denied');
  });
});
