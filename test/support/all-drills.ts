/** What scripts/kills.mjs bundles. */
export { clusterKillDrill } from './cluster-kill-drill.ts';
export { killDrill } from './kill-drill.ts';
export { playDrills } from './play-drills.ts';
