import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { buildReply, type Reply } from '../../worker/sandbox/reply';
import { parseMessagesRequest } from '../../worker/sandbox/request';
import { streamReply } from '../../worker/sandbox/stream';

function replyTo(fields: Record<string, unknown> = {}): Reply {
  const body = { model: 'm', max_tokens: 1000, messages: [{ role: 'user', content: 'Hi' }], ...fields };
  return buildReply(parseMessagesRequest(JSON.stringify(body)), (prefix) => `${prefix}_1`);
}

interface Event {
  type: string;
  [field: string]: unknown;
}

/** Checks the framing of each event and returns its data. */
function eventsOf(sse: string): Event[] {
  expect(sse.endsWith('\n\n')).to.equal(true);
  return sse
    .slice(0, -2)
    .split('\n\n')
    .map((frame) => {
      const [, name, data] = /^event: (\w+)\ndata: (.*)$/.exec(frame) ?? [];
      const event = JSON.parse(data ?? 'null') as Event; // The test's own server wrote it.
      expect(event.type).to.equal(name);
      return event;
    });
}

function timers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
}

describe('sandbox stream', () => {
  it('sends the events in order, one delta for each token', async () => {
    const reply = replyTo({ thinking: { type: 'adaptive' } });
    const out = new PassThrough();
    const [outcome, sse] = await Promise.all([streamReply(out, reply, 100_000), text(out)]);
    expect(outcome).to.equal('finished');
    const events = eventsOf(sse);
    const block = (count: number) => [
      'content_block_start',
      ...Array<string>(count).fill('content_block_delta'),
      'content_block_stop',
    ];
    const [thinking = [], words = []] = reply.tokens;
    expect(events.map((event) => event.type)).to.deep.equal([
      'message_start',
      'ping',
      ...block(thinking.length + 1), // the signature
      ...block(words.length),
      'message_delta',
      'message_stop',
    ]);
    expect(events.at(-2)).to.deep.equal({
      type: 'message_delta',
      delta: { stop_reason: 'end_turn', stop_sequence: null },
      usage: reply.message.usage,
    });
    expect(events[0]).to.have.nested.property('message.usage.output_tokens', 0);
    expect(events[0]).to.have.nested.property('message.stop_reason', null);
  });

  it('keeps the rate', async () => {
    const reply = replyTo({ max_tokens: 11 });
    const out = new PassThrough().resume();
    const startedAt = performance.now();
    await streamReply(out, reply, 100);
    // The first token goes out at once, ten follow at 10 ms each.
    expect(performance.now() - startedAt).to.be.within(99, 1000);
  });

  it('writes several tokens at once above 1000 a second', async () => {
    const out = new PassThrough();
    let writes = 0;
    out.on('data', () => {
      writes += 1;
    });
    const reply = replyTo();
    await streamReply(out, reply, 50_000);
    expect(writes).to.be.lessThan((reply.tokens[0]?.length ?? 0) / 2);
  });

  it('stops while its reader is full and goes on after', async () => {
    const before = timers();
    const out = new PassThrough({ highWaterMark: 1 });
    const done = streamReply(out, replyTo(), 100_000);
    expect(out.writableNeedDrain).to.equal(true);
    expect(timers()).to.equal(before);
    expect(eventsOf(await text(out)).at(-1)).to.deep.equal({ type: 'message_stop' });
    expect(await done).to.equal('finished');
  });

  it('stops when its reader goes away, with no timer and no listener left', async () => {
    await null; // Mocha starts its own timer when the test gives it a promise.
    const before = timers();
    const out = new PassThrough();
    const listeners = () => ['close', 'drain', 'error'].map((name) => out.listenerCount(name));
    const listenersBefore = listeners();
    const done = streamReply(out, replyTo(), 1);
    expect(timers()).to.equal(before + 1);
    await once(out, 'readable');
    out.destroy();
    expect(await done).to.equal('gone');
    expect(timers()).to.equal(before);
    expect(listeners()).to.deep.equal(listenersBefore);
    expect(await streamReply(out, replyTo(), 1)).to.equal('gone');
  });
});
