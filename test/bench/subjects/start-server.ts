/** Starts a server program on a free port of the loopback address and waits until it takes connections. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { OutputLines } from '../../support/output-lines';
import { eventually } from '../../support/wait';
import type { Reaper } from '../reaper';

export interface StartedServer {
  pid: number;
  stop(): Promise<void>;
}

export async function startServer(
  reaper: Reaper,
  port: number,
  program: string,
  args: readonly string[],
  options: { cwd: string; env?: NodeJS.ProcessEnv },
): Promise<StartedServer> {
  const child = reaper.spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  const pid = child.pid ?? 0;
  const lines = new OutputLines([child.stdout, child.stderr].filter((stream) => stream !== null));
  const failed = new Promise<never>((_, reject) => {
    child.once('error', (error) => reject(new Error(`${program} could not be started: ${error.message}`)));
    child.once('exit', (code) => reject(new Error(`${program} ended with ${code}: ${lines.text()}`)));
  });
  failed.catch(() => {}); // It ends some day.
  const answers = async () => {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect').finally(() => socket.destroy());
  };
  await Promise.race([failed, eventually(answers, { timeoutMs: 20_000, what: `${program} on port ${port}` })]);
  return { pid, stop: () => reaper.end(pid) };
}
