/** GET /status as its readers know it. Members that come after the first ten may be joined by others. */
export interface StatusDocument {
  service: string;
  version: string;
  status: 'running' | 'stopped';
  uptime: string;
  pid: number;
  host: string;
  port: number;
  api_key_configured: boolean;
  providers: { count: number; active: string[]; details: StatusProvider[] };
  build: { version: string; commit: string; date: string };
  supervisor: {
    pid: number;
    started_at: string;
    uptime_seconds: number;
    generation: number;
    state: 'starting' | 'running' | 'reloading' | 'draining';
    config_hash: string;
    reload: { in_progress: boolean; last_result: string | null; last_at: string | null; last_error: string | null };
  };
  workers: { desired: number; ready: number; draining: number; list: StatusWorker[] };
  served_by: { slot: number; pid: number };
  snapshot_age_ms: number;
}

export interface StatusWorker {
  slot: number;
  pid: number;
  generation: number;
  state: string;
  started_at: string;
  uptime_seconds: number;
  last_heartbeat_age_ms: number;
  in_flight: number;
  connections: number;
  rss_bytes: number;
  event_loop_lag_ms: number;
  restarts: number;
  last_exit: { code: number | null; signal: string | null; reason: string; at: string } | null;
}

export interface StatusProvider {
  name: string;
  dialect: string;
  state: 'active' | 'degraded' | 'unavailable' | 'disabled';
  reason: string | null;
  in_flight: number;
  requests: number;
  errors: number;
  last_error: { at: string; code: string; message: string } | null;
  latency_ms: { p50: number | null; p95: number | null };
}
