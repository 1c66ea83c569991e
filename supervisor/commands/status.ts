/** `ccproxy status`: the `/status` document, for humans or as it is. */
import { ask } from './client';
import { type ConfigFlags, loadOrExplain } from './configuration';
import { EXIT } from './exit-codes';

/** The parts of the document that are shown. */
interface StatusDocument {
  version: string;
  status: string;
  uptime: string;
  pid: number;
  host: string;
  port: number;
  providers: { count: number; active: string[]; details: { name: string; state: string; reason: string }[] };
  supervisor: { state: string; generation: number };
  workers: {
    desired: number;
    ready: number;
    list: {
      slot: number;
      pid: number;
      state: string;
      uptime_seconds: number;
      in_flight: number;
      rss_bytes: number;
      restarts: number;
    }[];
  };
}

export async function status(flags: ConfigFlags & { json?: boolean }): Promise<number> {
  const loaded = loadOrExplain(flags);
  if (loaded === null) return 1;
  const answer = await ask(loaded.config, '/status');
  if (answer === null) {
    console.log(flags.json ? '{"service":"CCProxy","status":"stopped"}' : 'stopped');
    return EXIT.notRunning;
  }
  if (flags.json) console.log(answer.body);
  else if (answer.status === 200) console.log(describe(JSON.parse(answer.body) as StatusDocument));
  if (answer.status === 200) return 0;
  console.error(`ccproxy: ${explain(answer)}`);
  return 1;
}

function describe(document: StatusDocument): string {
  const { providers, workers, supervisor } = document;
  return [
    `CCProxy ${document.version} is ${supervisor.state} on ${document.host}:${document.port}`,
    `  uptime     ${document.uptime}`,
    `  supervisor PID ${document.pid}, generation ${supervisor.generation}`,
    `  providers  ${providers.active.length} of ${providers.count} can serve`,
    ...providers.details.map(({ name, state, reason }) => `    ${name}: ${state}${reason && ` (${reason})`}`),
    `  workers    ${workers.ready} of ${workers.desired} ready`,
    ...workers.list.map(
      (worker) =>
        `    ${worker.slot}: PID ${worker.pid}, ${worker.state}, up ${worker.uptime_seconds} s, ` +
        `${worker.in_flight} in flight, ${Math.round(worker.rss_bytes / 2 ** 20)} MiB, restarts ${worker.restarts}`,
    ),
  ].join('\n');
}

function explain(answer: { status: number; body: string }): string {
  if (answer.status === 401) return 'the running proxy refuses this key; use the configuration that it runs with';
  if (answer.status === 503) return 'the proxy runs, but drains or its supervisor does not answer (503)';
  return `something that is no CCProxy answers there (${answer.status})`;
}
