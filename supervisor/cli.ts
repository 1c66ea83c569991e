#!/usr/bin/env node
/** `ccproxy`: the command line. Each command is a file in `commands/`; here are only names, options and help. */
import { Command } from 'commander';
import { readBuildInfo } from '../shared/version';
import { reload, scale } from './commands/change';
import { check } from './commands/check';
import { code } from './commands/code';
import type { ConfigFlags } from './commands/configuration';
import { EXIT } from './commands/exit-codes';
import { start } from './commands/start';
import { status } from './commands/status';
import { stop } from './commands/stop';

const EXAMPLES = `
Examples:
  ccproxy start                        serve on http://127.0.0.1:3456
  ccproxy start --config proxy.yaml    with this configuration
  ccproxy check --config proxy.yaml    list every mistake in it
  ccproxy status --json | jq .workers  what the whole cluster does
  ccproxy reload                       after a change of the configuration; no request fails
  ccproxy code -- --model opus         Claude Code through the proxy

Exit codes: 0 done, 1 failed (the reason is printed), 2 wrong usage, 3 not running,
130/143 ended at once by a second SIGINT/SIGTERM.`;

const program = new Command('ccproxy')
  .description('A gateway for LLM traffic: one address and one key in front of every provider.')
  .addHelpText('after', EXAMPLES)
  .helpCommand('help [command]', 'say more about a command')
  .exitOverride((error) => {
    process.exit(error.exitCode === 0 ? EXIT.ok : EXIT.usage);
  });

function withConfig(command: Command): Command {
  return command
    .option('-c, --config <file>', 'configuration file (JSON or YAML)')
    .option('--host <address>', 'bind address')
    .option('-p, --port <number>', 'bind port, 0 for any free one');
}

function run(action: () => number | Promise<number>): Promise<void> {
  return Promise.resolve()
    .then(action)
    .then(
      (exitCode) => process.exit(exitCode),
      (error: unknown) => {
        console.error(`ccproxy: ${error instanceof Error ? error.message : String(error)}`);
        process.exit(EXIT.failed);
      },
    );
}

withConfig(program.command('start'))
  .description('serve in the foreground until SIGTERM or SIGINT')
  .option('-w, --workers <number>', 'worker processes, or auto')
  .action((flags: ConfigFlags) => run(() => start(flags)));

withConfig(program.command('check'))
  .description('check the configuration and list every mistake')
  .option('-w, --workers <number>', 'worker processes, or auto')
  .action((flags: ConfigFlags) => run(() => check(flags)));

withConfig(program.command('status'))
  .description('show what the running proxy does')
  .option('--json', 'the document as the proxy gives it')
  .action((flags: ConfigFlags & { json?: boolean }) => run(() => status(flags)));

withConfig(program.command('reload'))
  .description('bring a changed configuration into force, worker by worker, and wait until it is')
  .action((flags: ConfigFlags) => run(() => reload(flags)));

withConfig(program.command('scale'))
  .description('run that many workers from now on, and wait until they are ready')
  .argument('<workers>', 'their number')
  .action((workers: string, flags: ConfigFlags) => run(() => scale(workers, flags)));

withConfig(program.command('stop'))
  .description('drain the running proxy and wait for its end')
  .action((flags: ConfigFlags) => run(() => stop(flags)));

withConfig(program.command('code'))
  .description('start Claude Code through the proxy; starts a proxy when none runs')
  .argument('[args...]', 'arguments for Claude Code, after --')
  .action((args: string[], flags: ConfigFlags) => run(() => code(flags, args)));

program
  .command('version')
  .description('show the version')
  .action(() =>
    run(() => {
      const { version, commit, date } = readBuildInfo();
      console.log(`ccproxy ${version} (commit ${commit}, built ${date}, Node ${process.versions.node})`);
      return EXIT.ok;
    }),
  );

program.version(readBuildInfo().version, '-V, --version', 'show the version number');
void program.parseAsync();
