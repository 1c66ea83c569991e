/**
 * Our client to the providers against Node's own, on answers of every kind: `node dist/test/fuzz/http-client.js
 * --cases 100000 --seed 7`; one of them alone with `--case NUMBER`.
 */
import { parseArgs } from 'node:util';
import { fuzz, report } from './fuzz';

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      cases: { type: 'string', default: '100000' },
      seed: { type: 'string', default: String(Date.now() % 2 ** 32) },
      case: { type: 'string' },
    },
  });
  const seed = Number(values.seed);
  const only = values.case === undefined ? null : Number(values.case);
  const beganMs = performance.now();
  console.log(`seed ${seed}`);
  const result = await fuzz({ seed, from: only ?? 0, cases: only === null ? Number(values.cases) : 1 });
  console.log(report(result));
  console.log(`${((performance.now() - beganMs) / 1000).toFixed(1)} s`);
  return result.faults.length === 0 ? 0 : 1;
}

void main().then(
  (code) => process.exit(code),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
