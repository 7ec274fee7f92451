/** What `plan` found out, as text. */
import { sanitize } from '../text/sanitize.ts';
import type { Theme } from './theme.ts';
import type { Preflight } from '../view/plan-view.ts';

export function renderPlan(preflight: Preflight, options: { readonly theme: Theme; readonly columns: number }): string {
  void options;
  return `${sanitize(preflight.name)}`;
}
