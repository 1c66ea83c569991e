/** A port of the loopback address for a program that cannot ask for any free one. */
import { claimAddress } from '../../supervisor/address-claim';

/** A port that nothing listens on now, and that the kernel gives to nobody of its own accord. */
export async function freePort(): Promise<number> {
  const { port, release } = await claimAddress('127.0.0.1', 0);
  release();
  return port;
}
