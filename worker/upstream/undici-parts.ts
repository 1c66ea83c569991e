/** The parts of undici that are used. Loading all of it takes 100 ms, a third of a worker's start. */
import { createRequire } from 'node:module';

const load = createRequire(__filename);

// Files inside the package have no types of their own; these are what its entry point exports under these names.
export const Pool = load('undici/lib/dispatcher/pool.js') as typeof import('undici').Pool;
export type Pool = import('undici').Pool;
export const ProxyAgent = load('undici/lib/dispatcher/proxy-agent.js') as typeof import('undici').ProxyAgent;

// The entry point gives every dispatcher its methods; `ProxyAgent` needs `connect`.
Object.assign(load('undici/lib/dispatcher/dispatcher.js').prototype, load('undici/lib/api'));
