/**
 * The page that every HTML report is: one file, nothing is loaded from anywhere, no script runs, the answer stands first. The policy in
 * its head forbids all but its own style, whatever a name may hold.
 */
import { joined, Markup, markup } from '../markup.ts';
import { STYLE } from './style.ts';

/** How an answer is meant: style.ts has the colours. */
export type Tone = 'good' | 'bad' | 'open' | 'plain';

export interface Page {
  readonly headline: string;
  readonly tone: Tone;
  /** Below the headline, within its frame. */
  readonly answer?: Markup | undefined;
  /** Label and value. */
  readonly facts: readonly (readonly [label: string, value: string])[];
  /** What the link for keyboards leads to. */
  readonly first: string;
  readonly sections: readonly (Markup | undefined)[];
  readonly footer: string;
}

export function htmlPage({ headline, tone, answer, facts, first, sections, footer }: Page): string {
  const document = markup`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="iter8ctl">
<title>${headline}</title>
<style>${new Markup(STYLE)}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the ${first}</a>
<header>
<div class="answer ${tone}">
<h1>${headline}</h1>
${answer}
</div>
${factList(facts)}
</header>
<main id="main">
${joined(sections.filter((one) => one !== undefined))}
</main>
<footer>${footer}</footer>
</body>
</html>
`;
  return document.text;
}

export function factList(facts: Page['facts']): Markup {
  return markup`<dl class="facts">${facts.map(([label, value]) => markup`<dt>${label}</dt><dd>${value}</dd>`)}</dl>`;
}

export function section(title: string, content: Markup): Markup {
  return markup`<section><h2>${title}</h2>
${content}
</section>`;
}

/** None without texts. */
export function listSection(title: string, texts: readonly string[]): Markup | undefined {
  if (texts.length === 0) return undefined;
  return section(title, markup`<ul class="warnings">${texts.map((text) => markup`<li>${text}</li>`)}</ul>`);
}

/** A table of which each row becomes a block where there is no room: `label` names its region, the last heads may be of numbers. */
export function stackedTable(
  label: string,
  head: readonly (string | { readonly number: string })[],
  rows: readonly Markup[],
): Markup {
  const heads = head.map((one) =>
    typeof one === 'string'
      ? markup`<th scope="col">${one}</th>`
      : markup`<th scope="col" class="number">${one.number}</th>`,
  );
  return markup`<div class="scroll" tabindex="0" role="region" aria-label="${label}"><table class="stacked">
<thead><tr>${heads}</tr></thead>
<tbody>
${joined(rows)}
</tbody></table></div>`;
}

/** Columns from `numbers` on hold numbers. */
export function table(
  caption: string,
  head: readonly string[],
  rows: readonly (readonly string[])[],
  numbers: number = head.length,
): Markup {
  const kind = (at: number) => (at >= numbers ? 'number' : 'name');
  return markup`<div class="scroll" tabindex="0" role="region" aria-label="${caption}"><table><caption>${caption}</caption>
<thead><tr>${head.map((text, at) => markup`<th scope="col" class="${kind(at)}">${text}</th>`)}</tr></thead>
<tbody>${rows.map((row) => markup`<tr>${row.map((text, at) => markup`<td class="${kind(at)}">${text}</td>`)}</tr>`)}</tbody></table></div>`;
}
