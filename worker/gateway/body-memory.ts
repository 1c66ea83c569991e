/**
 * Memory for the bodies of requests, used again. Fresh memory for each costs a page fault for every 4 KiB, and large
 * bodies would make so much garbage in a second that collecting it takes longer than passing them on.
 */
import { Buffer } from 'node:buffer';

/** Sizes are powers of two. Smaller ones are Node's own business, larger ones are rare. */
const LEAST_BITS = 15;
const MOST_BITS = 21;
/** What is shorter is not kept, nor is a larger piece of memory with so little in it. */
const LEAST_BYTES = 1 << (LEAST_BITS - 1);
/** Of what waits for its next use. */
const MAX_KEPT_BYTES = 8 * 1024 * 1024;

export class BodyMemory {
  /** By the size's exponent, less the least one. */
  readonly #kept: ArrayBuffer[][] = Array.from({ length: MOST_BITS - LEAST_BITS + 1 }, () => []);
  #keptBytes = 0;
  /** Node's pool for small buffers must never be taken for one's own. */
  readonly #own = new WeakSet<ArrayBufferLike>();

  /** @returns at least so many bytes, with anything in them */
  take(bytes: number): Buffer {
    const bits = Math.max(LEAST_BITS, 32 - Math.clz32(bytes - 1));
    if (bytes < LEAST_BYTES || bits > MOST_BITS) return Buffer.allocUnsafe(bytes);
    const kept = this.#kept[bits - LEAST_BITS]?.pop();
    if (kept !== undefined) {
      this.#keptBytes -= kept.byteLength;
      return Buffer.from(kept);
    }
    const fresh = Buffer.allocUnsafeSlow(1 << bits);
    this.#own.add(fresh.buffer);
    return fresh;
  }

  /** What was taken, or a part from its beginning. Nobody may look into it any more, or send it: others will write there. */
  giveBack(body: Buffer): void {
    if (body.length < LEAST_BYTES) return;
    const { buffer } = body;
    const { byteLength } = buffer;
    if (!this.#own.has(buffer) || this.#keptBytes + byteLength > MAX_KEPT_BYTES) return;
    this.#kept[31 - Math.clz32(byteLength) - LEAST_BITS]?.push(buffer as ArrayBuffer);
    this.#keptBytes += byteLength;
  }
}
