/** Reads a socket's bytes by length or up to a delimiter: the common ground of the raw client and the mock provider. */
import type { Socket } from 'node:net';

/** The peer ended, or the connection broke, before what was asked for had come. */
export class ConnectionEnded extends Error {
  constructor(
    wanted: string,
    /** What was lying there unread. */
    readonly rest: Buffer,
    cause: Error | null,
  ) {
    super(`the connection ended (${cause === null ? 'FIN' : cause.message}) while waiting for ${wanted}`);
  }
}

export class ByteReader {
  readonly #socket: Socket;
  #chunks: Buffer[] = [];
  #wake: (() => void) | null = null;
  #paused = false;
  #ended = false;
  #error: Error | null = null;
  #received = 0;
  /** Resolves when the peer sent FIN, or the connection is gone. Never rejects. */
  readonly ended: Promise<void>;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.ended = new Promise((resolve) => {
      const finish = () => {
        this.#ended = true;
        this.#notify();
        resolve();
      };
      socket.on('end', finish).on('close', finish);
    });
    socket.on('error', (error) => {
      this.#error = error;
    });
    socket.on('data', (chunk: Buffer) => {
      this.#received += chunk.length;
      this.#chunks.push(chunk);
      this.#notify();
    });
  }

  /** Bytes that came so far, read or not. */
  get receivedBytes(): number {
    return this.#received;
  }

  /** Whether nothing more will come. */
  get isEnded(): boolean {
    return this.#ended;
  }

  /** How the connection broke, or null. */
  get error(): Error | null {
    return this.#error;
  }

  /** Stops taking bytes from the kernel until somebody reads or `resume` is called. */
  pause(): void {
    this.#paused = true;
    this.#socket.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#socket.resume();
  }

  /** At least one byte and at most `max`; null at the end. While paused it takes from the kernel only what it needs. */
  async read(max = Number.POSITIVE_INFINITY): Promise<Buffer | null> {
    while (this.#chunks.length === 0) {
      if (!(await this.#more())) return null;
    }
    const first = this.#chunks.shift() ?? Buffer.alloc(0);
    if (first.length <= max) return first;
    this.#chunks.unshift(first.subarray(max));
    return first.subarray(0, max);
  }

  /** Exactly that many bytes. @throws ConnectionEnded */
  async readExactly(length: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (let missing = length; missing > 0; ) {
      const part = await this.read(missing);
      if (part === null) throw new ConnectionEnded(`${missing} of ${length} bytes`, Buffer.concat(parts), this.#error);
      parts.push(part);
      missing -= part.length;
    }
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
  }

  /** Everything up to and with `delimiter`. @throws ConnectionEnded, also when the end came before the first byte */
  async readThrough(delimiter: string): Promise<Buffer> {
    for (let searched = 0; ; ) {
      const first = this.#chunks[0] ?? Buffer.alloc(0);
      const at = first.indexOf(delimiter, Math.max(0, searched - delimiter.length));
      if (at >= 0) {
        const end = at + delimiter.length;
        this.#chunks.shift();
        if (end < first.length) this.#chunks.unshift(first.subarray(end));
        return first.subarray(0, end);
      }
      searched = first.length;
      if (this.#chunks.length < 2 && !(await this.#more())) {
        throw new ConnectionEnded(JSON.stringify(delimiter), Buffer.concat(this.#chunks), this.#error);
      }
      if (this.#chunks.length > 1) this.#chunks.splice(0, 2, Buffer.concat(this.#chunks.slice(0, 2)));
    }
  }

  /** Everything that comes until the end. */
  async readToEnd(): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (let part = await this.read(); part !== null; part = await this.read()) parts.push(part);
    return Buffer.concat(parts);
  }

  /** Waits for more bytes; false at the end. */
  async #more(): Promise<boolean> {
    if (this.#ended) return false;
    const before = this.#received;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      if (this.#paused) this.#socket.resume();
    });
    if (this.#paused) this.#socket.pause();
    return this.#received > before || !this.#ended;
  }

  #notify(): void {
    const wake = this.#wake;
    this.#wake = null;
    if (wake !== null && this.#paused) this.#socket.pause();
    wake?.();
  }
}
