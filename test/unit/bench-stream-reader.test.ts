/** The reader of the benchmark's paced streams: however the bytes are cut, every event is counted, and none twice. */
import { expect } from 'chai';
import { StreamReader } from '../bench/stream-reader';
import { FORMS } from '../support/bench-answers';
import { stampMicros, stampNumber, stampText, writeStamp } from '../support/event-stamp';

const EVENTS = 3;
const HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n';

function chunked(pieces: readonly string[]): string {
  return `${pieces.map((piece) => `${Buffer.byteLength(piece).toString(16)}\r\n${piece}\r\n`).join('')}0\r\n\r\n`;
}

function eventsOf(numbers: readonly number[]): string[] {
  return FORMS.anthropic.events(numbers.map((number) => stampText(1_234_567_890 + number, number)));
}

function startReading(): { reader: StreamReader; seen: number[] } {
  const seen: number[] = [];
  return { reader: new StreamReader(EVENTS, (dueMicros) => seen.push(dueMicros)), seen };
}

function feed(reader: StreamReader, part: string): boolean {
  const bytes = Buffer.from(part, 'latin1');
  return reader.feed(bytes, bytes.length);
}

/** @returns the times of the events of a stream that is whole with the last part */
function read(parts: readonly string[]): number[] {
  const { reader, seen } = startReading();
  const ends = parts.map((part) => feed(reader, part));
  expect(ends.indexOf(true)).to.equal(ends.length - 1);
  return seen;
}

const DUE = [1_234_567_890, 1_234_567_891, 1_234_567_892];

describe('bench stream reader', () => {
  it('finds every event of a stream that is cut anywhere', () => {
    const wire = HEAD + chunked(eventsOf([0, 1, 2]));
    for (let at = 1; at < wire.length; at++) {
      expect(read([wire.slice(0, at), wire.slice(at)]), `cut at ${at}`).to.deep.equal(DUE);
    }
    expect(read(Array.from(wire))).to.deep.equal(DUE);
  });

  it('finds events whose stamps are spread over chunks', () => {
    const body = eventsOf([0, 1, 2]).join('');
    const pieces = body.match(/.{1,9}/gs) ?? [];
    expect(read([HEAD + chunked(pieces)])).to.deep.equal(DUE);
  });

  it('reads one stream after the other', () => {
    const { reader, seen } = startReading();
    const wire = HEAD + chunked(eventsOf([0, 1, 2]));
    expect(feed(reader, wire)).to.equal(true);
    reader.reset();
    expect(feed(reader, wire)).to.equal(true);
    expect(seen).to.deep.equal([...DUE, ...DUE]);
  });

  it('refuses a stream with an event too few, twice, in wrong order, or with bytes behind it', () => {
    const of = (numbers: readonly number[]) => () => read([HEAD + chunked(eventsOf(numbers))]);
    expect(of([0, 1])).to.throw('ended after 2 of 3 events');
    expect(of([0, 1, 1, 2])).to.throw('event 1 came instead of 2');
    expect(of([0, 2, 1])).to.throw('event 2 came instead of 1');
    expect(() => read([`${HEAD}${chunked(eventsOf([0, 1, 2]))}x`])).to.throw('1 bytes after the end');
  });

  it('refuses an answer that is an error or not chunked', () => {
    expect(() => read(['HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n'])).to.throw('answered: HTTP/1.1 502');
    expect(() => read(['HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n'])).to.throw('not chunked');
  });

  it('reads the stamp that the far end wrote over another', () => {
    const bytes = Buffer.from(`data: ${stampText(0, 0)}`);
    writeStamp(bytes, 6, 999_999_999_999_999, 123_456);
    expect(bytes.toString()).to.equal('data: @999999999999999123456@');
    expect([stampMicros(bytes, 6), stampNumber(bytes, 6)]).to.deep.equal([999_999_999_999_999, 123_456]);
  });
});
