/** What every command needs first: the configuration that its flags, the environment and the file make. */
import { availableParallelism, homedir } from 'node:os';
import { formatProblem, type LoadedConfig, type LoadResult, loadConfig } from '../../shared/config/load';

export interface ConfigFlags {
  config?: string;
  host?: string;
  port?: string;
  workers?: string;
}

/** The configuration that these flags, the environment and the file make now. */
export function load(flags: ConfigFlags): LoadResult {
  return loadConfig({
    file: flags.config,
    overrides: { host: flags.host, port: flags.port, workers: flags.workers },
    env: process.env,
    cwd: process.cwd(),
    home: homedir(),
    cpuCount: availableParallelism(),
  });
}

/** The configuration, or null: then every mistake has been printed to standard error. */
export function loadOrExplain(flags: ConfigFlags): LoadedConfig | null {
  const result = load(flags);
  if (result.ok) return result;
  for (const problem of result.problems) console.error(formatProblem(problem));
  const count = result.problems.length;
  console.error(`ccproxy: ${count === 1 ? 'one mistake' : `${count} mistakes`} in the configuration`);
  return null;
}
