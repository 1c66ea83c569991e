/**
 * pm2 runs the supervisor, and the supervisor alone runs the workers: `pm2 start ecosystem.config.js`
 * (after `npm ci && npm run build`). Overrides by environment: CCPROXY_CONFIG, CCPROXY_PORT and the others in the README.
 */
module.exports = {
  apps: [
    {
      name: 'ccproxy',
      script: 'dist/supervisor/cli.js',
      args: 'start',
      cwd: __dirname,
      // pm2's own cluster mode would put its balancer before the workers, which share the port by themselves.
      exec_mode: 'fork',
      instances: 1,
      // The supervisor says 'ready' when every worker listens and holds a snapshot.
      wait_ready: true,
      listen_timeout: 20_000,
      // Longer than shutdown_timeout (30 s by default) and what follows it: a drain must never be cut by pm2.
      kill_timeout: 40_000,
      // Only the supervisor gets the signal; workers end when it tells them to.
      treekill: false,
      // It would measure the supervisor, which needs little, and restart it with every worker.
      max_memory_restart: undefined,
      autorestart: true,
      // The supervisor starts workers again by itself; if it ends, something is wrong with the start itself.
      max_restarts: 10,
      min_uptime: 10_000,
      exp_backoff_restart_delay: 200,
      // Without colours: a file reads JSON lines. Set log_file in the configuration to write one without pm2.
      merge_logs: true,
      time: false,
    },
  ],
};
