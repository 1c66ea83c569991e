/** Receives a request's body, and enforces the limit while it arrives: nothing beyond it is ever held. */

import { Buffer } from 'node:buffer';
import type { ProxyError } from '../../shared/errors';
import type { EngineResponse } from '../http/engine';
import type { BodyMemory } from './body-memory';

/**
 * Attaches to the response at once (the engine wants that) and calls back exactly once: with the whole body, or with
 * what is wrong. Never after the client went away: the caller's `onAborted` hears of that.
 * @param memory where the body will lie; its owner may give it back
 * @param declaredBytes the `content-length` header, or undefined for a chunked body
 */
export function readBody(
  res: EngineResponse,
  declaredBytes: string | undefined,
  limitBytes: number,
  memory: BodyMemory,
  done: (body: Buffer | ProxyError) => void,
): void {
  const declared = declaredBytes === undefined ? 0 : numberOf(declaredBytes);
  let body: Buffer = NOTHING;
  let bytes = 0;
  let finished = false;
  const finish = (result: Buffer | ProxyError) => {
    finished = true;
    body = NOTHING;
    done(result);
  };
  res.onData((chunk, isLast) => {
    if (finished) return;
    const end = bytes + chunk.byteLength;
    if (end > limitBytes) {
      finish(tooLarge(limitBytes));
      return;
    }
    // The engine takes the chunk's memory back when this returns: it is copied, once where the length is known.
    if (end > body.length) body = grown(memory, body, bytes, Math.max(end, Math.min(declared, roomFor(end))));
    body.set(new Uint8Array(chunk), bytes);
    bytes = end;
    if (isLast) finish(bytes === body.length ? body : body.subarray(0, bytes));
  });
  if (declared > limitBytes) finish(tooLarge(limitBytes));
}

/** The engine has looked at it: it is digits. `Number` is a call into the runtime. 0 for anything else. */
function numberOf(digits: string): number {
  let number = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = digits.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return 0;
    number = 10 * number + digit;
  }
  return number;
}

const NOTHING = Buffer.alloc(0);
const FIRST_BYTES = 1024 * 1024;

/** Most of what is set aside once so much has come: a length is soon said, by many clients at once. */
function roomFor(bytes: number): number {
  return Math.max(FIRST_BYTES, 2 * bytes);
}

function grown(memory: BodyMemory, body: Buffer, used: number, bytes: number): Buffer {
  const larger = memory.take(used === 0 ? bytes : Math.max(bytes, 2 * used));
  if (used === 0) return larger;
  body.copy(larger, 0, 0, used);
  memory.giveBack(body);
  return larger;
}

function tooLarge(limitBytes: number): ProxyError {
  return { type: 'request_too_large', message: `Request body exceeds the limit of ${limitBytes} bytes` };
}
