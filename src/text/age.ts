/** How long ago something was: `10 s ago`, `2 min ago`, `3 h ago`, `5 d ago`: abbreviated as durations are. */

const STEPS = [
  { unit: 'd', ms: 86_400_000 },
  { unit: 'h', ms: 3_600_000 },
  { unit: 'min', ms: 60_000 },
] as const;

/** `now` for what is less than a second old, or in the future by the difference of two clocks. Whole units, rounded down. */
export function formatAge(ageMs: number): string {
  if (!(ageMs >= 1_000)) return 'now';
  const step = STEPS.find(({ ms }) => ageMs >= ms);
  if (step === undefined) return `${Math.floor(ageMs / 1_000)} s ago`;
  return `${Math.floor(ageMs / step.ms)} ${step.unit} ago`;
}

/** As `kubectl get` has it, for narrow columns: `10s`, `2m`, `3h`, `5d`. */
export function formatShortAge(ageMs: number): string {
  const seconds = Math.max(0, Math.floor(ageMs / 1_000));
  const step = STEPS.find(({ ms }) => ageMs >= ms);
  return step === undefined ? `${seconds}s` : `${Math.floor(ageMs / step.ms)}${step.unit.charAt(0)}`;
}
