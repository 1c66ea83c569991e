/**
 * Entry of the sandbox process, a child of the supervisor. `argv[2]` is the wanted port, 0 for any. A port that was
 * asked for and is taken ends it: the workers know no other, and the supervisor tries again.
 *
 * The supervisor alone ends it: a Ctrl-C in a terminal reaches the whole process group, and the workers still
 * have requests here to finish.
 */
import { once } from 'node:events';
import type { Server } from 'node:http';
import { PROTOCOL_VERSION, type SandboxReadyMessage } from '../../shared/protocol';
import { createSandboxServer } from './server';
import { TOKEN_RATE, tokenRate } from './stream';

const HOST = '127.0.0.1';
/** Every worker may open its whole pool at once. */
const BACKLOG = 2048;

async function main(): Promise<void> {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGTTIN', 'SIGTTOU', 'SIGUSR1'] as const)
    process.on(signal, () => {});
  process.on('disconnect', () => process.exit(0));
  if (process.send === undefined || !process.connected) throw new Error('runs only as a child of the supervisor');

  const rate = tokenRate(process.env['CCPROXY_SANDBOX_TOKENS_PER_SECOND'], TOKEN_RATE.default);
  const server = createSandboxServer({ tokensPerSecond: rate });
  const port = await listen(server, wantedPort(process.argv[2]));
  const ready: SandboxReadyMessage = { type: 'sandbox_ready', protocol: PROTOCOL_VERSION, port };
  // An error here means that the supervisor is gone, and `disconnect` follows.
  process.send(ready, () => {});
}

/** Returns the port. @throws Error when it cannot be had */
async function listen(server: Server, port: number): Promise<number> {
  server.listen({ host: HOST, port, backlog: BACKLOG });
  await once(server, 'listening');
  // From here on an error is one connection that could not be accepted.
  server.on('error', () => {});
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no TCP address');
  return address.port;
}

function wantedPort(written: string | undefined): number {
  const port = Number(written);
  return Number.isInteger(port) && port > 0 && port < 65536 ? port : 0;
}

main().catch((error: unknown) => {
  process.stderr.write(`sandbox: ${error instanceof Error ? error.message : error}\n`);
  process.exit(1);
});
