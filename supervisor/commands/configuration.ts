/** What every command needs first: the configuration that its flags, the environment and the file make. */
import { availableParallelism, homedir } from 'node:os';
import type { Config } from '../../shared/config/config';
import { formatProblem, type LoadedConfig, type LoadResult, loadConfig } from '../../shared/config/load';

export interface ConfigFlags {
  config?: string;
  host?: string;
  port?: string;
  workers?: string;
}

/** Dialects that are configured but not translated to. */
function notServedYet(config: Config): string[] {
  return config.providers.flatMap(({ name, dialect, enabled }) =>
    enabled && dialect !== 'anthropic'
      ? [`provider "${name}": the ${dialect} dialect is not served yet, requests to it are answered 501`]
      : [],
  );
}

/** The configuration that these flags, the environment and the file make now. */
export function load(flags: ConfigFlags): LoadResult {
  const result = loadConfig({
    file: flags.config,
    overrides: { host: flags.host, port: flags.port, workers: flags.workers },
    env: process.env,
    cwd: process.cwd(),
    home: homedir(),
    cpuCount: availableParallelism(),
  });
  if (result.ok) result.warnings.push(...notServedYet(result.config));
  return result;
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
