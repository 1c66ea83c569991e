/** One kind of request, how a subject is asked it, and what its answer must be. */
import { request } from '../support/http';
import type { Subject } from './subjects/subject';

export interface Exchange {
  method: 'GET' | 'POST';
  url: string;
  headers: Record<string, string>;
  /** Empty: none. */
  body: string;
}

export interface Expected {
  /** Exactly so many bytes; null where the answer is not the far end's, byte for byte. */
  bytes: number | null;
  /** This text must be in it, */
  text: string;
  /** so often. */
  times: number;
}

export function post(subject: Subject, path: string, body: string): Exchange {
  const headers = { 'content-type': 'application/json', ...subject.headers };
  return { method: 'POST', url: subject.url + path, headers, body };
}

/** Asks once. @returns the size of the answer @throws Error unless it is right */
export async function ask({ method, url, headers, body }: Exchange, expected: Expected): Promise<number> {
  const answer = await request({ method, url, headers, ...(body === '' ? {} : { body }) });
  const start = answer.text.slice(0, 300);
  if (answer.status !== 200) throw new Error(`status ${answer.status}: ${start}`);
  const times = answer.text.split(expected.text).length - 1;
  if (times !== expected.times) {
    throw new Error(`${JSON.stringify(expected.text)} came ${times} times, not ${expected.times}: ${start}`);
  }
  if (expected.bytes !== null && answer.body.length !== expected.bytes) {
    throw new Error(`${answer.body.length} bytes instead of ${expected.bytes}: ${start}`);
  }
  return answer.body.length;
}
