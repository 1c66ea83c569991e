/** The files for systemd, Docker, Kubernetes and pm2: valid, and true to the program that they run. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect } from 'chai';
import { validate } from 'dockerfile-utils';
import { Deployment } from 'kubernetes-models/apps/v1/Deployment';
import { ConfigMap } from 'kubernetes-models/v1/ConfigMap';
import { Service } from 'kubernetes-models/v1/Service';
import { parse } from 'yaml';
import { DEFAULTS } from '../../shared/config/normalise';
import { durationMs } from '../../shared/config/quantities';

const ROOT = resolve(__dirname, '../../..');
const read = (...path: string[]) => readFileSync(join(ROOT, ...path), 'utf8');
/** Not typed: what is looked at is what is tested. */
const yaml = (...path: string[]) => parse(read(...path));

describe('deployment: every limit on a stop is longer than the drain', () => {
  const drainSeconds = DEFAULTS.shutdownTimeoutMs / 1000;

  it('systemd', () => {
    expect(Number(/^TimeoutStopSec=(\d+)$/m.exec(read('deploy/systemd/ccproxy.service'))?.[1])).to.be.above(
      drainSeconds,
    );
  });
  it('Docker', () => {
    const { stop_grace_period } = yaml('deploy/docker/compose.yaml').services.ccproxy;
    expect(durationMs(stop_grace_period)).to.be.above(DEFAULTS.shutdownTimeoutMs);
  });
  it('Kubernetes, with the sleep before it', () => {
    const { spec } = yaml('deploy/kubernetes/deployment.yaml').spec.template;
    const [program, seconds] = spec.containers[0].lifecycle.preStop.exec.command;
    expect(program).to.equal('sleep');
    expect(spec.terminationGracePeriodSeconds).to.be.above(drainSeconds + Number(seconds));
  });
  it('pm2', () => {
    const { apps } = require(join(ROOT, 'ecosystem.config.js'));
    expect(apps[0].kill_timeout).to.be.above(DEFAULTS.shutdownTimeoutMs);
    expect(apps[0].treekill).to.equal(false);
  });
});

describe('deployment: systemd', () => {
  const unit = read('deploy/systemd/ccproxy.service');

  it('the unit is notified, watched and reloaded by a signal, and only the supervisor gets SIGTERM', () => {
    for (const line of ['Type=notify', 'NotifyAccess=all', 'KillMode=mixed', 'ExecReload=/bin/kill -HUP $MAINPID']) {
      expect(unit.split('\n')).to.include(line);
    }
    expect(unit).to.match(/^WatchdogSec=\d+$/m);
  });

  if (spawnSync('systemd-analyze', ['--version']).status !== 0 && process.env['CCPROXY_TEST_REQUIRE_ALL'] !== '1') {
    console.log('deploy.test: systemd-analyze is left out, it is not installed');
  } else {
    it('systemd-analyze has nothing to say, and would have', () => {
      const dir = mkdtempSync(join(tmpdir(), 'ccproxy-unit-'));
      const verify = (text: string) => {
        const file = join(dir, 'ccproxy.service');
        // Programs that are there on the machine of the test.
        writeFileSync(file, text.replaceAll('/usr/bin/node', process.execPath).replace(/^Documentation=.*$/m, ''));
        const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', file], {
          encoding: 'utf8',
        });
        return { status, output: (stdout + stderr).split('\n').filter((line) => line.includes('ccproxy.service')) };
      };
      try {
        expect(verify(unit)).to.deep.equal({ status: 0, output: [] });
        expect(verify(unit.replace('WatchdogSec', 'WachdogSec')).output.join()).to.match(/Unknown key.*WachdogSec/);
      } finally {
        rmSync(dir, { recursive: true });
      }
    });
  }
});

describe('deployment: Docker', () => {
  const dockerfile = read('Dockerfile');

  it('the Dockerfile has no mistake that a linter sees, and copies what is there', () => {
    expect(validate(dockerfile).map(({ message }) => message)).to.deep.equal([]);
    expect(validate(`${dockerfile}\nRUM x\n`)).to.have.length(1);
    const sources = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, list = '']) => list.split(' '));
    expect(sources).to.include.members(['package.json', 'package-lock.json', 'tsconfig.json', 'shared', 'worker']);
    for (const source of sources) {
      expect(existsSync(join(ROOT, source)), source).to.equal(true);
      expect(read('.dockerignore').split('\n'), 'is sent to the daemon').to.include(`!${source}`);
    }
  });

  it('the health check is that of the compose file, and asks for a page and a port that there are', () => {
    const { healthcheck, ports } = yaml('deploy/docker/compose.yaml').services.ccproxy;
    const check = /^ {2}CMD \[(.*)\]$/m.exec(dockerfile)?.[1] ?? '';
    expect(JSON.parse(`[${check}]`)).to.deep.equal(healthcheck.test.slice(1));
    expect(check).to.include(`http://127.0.0.1:${DEFAULTS.port}/status`);
    expect(dockerfile).to.match(new RegExp(`^EXPOSE ${DEFAULTS.port}$`, 'm'));
    expect(ports).to.deep.equal([`${DEFAULTS.port}:${DEFAULTS.port}`]);
  });
});

describe('deployment: Kubernetes', () => {
  it('every object fits its schema, and a mistake would not', () => {
    const deployment = yaml('deploy/kubernetes/deployment.yaml');
    expect(() => new Deployment(deployment).validate()).not.to.throw();
    expect(() => new Service(yaml('deploy/kubernetes/service.yaml')).validate()).not.to.throw();
    expect(() => new ConfigMap(yaml('deploy/kubernetes/config.yaml')).validate()).not.to.throw();
    deployment.spec.replicas = 'two';
    expect(() => new Deployment(deployment).validate()).to.throw(/replicas/);
  });

  it('names fit together', () => {
    const { resources } = yaml('deploy/kubernetes/kustomization.yaml');
    for (const file of resources) expect(existsSync(join(ROOT, 'deploy/kubernetes', file)), file).to.equal(true);
    const { spec } = yaml('deploy/kubernetes/deployment.yaml').spec.template;
    const [container] = spec.containers;
    const service = yaml('deploy/kubernetes/service.yaml');
    const monitor = yaml('deploy/kubernetes/service-monitor.yaml');
    expect(container.ports).to.deep.equal([{ name: 'http', containerPort: DEFAULTS.port }]);
    expect(service.spec.ports[0]).to.deep.equal({ name: 'http', port: DEFAULTS.port, targetPort: 'http' });
    expect(monitor.spec.endpoints[0].port).to.equal('http');
    expect(monitor.spec.selector.matchLabels).to.deep.equal(service.metadata.labels);
    const probes = [container.startupProbe, container.readinessProbe, container.livenessProbe];
    const served = read('worker/server.ts');
    for (const { httpGet } of probes) expect(served).to.include(`page('${httpGet.path}'`);
    expect(served).to.include(`page('${monitor.spec.endpoints[0].path}'`);
    const volumes = spec.volumes.map(({ name }: { name: string }) => name);
    for (const { name } of container.volumeMounts) expect(volumes).to.include(name);
  });
});
