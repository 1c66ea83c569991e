/** A request's head as the engine hands it over, for tests of what reads heads. */
import { RequestHead } from '../../worker/http/request-head';

/** @param headers each value may be several, for a header that comes repeatedly */
export function headOf(
  headers: Record<string, string | readonly string[]>,
  peer: Uint8Array = Uint8Array.of(127, 0, 0, 1),
): RequestHead {
  const list = Object.entries(headers).flatMap(([name, values]) => [values].flat().map((value) => ({ name, value })));
  return new RequestHead(
    { getRemoteAddress: () => Uint8Array.from(peer).buffer },
    {
      getMethod: () => 'get',
      getUrl: () => '/status',
      getQuery: () => undefined,
      forEach: (callback) => {
        for (const { name, value } of list) callback(name, value);
      },
    },
    null,
  );
}
