/** What Node's own client makes of an answer, on a connection of its own. */
import { type IncomingMessage, request } from 'node:http';

export type NodeOutcome =
  | { kind: 'answer'; status: number; headers: string[]; body: Buffer }
  | { kind: 'failure'; code: string };

export function askNode(port: number, target: string, method: string, body: Buffer): Promise<NodeOutcome> {
  return new Promise((resolve) => {
    const fail = (error: Error) =>
      resolve({ kind: 'failure', code: String('code' in error ? error.code : error.message) });
    let answer: IncomingMessage | null = null;
    const outgoing = request(
      // Our limit of a head, in place of 16 KiB.
      {
        host: '127.0.0.1',
        port,
        path: target,
        method,
        agent: false,
        maxHeaderSize: 65_536,
        headers: { 'content-length': body.length },
      },
      (incoming) => {
        answer = incoming;
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('error', fail);
        incoming.on('end', () => {
          if (!incoming.complete) fail(new Error('incomplete'));
          resolve({
            kind: 'answer',
            status: incoming.statusCode ?? 0,
            headers: incoming.rawHeaders.map((text, at) => (at % 2 === 0 ? text.toLowerCase() : text)),
            body: Buffer.concat(chunks),
          });
        });
      },
    );
    // Of what comes after a whole answer it also complains, and `end` is still to come.
    outgoing.on('error', (error) => {
      if (answer?.complete !== true) fail(error);
    });
    outgoing.on('upgrade', (_, socket) => {
      socket.destroy();
      fail(new Error('upgrade'));
    });
    outgoing.end(body);
  });
}
