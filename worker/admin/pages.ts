/** The operator's pages: answered from what this worker holds, at any load. */
import type { BuildInfo } from '../../shared/version';
import type { ClusterView } from '../cluster-view';
import { adminError, headerValue, JSON_TYPE, jsonReply, NO_STORE, type Reply, UNAUTHORISED } from '../http/reply';

const JSON_NO_STORE = headerValue(JSON_TYPE + NO_STORE);
const UNAVAILABLE = adminError({ type: 'service_error', message: 'Service temporarily unavailable' });

/** The metrics of the whole cluster, as the supervisor renders them. */
export interface MetricsSource {
  /** Resolves to null when the supervisor does not answer. */
  render(openMetrics: boolean): Promise<{ contentType: string; body: string } | null>;
}

export class AdminPages {
  readonly #build: BuildInfo;
  readonly #view: ClusterView;
  readonly #metrics: MetricsSource;

  constructor(parts: { build: BuildInfo; view: ClusterView; metrics: MetricsSource }) {
    this.#build = parts.build;
    this.#view = parts.view;
    this.#metrics = parts.metrics;
  }

  /** `GET /`: who is there. For everybody. */
  root(): Reply {
    return jsonReply(200, JSON.stringify({ message: 'CCProxy', version: this.#build.version }));
  }

  /** Clients probe for it and look at the status alone. */
  hello(): Reply {
    return jsonReply(200, '{}');
  }

  /** This process answers. For everybody. */
  livez(): Reply {
    return jsonReply(200, '{"status":"alive"}', NO_STORE);
  }

  /** The cluster can serve. For everybody. */
  readyz(): Reply {
    const ready = this.#health() !== 'unhealthy';
    return jsonReply(ready ? 200 : 503, `{"status":"${ready ? 'ready' : 'not ready'}"}`, NO_STORE);
  }

  /** For everybody how the service is (503 only when nothing can serve); with access also figures. */
  health(allowed: boolean): Reply {
    const snapshot = this.#view.current;
    const health = this.#health();
    const details =
      allowed && snapshot !== null ? `,"timestamp":"${new Date().toISOString()}"${snapshot.healthTail}` : '';
    return jsonReply(health === 'unhealthy' ? 503 : 200, `{"status":"${health}"${details}}`, NO_STORE);
  }

  /** A hung supervisor takes nothing from what its workers can do. */
  #health(): 'healthy' | 'degraded' | 'unhealthy' {
    const { latest, current } = this.#view;
    if (latest === null || latest.draining) return 'unhealthy';
    return current === null ? 'degraded' : current.health;
  }

  status(allowed: boolean): Reply {
    if (!allowed) return UNAUTHORISED;
    const document = this.#view.statusDocument();
    return document === null ? UNAVAILABLE : { status: 200, typeAndHeaders: JSON_NO_STORE, body: document };
  }

  async metrics(allowed: boolean, accept: string): Promise<Reply> {
    if (!allowed) return UNAUTHORISED;
    if (this.#view.current === null) return UNAVAILABLE;
    const rendered = await this.#metrics.render(accept.includes('application/openmetrics-text'));
    if (rendered === null) return UNAVAILABLE;
    return { status: 200, typeAndHeaders: headerValue(rendered.contentType + NO_STORE), body: rendered.body };
  }
}
