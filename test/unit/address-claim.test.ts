/** Which port is "any free one". */
import crypto from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { expect } from 'chai';
import { type AddressClaim, claimAddress } from '../../supervisor/address-claim';

const HOST = '127.0.0.1';

describe('a claim of any free port', () => {
  const claims: AddressClaim[] = [];
  const servers: Server[] = [];
  const { randomInt } = crypto;
  afterEach(() => {
    crypto.randomInt = randomInt;
    for (const { release } of claims.splice(0)) release();
    for (const server of servers.splice(0)) server.close();
  });

  /** The ports that are tried, in this order. */
  const tryPorts = (...ports: number[]) => {
    crypto.randomInt = () => ports.shift() ?? 0;
  };
  const claimAny = async () => {
    const claim = await claimAddress(HOST, 0);
    claims.push(claim);
    return claim.port;
  };

  it('is not one that the kernel gives away of its own accord before the workers have bound it', async () => {
    const [lowest = 0] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').split('\t').map(Number);
    for (let times = 0; times < 50; times++) expect(await claimAny()).to.be.within(1024, lowest - 1);
  });

  it('passes over those of other proxies and of other programs', async () => {
    const [first, second, third] = [await claimAny(), await claimAny(), await claimAny()];
    claims.splice(1).forEach(({ release }) => {
      release();
    });
    const other = createServer().listen(second, HOST);
    servers.push(other);
    await once(other, 'listening');
    tryPorts(first, second, third);
    expect(await claimAny()).to.equal(third);
  });

  it('fails at once where no port would do', async () => {
    tryPorts(20_000);
    const error = await claimAddress('203.0.113.9', 0).catch(String);
    expect(error).to.equal('Error: 203.0.113.9:20000: this machine has no such address');
  });
});
