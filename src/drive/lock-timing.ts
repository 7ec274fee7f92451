/** How long a driver holds its lock, wherever that is kept. Source: docs/behavior.md 3, 6. */

/** One that has not renewed it for so long has lost it. */
export const HELD_MS = 15_000;
export const RENEW_EVERY_MS = 5_000;
