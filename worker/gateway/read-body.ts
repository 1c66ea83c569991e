/** Receives a request's body, and enforces the limit while it arrives: nothing beyond it is ever held. */

import type { ProxyError } from '../../shared/errors';
import type { EngineResponse } from '../http/engine';

/**
 * Attaches to the response at once (the engine wants that) and calls back exactly once: with the whole body, or with
 * what is wrong. Never after the client went away: the caller's `onAborted` hears of that.
 * @param declaredBytes the `content-length` header, or undefined for a chunked body
 */
export function readBody(
  res: EngineResponse,
  declaredBytes: string | undefined,
  limitBytes: number,
  done: (body: Buffer | ProxyError) => void,
): void {
  let chunks: Buffer[] = [];
  let bytes = 0;
  let finished = false;
  const finish = (result: Buffer | ProxyError) => {
    finished = true;
    chunks = [];
    done(result);
  };
  res.onData((chunk, isLast) => {
    if (finished) return;
    bytes += chunk.byteLength;
    if (bytes > limitBytes) {
      finish(tooLarge(limitBytes));
      return;
    }
    // The engine takes the chunk's memory back when this returns.
    if (chunk.byteLength > 0) chunks.push(Buffer.from(chunk.slice(0)));
    if (isLast) finish(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks, bytes));
  });
  if (declaredBytes !== undefined && Number(declaredBytes) > limitBytes) finish(tooLarge(limitBytes));
}

function tooLarge(limitBytes: number): ProxyError {
  return { type: 'request_too_large', message: `Request body exceeds the limit of ${limitBytes} bytes` };
}
