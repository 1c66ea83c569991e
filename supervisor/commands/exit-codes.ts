/** What `ccproxy` exits with; 130 and 143 stand for a second SIGINT or SIGTERM. `notRunning` is LSB's code for that. */
export const EXIT = { ok: 0, failed: 1, usage: 2, notRunning: 3 } as const;
