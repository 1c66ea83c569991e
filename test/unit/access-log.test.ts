import { expect } from 'chai';
import { redactor } from '../../shared/logger';
import { AccessLog } from '../../worker/gateway/access-log';
import type { ExchangeRecord } from '../../worker/gateway/exchange-record';
import { exchangeRecord } from '../support/exchange-record';

/** Of the kernel: what is no longer than this is written to a pipe in one piece (PIPE_BUF, pipe(7)). */
const ATOMIC_BYTES = 4096;

/** Counted in characters, too many lines with this in them would go into a batch. */
const WIDE = '東é🙂'.repeat(20);

const SECRET = 'sk-"secret"';
const redact = redactor([SECRET]);

/** What is written for these records, as it is handed over. */
function written(records: readonly ExchangeRecord[], { pretty = false, processName = 'worker 1' } = {}): string[] {
  const writes: string[] = [];
  const log = new AccessLog({ write: (lines) => writes.push(lines), redact, pretty }, processName);
  log.write(records);
  return writes;
}

function lineFor(more: Partial<ExchangeRecord>): Record<string, unknown> {
  const [text = '', ...others] = written([exchangeRecord(more)])
    .join('')
    .split('\n')
    .filter((line) => line !== '');
  expect(others, 'further lines').to.deep.equal([]);
  return JSON.parse(text);
}

describe('access log', () => {
  it('writes a JSON line with all fields in order', () => {
    const line = lineFor({ sessionId: 's-1' });
    expect(Object.keys(line)).to.deep.equal([
      ...['level', 'message', 'process', 'timestamp', 'id', 'client', 'session', 'method', 'path', 'model', 'provider'],
      ...['route', 'status', 'failure', 'input_tokens', 'output_tokens', 'ttfb_ms', 'duration_ms'],
    ]);
    expect(line).to.deep.include({ level: 'info', message: 'request', process: 'worker 1', id: 'req_0001' });
    expect(line).to.deep.include({ session: 's-1', status: 200, input_tokens: 5, output_tokens: 7 });
    expect(line).to.deep.include({ ttfb_ms: 12.3, duration_ms: 100.1 });
    expect(new Date(String(line['timestamp'])).toISOString()).to.equal(line['timestamp']);
  });

  it('tells when each request ended, also of those that are written together', () => {
    const before = Date.now();
    // An account may come later than the end: that of the first one here.
    const start = performance.now() - 2000;
    const ends = [0, 0.4, 1, 999.5, 2500, 61_000].map((ms) => exchangeRecord({ endedAt: start + ms }));
    const times = written(ends)
      .join('')
      .trim()
      .split('\n')
      .map((line) => Date.parse(JSON.parse(line).timestamp));
    const [first = 0] = times;
    expect(first).to.be.within(before - 2001, Date.now() - 1999);
    for (const [i, offset] of [0, 0.4, 1, 999.5, 2500, 61_000].entries()) {
      expect((times[i] ?? 0) - first, `${offset}`).to.be.within(offset - 1, offset + 1);
    }
  });

  it('has every character of a client’s text as it was', () => {
    for (let code = 0; code < 0x300; code++) {
      const text = `a${String.fromCharCode(code)}`;
      expect(lineFor({ model: text, requestId: text })).to.include({ model: text, id: text });
    }
  });

  it('has each id as it is: ours, and a provider’s in its place', () => {
    const ids = ['req_0001', 'req_from-provider.1', 'req_"1"', 'req_東', 'req_0002'];
    const lines = written(ids.map((requestId) => exchangeRecord({ requestId, hasOwnId: /^req_\d+$/.test(requestId) })))
      .join('')
      .trim()
      .split('\n');
    expect(lines.map((line) => JSON.parse(line).id)).to.deep.equal(ids);
  });

  for (const name of ['requestId', 'sessionId', 'path', 'model', 'provider', 'route', 'failure'] as const) {
    it(`has no secret in ${name}, nor half of one where a long text is cut`, () => {
      for (const before of [0, 195]) {
        const more = { [name]: `${'a'.repeat(before)}${SECRET}` };
        const lines = [exchangeRecord(more), exchangeRecord(), exchangeRecord(more)];
        expect(written(lines).join(''), `${before} before`).to.include('***').and.not.to.include('sk-');
        expect(written(lines, { pretty: true }).join(''), `${before} before`).not.to.include('sk-');
      }
    });
  }

  it('says null for what there was not', () => {
    const nothing = lineFor({ usage: null, headAt: 0 });
    expect(nothing).to.include({ input_tokens: null, output_tokens: null, ttfb_ms: null });
  });

  const failures: [Partial<ExchangeRecord>, string][] = [
    [{}, ''],
    [{ failure: 'reset' }, 'reset'],
    [{ refused: 'authentication_error' }, 'authentication_error'],
    [{ refused: 'api_error', failure: 'refused' }, 'refused'],
    [{ abortedIn: 'response', failure: 'reset' }, 'client_gone_response'],
  ];
  for (const [more, failure] of failures) {
    it(`tells the failure of ${JSON.stringify(more)} as ${JSON.stringify(failure)}`, () => {
      expect(lineFor(more)['failure']).to.equal(failure);
    });
  }

  const hostile: [what: string, text: string][] = [
    ['quotes and backslashes', '"},{\\"a\\":"\\'],
    ['line breaks', 'a\r\nb\n{"level":"error"}'],
    ['control characters', '\u0000\u001b[31m\u0007\u0085\u2028\u2029'],
    ['half of a pair', 'x\ud800y'],
    ['other scripts', '東京 🙂 naïve'],
    ['a line break at its end', 'model\n'],
  ];
  for (const pretty of [false, true]) {
    describe(pretty ? 'for a terminal' : 'as JSON', () => {
      for (const [what, text] of hostile) {
        it(`a client’s ${what} stay within one line`, () => {
          const more = { model: text, sessionId: text, requestId: text, path: '/v1/messages' };
          const output = written([exchangeRecord(more)], { pretty }).join('');
          expect(output.indexOf('\n')).to.equal(output.length - 1);
          // biome-ignore lint/suspicious/noControlCharactersInRegex: none of them may reach a terminal.
          expect(output.slice(0, -1)).not.to.match(/[\u0000-\u001f]/);
          if (!pretty) expect(lineFor(more)).to.include({ model: text, session: text, id: text, provider: 'mock' });
        });
      }
    });
  }

  it('bounds a client’s text', () => {
    const line = lineFor({ model: 'm"'.repeat(5000), sessionId: 's'.repeat(5000) });
    expect(String(line['model'])).to.have.length(200);
    expect(String(line['session'])).to.have.length(200);
  });

  describe('hands over what a pipe takes in one piece', () => {
    const kinds: [what: string, more: Partial<ExchangeRecord>][] = [
      ['plain lines', {}],
      ['long lines', { model: 'm'.repeat(200), sessionId: 's'.repeat(200) }],
      ['lines of several bytes a character', { model: '東'.repeat(200), sessionId: '🙂'.repeat(100) }],
      [
        'lines of nothing but escapes',
        { model: '\u0001'.repeat(200), sessionId: '\u0001'.repeat(200), requestId: '\u0001'.repeat(200) },
      ],
      ['lines with an id of several bytes a character', { requestId: WIDE }],
      ['lines with a failure of several bytes a character', { failure: WIDE }],
      ['lines with a client of several bytes a character', { client: WIDE }],
    ];
    for (const [what, more] of kinds) {
      it(`${what}: whole lines, at most ${ATOMIC_BYTES} bytes, none lost`, () => {
        const writes = written(Array.from({ length: 100 }, (_, i) => exchangeRecord({ ...more, status: 100 + i })));
        for (const text of writes) {
          expect(text.endsWith('\n')).to.equal(true);
          expect(Buffer.byteLength(text), 'bytes of one write').to.be.at.most(ATOMIC_BYTES);
        }
        const statuses = writes
          .join('')
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line).status);
        expect(statuses).to.deep.equal(Array.from({ length: 100 }, (_, i) => 100 + i));
      });
    }

    it('whole lines of a process with a name of several bytes a character', () => {
      const writes = written(
        Array.from({ length: 100 }, () => exchangeRecord()),
        { processName: WIDE },
      );
      for (const text of writes) expect(Buffer.byteLength(text)).to.be.at.most(ATOMIC_BYTES);
    });

    it('a line that is longer alone', () => {
      const long = '\u0001'.repeat(200);
      const more = { model: long, sessionId: long, requestId: long, path: long };
      const writes = written([exchangeRecord(), exchangeRecord(more), exchangeRecord(), exchangeRecord()]);
      expect(writes.map((text) => text.split('\n').length - 1)).to.deep.equal([1, 1, 2]);
      expect(writes[1]).to.have.length.above(ATOMIC_BYTES);
    });

    for (const model of ['claude-x', '東']) {
      it(`many lines in one write, so that a line costs little, also of ${model}`, () => {
        expect(written(Array.from({ length: 100 }, () => exchangeRecord({ model }))).length).to.be.below(12);
      });
    }
  });

  it('is short on a terminal', () => {
    const text = written([exchangeRecord()], { pretty: true }).join('');
    expect(text).to.match(
      /^\d\d:\d\d:\d\d\.\d{3} worker 1: 200 \/v1\/messages mock "claude-x" \(default\), 5 tokens in, 7 out, 99 ms|100 ms/,
    );
  });
});
