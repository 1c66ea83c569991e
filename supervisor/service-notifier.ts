import type { Logger } from '../shared/logger';
export class ServiceNotifier {
  constructor(_logger: Logger) {}
  ready(_status: string): void {}
  reloading(): void {}
  reloaded(_status: string): void {}
  stopping(): void {}
  alive(): void {}
}
