/**
 * Makes sure that one supervisor at a time has an address. SO_REUSEPORT, which lets the workers share the port, would
 * also let a second proxy share it.
 *
 * Two checks: a name in Linux' abstract socket namespace, which the kernel gives to one process, takes back when it
 * dies however it dies, and keeps in the same network namespace as the port; and a bind without SO_REUSEPORT, which
 * fails where any other program listens.
 */
import { connect, createServer, type Server } from 'node:net';

export interface AddressClaim {
  /** The port, the real one when 0 was asked for. */
  port: number;
  release(): void;
}

/** @throws Error "already in use …" that names the owner where it can */
export async function claimAddress(host: string, port: number): Promise<AddressClaim> {
  if (port === 0) {
    const chosen = await probe(host, 0);
    return { port: chosen, release: await claimName(host, chosen) };
  }
  const release = await claimName(host, port);
  try {
    await probe(host, port);
    return { port, release };
  } catch (error) {
    release();
    throw error;
  }
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
    throw new Error(`${host}:${port} is already in use by PID ${await askOwner(name)} (another ccproxy)`);
  }
  server.unref();
  return () => server.close();
}

/** Binds alone, without SO_REUSEPORT, for a moment. Resolves to the port. */
async function probe(host: string, port: number): Promise<number> {
  const server = createServer();
  try {
    await listen(server, { host, port, exclusive: true });
  } catch (error) {
    throw new Error(describe(error, host, port));
  }
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : port;
}

function describe(error: unknown, host: string, port: number): string {
  switch (codeOf(error)) {
    case 'EADDRINUSE':
      return `${host}:${port} is already in use by another program`;
    case 'EACCES':
      return `${host}:${port}: not permitted; ports below 1024 need privileges`;
    case 'EADDRNOTAVAIL':
      return `${host}:${port}: this machine has no such address`;
    case 'ENOTFOUND':
      return `${host}:${port}: the host name cannot be resolved`;
    default:
      return `${host}:${port}: ${error instanceof Error ? error.message : String(error)}`;
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
