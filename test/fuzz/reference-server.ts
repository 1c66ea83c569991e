/** Plays answers byte for byte, cut as they say, to whoever asks for their target; in the process of its clients. */
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { type Answer, piecesOf } from './exchange';

/** One answer, for one client. */
export interface Played {
  /** Numbers of the connections on which it was asked for. */
  connections: number[];
  /** What was wrong with the request itself. */
  complaint: string | null;
  /** Everything is sent, and the connection left or ended. */
  isOver: boolean;
}

interface Script extends Played {
  answer: Answer;
  method: string;
  requestBody: Buffer;
}

export class ReferenceServer {
  readonly #server: Server;
  readonly #scripts = new Map<string, Script>();
  readonly #sockets = new Set<Socket>();
  #connections = 0;

  constructor() {
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#serve(socket));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port; // It listens on TCP.
  }

  get openConnections(): number {
    return this.#sockets.size;
  }

  listen(): Promise<void> {
    return new Promise((resolve) => this.#server.listen(0, '127.0.0.1', 1024, resolve));
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  /** From now on, and until `forget`, this target has that answer. */
  expect(target: string, method: string, requestBody: Buffer, answer: Answer): Played {
    const script = { connections: [], complaint: null, isOver: false, answer, method, requestBody };
    this.#scripts.set(target, script);
    return script;
  }

  forget(target: string): void {
    this.#scripts.delete(target);
  }

  #serve(socket: Socket): void {
    const connection = this.#connections++;
    let received: Buffer = Buffer.alloc(0);
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => {});
    socket.on('end', () => socket.end());
    socket.on('data', (chunk: Buffer) => {
      // After its own end it takes no request, as a server that closes a kept connection.
      if (socket.writableEnded) {
        socket.destroy();
        return;
      }
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
      const request = readRequest(received);
      if (request === null) return;
      received = Buffer.alloc(0);
      const script = this.#scripts.get(request.target);
      if (script === undefined) {
        // Of an aborted call, too late.
        socket.destroy();
        return;
      }
      script.connections.push(connection);
      script.complaint ??= complaintAbout(request, script);
      play(socket, script);
    });
  }
}

interface Received {
  method: string;
  target: string;
  body: Buffer;
  surplusBytes: number;
}

/** Null until it is whole. The clients send well-formed heads; other tests see to that. */
function readRequest(bytes: Buffer): Received | null {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd < 0) return null;
  const head = bytes.toString('latin1', 0, headEnd);
  const [method = '', target = ''] = head.split(' ', 2);
  const end = headEnd + 4 + Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
  if (bytes.length < end) return null;
  return { method, target, body: bytes.subarray(headEnd + 4, end), surplusBytes: bytes.length - end };
}

function complaintAbout(request: Received, script: Script): string | null {
  if (request.surplusBytes > 0) return `${request.surplusBytes} bytes after the request`;
  if (request.method !== script.method) return `the method ${request.method}`;
  return request.body.equals(script.requestBody) ? null : 'another body';
}

/** Between two pieces the event loop turns once: the client, which is in the same process, reads each for itself. */
function play(socket: Socket, script: Script): void {
  const { answer } = script;
  const pieces = piecesOf(answer);
  const next = () => {
    const piece = pieces.shift();
    if (piece !== undefined) {
      if (piece.length > 0 && !socket.destroyed) socket.write(piece);
      setImmediate(next);
      return;
    }
    if (answer.ending === 'reset') socket.resetAndDestroy();
    else if (answer.ending === 'fin') socket.end();
    // The client hears of the end before the next request may go out.
    setImmediate(() => setImmediate(() => setImmediate(() => over(script))));
  };
  // Not yet: the rest of this turn comes before the client's next read.
  setImmediate(next);
}

function over(script: Script): void {
  script.isOver = true;
}
