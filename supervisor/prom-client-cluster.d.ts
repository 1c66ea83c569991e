/**
 * What of prom-client merges and renders the metrics of several processes. Loaded by itself: with the rest of the package
 * come 84 files, OpenTelemetry's API among them, and a third of what else the supervisor loads.
 */
declare module 'prom-client/lib/cluster' {
  import { AggregatorRegistry } from 'prom-client';
  export default AggregatorRegistry;
}
