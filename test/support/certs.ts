/** Certificates for TLS tests, made when they are needed by the `openssl` command. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Certificates {
  /** PEM of the authority that signed `cert`, and its file, for `NODE_EXTRA_CA_CERTS`. */
  ca: string;
  caFile: string;
  /** PEM of a server's key and certificate, for `localhost`, `provider.test`, 127.0.0.1 and ::1. */
  key: string;
  cert: string;
  dir: string;
  /** Removes the files. */
  remove(): Promise<void>;
}

const EC_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/**
 * A new authority and a server certificate of it, valid for a day.
 * @param isExpired the server's certificate was valid until yesterday
 * @throws Error with what openssl said
 */
export async function createCertificates({ isExpired = false } = {}): Promise<Certificates> {
  const dir = await mkdtemp(join(tmpdir(), 'ccproxy-certs-'));
  const file = (name: string) => join(dir, name);
  try {
    await writeFile(
      file('ext'),
      'subjectAltName=DNS:localhost,DNS:provider.test,IP:127.0.0.1,IP:::1\nextendedKeyUsage=serverAuth\n',
    );
    const authority = ['-subj', '/CN=CCProxy test authority', '-addext', 'keyUsage=critical,keyCertSign'];
    const caOut = ['-days', '1', '-keyout', file('ca.key'), '-out', file('ca.pem')];
    await run('openssl', ['req', '-x509', ...EC_KEY, ...authority, ...caOut]);
    const serverOut = ['-keyout', file('server.key'), '-out', file('server.csr')];
    await run('openssl', ['req', ...EC_KEY, '-subj', '/CN=localhost', ...serverOut]);
    const signer = [
      '-CA',
      file('ca.pem'),
      '-CAkey',
      file('ca.key'),
      '-CAcreateserial',
      '-days',
      isExpired ? '-1' : '1',
    ];
    const signed = ['-in', file('server.csr'), '-extfile', file('ext'), '-out', file('server.pem')];
    await run('openssl', ['x509', '-req', ...signer, ...signed]);
    const [ca, key, cert] = await Promise.all(
      ['ca.pem', 'server.key', 'server.pem'].map((name) => readFile(file(name), 'utf8')),
    );
    if (ca === undefined || key === undefined || cert === undefined) throw new Error('openssl wrote no files');
    return { ca, caFile: file('ca.pem'), key, cert, dir, remove: () => rm(dir, { recursive: true, force: true }) };
  } catch (error) {
    await rm(dir, { recursive: true, force: true });
    throw error;
  }
}
