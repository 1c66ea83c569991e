/** A request's head as the engine hands it over, for tests of what reads heads. */
import { RequestHead } from '../../worker/http/request-head';

/** @param headers each value may be several, for a header that comes repeatedly */
export function headOf(headers: Record<string, string | readonly string[]>, peer?: Uint8Array): RequestHead {
  return headOfList(
    Object.entries(headers).flatMap(([name, values]) => [values].flat().flatMap((value) => [name, value])),
    peer,
  );
}

/** @param headers flat list of lower-case name, value */
export function headOfList(headers: readonly string[], peer: Uint8Array = Uint8Array.of(127, 0, 0, 1)): RequestHead {
  return new RequestHead(
    { getRemoteAddress: () => Uint8Array.from(peer).buffer },
    {
      getMethod: () => 'get',
      getUrl: () => '/status',
      getQuery: () => undefined,
      forEach: (callback) => {
        for (let i = 0; i + 1 < headers.length; i += 2) callback(headers[i] ?? '', headers[i + 1] ?? '');
      },
    },
    { method: null, path: null },
  );
}
