/** `ccproxy start`: serves in the foreground. */
import { runSupervisor } from '../main';
import { type ConfigFlags, load, loadOrExplain } from './configuration';

export async function start(flags: ConfigFlags): Promise<number> {
  const loaded = loadOrExplain(flags);
  return loaded === null ? 1 : runSupervisor(loaded, () => load(flags));
}
