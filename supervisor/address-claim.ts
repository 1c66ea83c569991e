/**
 * Makes sure that one supervisor at a time has an address. SO_REUSEPORT, which lets the workers share the port, would
 * also let a second proxy share it.
 *
 * Two checks: a name in Linux' abstract socket namespace, which the kernel gives to one process, takes back when it
 * dies however it dies, and keeps in the same network namespace as the port; and a bind without SO_REUSEPORT, which
 * fails where any other program listens.
 */
import { randomInt } from 'node:crypto';
import { connect, createServer, type Server } from 'node:net';

/**
 * "Any free port" is one of these. Linux itself gives ports from 32768 up (unless it is told otherwise), to listeners and
 * to outgoing connections: one of those could be given away again before the workers bind it.
 */
const FREE_PORTS = { from: 10_000, to: 32_767 };
const FREE_PORT_ATTEMPTS = 100;

export interface AddressClaim {
  /** The port, the real one when 0 was asked for. */
  port: number;
  release(): void;
}

/** The address belongs to somebody else. */
class AddressTakenError extends Error {}

/**
 * @param port 0 for any free one
 * @throws Error "already in use …" that names the owner where it can
 */
export async function claimAddress(host: string, port: number): Promise<AddressClaim> {
  if (port === 0) return claimFreePort(host);
  const release = await claimName(host, port);
  try {
    await probe(host, port);
    return { port, release };
  } catch (error) {
    release();
    throw error;
  }
}

async function claimFreePort(host: string): Promise<AddressClaim> {
  for (let attempt = 0; attempt < FREE_PORT_ATTEMPTS; attempt++) {
    try {
      return await claimAddress(host, randomInt(FREE_PORTS.from, FREE_PORTS.to + 1));
    } catch (error) {
      if (!(error instanceof AddressTakenError)) throw error;
    }
  }
  throw new Error(`${host}: no free port between ${FREE_PORTS.from} and ${FREE_PORTS.to} was found; give one`);
}

/** Takes the name, or fails with the PID of its owner. */
async function claimName(host: string, port: number): Promise<() => void> {
  if (process.platform !== 'linux') return () => {};
  const name = `\0ccproxy:${host}:${port}`;
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.end(String(process.pid));
  });
  try {
    await listen(server, { path: name });
  } catch (error) {
    if (codeOf(error) !== 'EADDRINUSE') throw error;
    const owner = await askOwner(name);
    throw new AddressTakenError(`${host}:${port} is already in use by PID ${owner} (another ccproxy)`);
  }
  server.unref();
  return () => server.close();
}

/** Binds alone, without SO_REUSEPORT, for a moment. */
async function probe(host: string, port: number): Promise<void> {
  const server = createServer();
  try {
    await listen(server, { host, port, exclusive: true });
  } catch (error) {
    throw bindError(error, `${host}:${port}`);
  }
  await new Promise((resolve) => server.close(resolve));
}

function bindError(error: unknown, address: string): Error {
  switch (codeOf(error)) {
    case 'EADDRINUSE':
      return new AddressTakenError(`${address} is already in use by another program`);
    case 'EACCES':
      return new Error(`${address}: not permitted; ports below 1024 need privileges`);
    case 'EADDRNOTAVAIL':
      return new Error(`${address}: this machine has no such address`);
    case 'ENOTFOUND':
      return new Error(`${address}: the host name cannot be resolved`);
    default:
      return new Error(`${address}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function listen(server: Server, options: object): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(options, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** The owner answers a connection with its PID; a stopped one does not. */
function askOwner(name: string): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect({ path: name });
    socket.setTimeout(1000, () => socket.destroy());
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(/^\d+$/.test(text) ? text : 'unknown'));
  });
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
