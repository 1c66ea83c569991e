/** Starts a peer from npm: on the loopback address only, with a home and an environment of its own. */
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { descendantsOf } from '../../support/processes';
import { deadline } from '../../support/wait';
import type { Reaper } from '../reaper';
import type { Subject } from './subject';

export interface Peer {
  /** Its program, an absolute path. */
  program: string;
  args: readonly string[];
  env?: Record<string, string>;
  /** Files of its home, by their paths in it. */
  files?: Record<string, string>;
}

export async function startPeer(
  reaper: Reaper,
  { program, args, env = {}, files = {} }: Peer,
): Promise<Pick<Subject, 'url' | 'pids' | 'stop' | 'slow' | 'warmsUp'>> {
  const home = reaper.directory();
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(home, path)), { recursive: true });
    writeFileSync(join(home, path), text);
  }
  const guard = join(__dirname, 'keep-to-loopback.js');
  const child = reaper.spawn(process.execPath, ['--require', guard, program, ...args], {
    cwd: home,
    env: { PATH: process.env['PATH'], HOME: home, TMPDIR: home, NODE_ENV: 'production', ...env },
    // Nothing is read of what it prints, and a pipe that is full would stop it.
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const pid = child.pid ?? 0;
  const ended = once(child, 'exit').then(([code]): never => {
    throw new Error(`${program} ended with ${code} before it listened`);
  });
  ended.catch(() => {}); // It ends some day.
  const listening = once(child, 'message') as Promise<[number]>; // What the guard sends.
  const [port] = await deadline(Promise.race([listening, ended]), 20_000, `${program} listening`);
  return {
    url: `http://127.0.0.1:${port}`,
    slow: true,
    warmsUp: true,
    pids: () => [pid, ...descendantsOf(pid)],
    stop: () => reaper.end(pid),
  };
}
