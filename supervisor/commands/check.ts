/** `ccproxy check`: every mistake in the configuration, or what it means. Never a secret. */
import { readFileSync } from 'node:fs';
import type { Config } from '../../shared/config/config';
import { type ConfigFlags, loadOrExplain } from './configuration';

export function check(flags: ConfigFlags): number {
  const loaded = loadOrExplain(flags);
  if (loaded === null) return 1;
  for (const warning of loaded.warnings) console.log(`warning: ${warning}`);
  for (const line of describe(loaded.config)) console.log(line);
  const hint = migrationHint();
  if (hint !== null) console.log(hint);
  return 0;
}

function describe(config: Config): string[] {
  const { file, host, port, workers, apiKey, providers, routes } = config;
  return [
    `configuration: ${file ?? 'none, from the environment'}`,
    `listen:        ${host}:${port}, ${workers} ${workers === 1 ? 'worker' : 'workers'}`,
    `access:        ${apiKey === null ? 'local requests only (no api_key)' : 'with the api_key'}`,
    ...providers.map(
      (provider) =>
        `provider:      ${provider.name} (${provider.dialect}, ${provider.enabled ? provider.baseUrl || 'built in' : 'disabled'})`,
    ),
    ...Object.entries(routes).map(
      ([name, route]) => `route:         ${name} -> ${route.provider}, ${route.model ?? "the request's model"}`,
    ),
  ];
}

/** Closing a listener during a reload resets what waits in its queue, unless the kernel may hand it to another one. */
function migrationHint(): string | null {
  try {
    const setting = readFileSync('/proc/sys/net/ipv4/tcp_migrate_req', 'utf8').trim();
    if (setting === '1') return null;
    return 'note:          net.ipv4.tcp_migrate_req is 0; with 1 a reload loses no new connection (sysctl -w net.ipv4.tcp_migrate_req=1)';
  } catch {
    return null;
  }
}
