/** Puts a JSON document together from text and from parts of another document, which are copied as bytes. */
import { Buffer } from 'node:buffer';
import type { JsonView } from './view';

/** A part that is smaller than this is cheaper as text. */
const COPY_FROM_BYTES = 512;

export class JsonPieces {
  readonly #done: Buffer[] = [];
  #text = '';

  /** JSON text, such as `{"role":"user","content":`. */
  add(text: string): this {
    this.#text += text;
    return this;
  }

  /** A value of another document as it stands. */
  raw(view: JsonView): this {
    return this.#part(view, view.start, view.end);
  }

  /** What stands between a string's quotes, as it stands. */
  inner(view: JsonView): this {
    return this.#part(view, view.start + 1, view.end - 1);
  }

  toBuffer(): Buffer {
    if (this.#done.length === 0) return Buffer.from(this.#text);
    this.#flush();
    return Buffer.concat(this.#done);
  }

  #part({ body }: JsonView, start: number, end: number): this {
    if (end - start < COPY_FROM_BYTES) return this.add(body.toString('utf8', start, end));
    this.#flush();
    this.#done.push(body.subarray(start, end));
    return this;
  }

  #flush(): void {
    if (this.#text !== '') this.#done.push(Buffer.from(this.#text));
    this.#text = '';
  }
}
