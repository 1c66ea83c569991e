/** The same tests of a client over either transport; what they open is closed after each. */
import type { Upstream } from '../../worker/upstream/upstream';
import { type Certificates, createCertificates } from './certs';
import { createUpstream, type SubjectOptions } from './upstream-subject';
import { type WireRequest, WireServer, type WireServerOptions } from './wire-server';

export interface Transport {
  name: 'TCP' | 'TLS';
  certificates: () => Certificates;
  serve(respond: (request: WireRequest) => void, options?: WireServerOptions): Promise<WireServer>;
  /** The subject, for that server. */
  upstream(server: WireServer, options?: Partial<SubjectOptions>): Upstream;
}

export function overTcpAndTls(title: string, tests: (transport: Transport) => void): void {
  overTcp(title, tests);
  overTls(title, tests);
}

export function overTcp(title: string, tests: (transport: Transport) => void): void {
  over('TCP', title, tests);
}

export function overTls(title: string, tests: (transport: Transport) => void): void {
  over('TLS', title, tests);
}

function over(name: Transport['name'], title: string, tests: (transport: Transport) => void): void {
  describe(`${title}, over ${name}`, () => {
    const servers: WireServer[] = [];
    const upstreams: Upstream[] = [];
    let made: Certificates | null = null;
    const certificates = () => {
      if (made === null) throw new Error('TCP has no certificates');
      return made;
    };

    if (name === 'TLS') {
      before(async () => {
        made = await createCertificates();
      });
      after(() => made?.remove());
    }

    afterEach(() => {
      for (const upstream of upstreams.splice(0)) upstream.destroy();
      for (const server of servers.splice(0)) server.close();
    });

    tests({
      name,
      certificates,
      async serve(respond, options = {}) {
        const server = await WireServer.start(respond, name === 'TLS' ? { tls: certificates(), ...options } : options);
        servers.push(server);
        return server;
      },
      upstream(server, options = {}) {
        const trust = name === 'TLS' ? { ca: certificates().ca } : {};
        const upstream = createUpstream({ origin: server.origin, ...trust, ...options });
        upstreams.push(upstream);
        return upstream;
      },
    });
  });
}
