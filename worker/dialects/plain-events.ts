/** Finds the ends of a stream's events where they are told by their beginning: most are tokens, and all alike. */
import type { Buffer } from 'node:buffer';
import { join } from 'node:path';
import { keptInReadMemory, READ_MEMORY } from '../read-buffer';
import { loadModule } from '../web-assembly';

interface PlainEventsModule {
  /** All but `length` are places in the memory. */
  eventEnd(at: number, end: number, beginning: number, length: number): number;
  endFrom(at: number, end: number, beginning: number, length: number): number;
}

// It exports what plain-events.wat says.
const { eventEnd, endFrom } = loadModule(join(__dirname, 'plain-events.wasm'), READ_MEMORY) as PlainEventsModule;

const DATA = 'data: ';

/** Events whose beginning is known. A native search for the end of each would cost more than the event's bytes do. */
export class PlainEvents {
  readonly #beginning: Buffer;
  readonly #place: number;
  readonly #length: number;
  /** Where the data of one begins, from where the event does. */
  readonly dataStart: number;

  /** @param beginning all lines but the last, and so much of that as tells what kind of event it is: 16 bytes at least */
  constructor(beginning: string) {
    this.#beginning = keptInReadMemory(beginning);
    this.#place = this.#beginning.byteOffset;
    this.#length = this.#beginning.length;
    this.dataStart = beginning.lastIndexOf(DATA) + DATA.length;
  }

  /** Where the one ends that stands at `place`, whole; `place` where there is none. Places are in the read memory. */
  endOfOne(place: number, end: number): number {
    return eventEnd(place, end, this.#place, this.#length);
  }

  /** Where those end that stand there, one behind the other. */
  endOfAll(place: number, end: number): number {
    return endFrom(place, end, this.#place, this.#length);
  }

  /** Where the next one begins, or the bytes end. */
  nextFrom(bytes: Buffer, from: number): number {
    const at = bytes.indexOf(this.#beginning, from);
    return at < 0 ? bytes.length : at;
  }
}
