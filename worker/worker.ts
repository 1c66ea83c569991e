/** What a worker is made of, and its own life: listen, beat, report, drain. */
import type { Config } from '../shared/config/config';
import { secretsOf } from '../shared/config/secrets';
import { type Log, redactor } from '../shared/logger';
import type { SupervisorMessage, WorkerIdentity } from '../shared/protocol';
import { readBuildInfo } from '../shared/version';
import { ControlPages } from './admin/control';
import { ModelCatalogue } from './admin/models';
import { AdminPages } from './admin/pages';
import { ClusterView } from './cluster-view';
import { loadDialectsOf } from './dialects/provider-dialects';
import { Drain } from './drain';
import { AccessLog } from './gateway/access-log';
import { Accounting } from './gateway/accounting';
import { Admission } from './gateway/admission';
import { Gateway } from './gateway/gateway';
import { ProviderObserver } from './gateway/provider-observer';
import { Heartbeat } from './heartbeat';
import { AccessRule } from './http/access-rule';
import type { Engine, ListenSocket } from './http/engine';
import type { SupervisorLink } from './link';
import { OpenSockets } from './open-sockets';
import { mountRoutes } from './server';
import { SupervisorCalls } from './supervisor-calls';
import { Upstreams } from './upstream/upstreams';
import { WorkerMetrics } from './worker-metrics';

export interface WorkerParts {
  config: Config;
  identity: WorkerIdentity;
  name: string;
  engine: Engine;
  link: SupervisorLink;
  log: Log;
}

/** Failures at providers are reported this soon, many in one message. */
const REPORT_FAILURES_AFTER_MS = 50;
const LAST_REPORT_MS = 1500;

export class Worker {
  readonly #parts: WorkerParts;
  readonly #metrics: WorkerMetrics;
  readonly #upstreams: Upstreams;
  readonly #observer: ProviderObserver;
  readonly #admission: Admission;
  readonly #accounting: Accounting;
  readonly #view: ClusterView;
  readonly #calls: SupervisorCalls;
  readonly #gateway: Gateway;
  readonly #heartbeat: Heartbeat;
  readonly #drain: Drain;
  readonly #sockets = new OpenSockets();
  #listenSocket: ListenSocket | null = null;
  #listening = false;
  #reportDue = false;
  #reportUnderWay = false;
  #awaitingReport: (() => void)[] = [];

  constructor(parts: WorkerParts) {
    const { config, identity, name, engine, link, log } = parts;
    this.#parts = parts;
    loadDialectsOf(config.providers);
    this.#metrics = new WorkerMetrics(config);
    this.#upstreams = new Upstreams(config, (provider) => this.#metrics.upstreamRetry(provider));
    this.#observer = new ProviderObserver(() => this.#reportSoon());
    this.#admission = new Admission(config);
    // Its first line would hold up everybody for as long as that takes.
    log.open();
    const accessLog = config.log
      ? new AccessLog({ write: log.writeRaw, redact: redactor(secretsOf(config)), pretty: log.pretty }, name)
      : null;
    this.#view = new ClusterView(identity);
    this.#calls = new SupervisorCalls(link, (then) => this.reportMetrics(then));
    this.#drain = new Drain({
      closeListener: () => this.#closeListener(),
      inFlight: () => this.#inFlight(),
      connections: () => this.#sockets.count(this.#connectionsToProviders()),
      ended: (cut) => this.#end(cut),
    });
    this.#accounting = new Accounting({
      metrics: this.#metrics,
      accessLog,
      observer: this.#observer,
      logger: log.logger,
    });
    const access = new AccessRule(config);
    this.#gateway = new Gateway({
      config,
      access,
      admission: this.#admission,
      upstreams: this.#upstreams,
      accounting: this.#accounting,
      cluster: this.#view,
      drain: this.#drain,
    });
    this.#heartbeat = new Heartbeat((eventLoopLagMs) => this.#beat(eventLoopLagMs));

    const app = engine.createApp();
    mountRoutes(app, {
      access,
      gateway: this.#gateway,
      drain: this.#drain,
      pages: new AdminPages({ build: readBuildInfo(), view: this.#view, metrics: this.#calls }),
      control: new ControlPages(this.#calls),
      models: new ModelCatalogue(config),
      apiKeyConfigured: config.apiKey !== null,
      onBug: (error) => log.logger.error(`a handler threw: ${error instanceof Error ? error.stack : String(error)}`),
    });
    app.listen(config.host, config.port, (socket) => this.#listened(socket));
  }

  receive(message: SupervisorMessage): void {
    switch (message.type) {
      case 'snapshot': {
        const first = this.#view.current === null;
        this.#view.receive(message);
        this.#admission.setClientRequests(message.clientRequests);
        this.#admission.shareWith(message.workers);
        if (first) this.#readyWhenComplete();
        break;
      }
      case 'metrics_text':
      case 'control_result':
        this.#calls.receive(message);
        break;
      case 'drain':
        this.#drain.begin(message);
        break;
      case 'configure':
        break;
    }
  }

  /** Sends the whole registry to the supervisor; `then` runs when it is on its way. */
  reportMetrics(then: () => void): void {
    this.#awaitingReport.push(then);
    // A supervisor that reads nothing must not make this worker's memory grow: one report is under way at a time.
    if (!this.#reportUnderWay) this.#report();
  }

  /** Before the process ends: what has happened so far is in the log and the metrics then. */
  reportLast(then: () => void): void {
    this.#accounting.settle();
    this.reportMetrics(then);
  }

  /** What is counted while a report is under way goes with the next one, for those who wait for it. */
  #report(): void {
    this.#reportUnderWay = true;
    const waiting = this.#awaitingReport;
    this.#awaitingReport = [];
    this.#accounting.settle();
    for (const [provider, upstream] of this.#upstreams.entries()) {
      const { active, idle } = upstream.counts();
      this.#metrics.connections(provider, 'active', active);
      this.#metrics.connections(provider, 'idle', idle);
    }
    void this.#metrics.snapshot().then((series) => {
      this.#parts.link.sendLast({ type: 'metrics', series }, () => {
        this.#reportUnderWay = false;
        for (const then of waiting) then();
        if (this.#awaitingReport.length > 0) this.#report();
      });
    });
  }

  #listened(socket: ListenSocket | false): void {
    const { config, link } = this.#parts;
    if (socket === false) {
      const reason = `cannot listen on ${config.host}:${config.port}: the address is taken or not this machine's`;
      link.sendLast({ type: 'boot_failed', reason }, () => process.exit(1));
      return;
    }
    this.#listenSocket = socket;
    this.#listening = true;
    this.#readyWhenComplete();
  }

  /** Ready means listening and holding a snapshot. */
  #readyWhenComplete(): void {
    if (!this.#listening || this.#view.current === null || this.#heartbeat.running) return;
    const { engine, link } = this.#parts;
    this.#heartbeat.start();
    link.send({ type: 'ready', port: engine.localPort(this.#listenSocket), engine: engine.name });
  }

  #beat(eventLoopLagMs: number): void {
    this.#parts.link.send({
      type: 'heartbeat',
      inFlight: this.#admission.underWay,
      connections: this.#sockets.estimate(this.#listening ? 1 : 0),
      rssBytes: process.memoryUsage.rss(),
      eventLoopLagMs,
      clientRequests: this.#admission.takeClientRequests(),
    });
    this.#reportProviders();
    if (!this.#reportUnderWay) this.reportMetrics(() => {});
  }

  #reportSoon(): void {
    if (this.#reportDue) return;
    this.#reportDue = true;
    setTimeout(() => this.#reportProviders(), REPORT_FAILURES_AFTER_MS);
  }

  #reportProviders(): void {
    this.#reportDue = false;
    this.#accounting.settle();
    this.#parts.link.send({ type: 'providers', reports: this.#observer.take() });
  }

  #closeListener(): void {
    if (!this.#listening) return;
    this.#listening = false;
    this.#parts.engine.closeListenSocket(this.#listenSocket);
    this.#parts.link.send({ type: 'closed' });
  }

  /** Requests that are being answered. */
  #inFlight(): number {
    return this.#admission.underWay + this.#calls.pending;
  }

  #connectionsToProviders(): number {
    let count = 0;
    for (const [, upstream] of this.#upstreams.entries()) {
      const { active, idle } = upstream.counts();
      count += active + idle;
    }
    return count;
  }

  /** Last reports, and exit 0, unless a request comes just then on a connection that is still open. */
  #end(cut: number): void {
    const { log } = this.#parts;
    if (cut > 0) log.logger.warn(`the drain's time is over: ${cut} requests are cut`);
    this.#reportProviders();
    // A supervisor that reads nothing must not keep this process.
    const hurry = setTimeout(() => process.exit(0), LAST_REPORT_MS);
    this.reportLast(() => {
      if (cut === 0 && this.#inFlight() > 0) {
        clearTimeout(hurry);
        this.#drain.goOn();
        return;
      }
      void log.close().then(() => process.exit(0));
    });
  }
}
