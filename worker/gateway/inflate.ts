/**
 * Lets a tap see through `content-encoding`: the client gets the compressed bytes as they are, the tap a decompressed
 * copy. What this Node cannot decompress is not asked for (see `decodableEncodings`).
 */

import { Buffer } from 'node:buffer';
import type { Transform } from 'node:stream';
import * as zlib from 'node:zlib';
import type { AnswerTap } from '../dialects/tap';
import { remembered } from '../http/remembered';

type Decoder = () => Transform;

/** zstd came with Node 22.15; the types are of Node 20. */
const createZstd = (zlib as { createZstdDecompress?: Decoder }).createZstdDecompress;

const DECODERS: Readonly<Record<string, Decoder>> = {
  gzip: zlib.createGunzip,
  'x-gzip': zlib.createGunzip,
  deflate: zlib.createInflate,
  br: zlib.createBrotliDecompress,
  ...(createZstd && { zstd: createZstd }),
};

/**
 * A client's `accept-encoding` without what cannot be read here; counts of tokens would be lost otherwise.
 * `gzip, deflate, br, zstd` → `gzip, deflate, br` on Node 20.
 */
export const decodableEncodings = remembered((acceptEncoding) => {
  const kept = acceptEncoding.split(',').filter((item) => {
    const name = (item.split(';')[0] ?? '').trim().toLowerCase();
    return name === 'identity' || Object.hasOwn(DECODERS, name);
  });
  return kept.length === 0 ? 'identity' : kept.map((item) => item.trim()).join(', ');
});

/** Feeds a tap with the decompressed copy of what it is fed. */
export class InflatingFeed {
  readonly #stream: Transform | null;

  constructor(encoding: string, tap: Pick<AnswerTap, 'feed'>) {
    const decoder = Object.hasOwn(DECODERS, encoding) ? DECODERS[encoding] : undefined;
    this.#stream = decoder === undefined ? null : decoder();
    this.#stream?.on('data', (chunk: Buffer) => tap.feed(chunk, false));
    // A broken encoding is the client's to complain about; here only the counts are lost.
    this.#stream?.on('error', () => {});
  }

  feed(chunk: Uint8Array): void {
    // A copy: it is read later.
    if (this.#stream?.writable) this.#stream.write(Buffer.from(chunk));
  }

  /** Calls back, once, when all that was fed has reached the tap. */
  end(done: () => void): void {
    const stream = this.#stream;
    if (stream === null || stream.destroyed) {
      done();
      return;
    }
    stream.once('close', done);
    stream.end();
  }

  /** Gives up at once. */
  destroy(): void {
    this.#stream?.destroy();
  }
}
