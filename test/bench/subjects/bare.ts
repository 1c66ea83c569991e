/** The far end itself, a bare uWebSockets.js handler that answers from memory: what is left when there is no proxy. */
import type { Subject, Surroundings } from './subject';

export function bareHandler({ provider }: Surroundings): Subject {
  return {
    name: 'bare uWS',
    url: provider.url,
    headers: {},
    model: (name) => name,
    translates: false,
    slow: false,
    warmsUp: true,
    pids: () => [provider.pid],
    stop: async () => {},
  };
}
