/** An experiment as one HTML file: the answer, the objectives, how it went, what was seen, the story, the settings. */
import { shortName } from '../../experiment/metric-names.ts';
import type { LimitAssessment } from '../../judge/assessment.ts';
import { boundText, limitText, observedText } from '../../judge/wording/limit-texts.ts';
import { formatCount, formatSeconds, formatValue } from '../../text/units.ts';
import type { MeasuredValue, Observation } from '../../view/experiment-view.ts';
import { joined, lines, markup, type Markup } from '../markup.ts';
import type { ReportModel } from '../report-model.ts';
import { rowSentence } from '../../judge/wording/row-sentence.ts';
import { patternText, problemTexts, progressText, secondsTaken, trafficText } from '../../view/header-texts.ts';
import { observationCells, observationHead } from '../observation-cells.ts';
import { evidenceCharts } from './evidence-chart.ts';
import { latencyChart } from './latency-chart.ts';
import { limitBar, VERDICT_TONES } from './limit-bar.ts';
import { overTime } from './over-time.ts';
import { htmlPage, listSection, section, stackedTable, table, type Page } from './page.ts';

const TONES = { promote: 'good', 'do not promote': 'bad', undecided: 'open', failed: 'bad' } as const;

export function renderHtml(model: ReportModel): string {
  const { view } = model;
  return htmlPage({
    headline: view.headline,
    tone: TONES[view.recommendation.verdict],
    answer: answer(model),
    facts: facts(model),
    first: 'objectives',
    sections: [
      listSection('Warnings', problemTexts(view)),
      objectives(model),
      charts(model),
      observed(model),
      evidence(model),
      story(model),
      settings(model),
    ],
    footer: footer(model),
  });
}

function answer({ view: { recommendation, judgedAgain } }: ReportModel): Markup {
  const { reasons } = recommendation;
  return markup`${judgedAgain === undefined ? undefined : markup`<p>Judged again: <strong>${judgedAgain}</strong></p>`}
${reasons.length === 0 ? undefined : markup`<ul>${reasons.map((reason) => markup`<li>${reason}</li>`)}</ul>`}`;
}

function facts({ view }: ReportModel): Page['facts'] {
  const seconds = secondsTaken(view);
  const traffic = trafficText(view);
  return [
    ['Experiment', `${view.name} (${view.namespace})`],
    ['Target', view.target],
    ['Pattern', patternText(view)],
    [
      'Versions',
      view.versions.map(({ name, role }) => (view.versions.length > 1 ? `${name} (${role})` : name)).join(', '),
    ],
    ['Stage', progressText(view)],
    ...(view.createdAt === undefined ? [] : [['Created', view.createdAt] as const]),
    ...(Number.isFinite(seconds) && seconds >= 0 ? [['Took', formatSeconds(seconds)] as const] : []),
    ...(traffic === '' ? [] : [['Traffic', traffic] as const]),
    ...(view.driven !== undefined && view.driven.by === undefined
      ? [['Driver', `nobody; go on with: ${view.driven.goOn}`] as const]
      : []),
  ];
}

// --------------------------------------------------------------------------------------------------------- objectives

function objectives({ view }: ReportModel): Markup {
  if (view.objectives.length === 0)
    return section('Objectives', markup`<p>Nothing was judged${view.ended ? '' : ' yet'}.</p>`);
  const head = ['Verdict', 'Version', 'Objective', 'Observed', 'Bound', 'From zero to beyond the limit'];
  const rows = view.objectives.map(objectiveRow);
  return section('Objectives', stackedTable('Objectives', [...head, { number: 'Requests' }], rows));
}

const SYMBOLS = { satisfied: '✔', violated: '✖', undecided: '?' } as const;

function objectiveRow(one: LimitAssessment): Markup {
  return markup`<tr class="${VERDICT_TONES[one.verdict]}"><td class="verdict">${SYMBOLS[one.verdict]} ${one.verdict}</td><td class="name" data-label="Version">${one.version}</td><th scope="row" class="name">${shortName(one.metric)} <span class="value">${limitText(one)}</span></th><td class="value" data-label="Observed">${observedText(one) ?? '-'}</td><td class="value" data-label="Bound">${boundText(one) ?? '-'}</td><td>${limitBar(one)}<span class="sentence">${one.verdict === 'satisfied' ? undefined : rowSentence(one)}</span></td><td class="number" data-label="Requests">${formatCount(one.n)}</td></tr>`;
}

// ------------------------------------------------------------------------------------------------------------- charts

function charts(model: ReportModel): Markup | undefined {
  const all = [latencyChart(model), ...overTime(model)].filter((one) => one !== undefined);
  return all.length === 0 ? undefined : section('How it went', markup`<div class="charts">${all}</div>`);
}

function evidence(model: ReportModel): Markup | undefined {
  const all = evidenceCharts(model);
  return all.length === 0 ? undefined : section('Evidence as it grew', markup`<div class="charts">${all}</div>`);
}

// ----------------------------------------------------------------------------------------------------------- observed

const PERCENTILES = [50, 75, 90, 95, 99];

function observed({ view }: ReportModel): Markup | undefined {
  const parts = [
    view.observations.length === 0 ? undefined : observations(view.observations),
    view.measured.length === 0 ? undefined : measured(view.measured),
    view.recorded.length === 0
      ? undefined
      : table(
          'Recorded by Iter8 0.7 (point values, not judged)',
          ['Metric', 'Version', 'Value'],
          view.recorded.map(({ metric, version, value, unit }) => [metric, version, formatValue(value, unit)]),
        ),
    view.reward === undefined
      ? undefined
      : table(
          `Reward: ${view.reward.metric} (${view.reward.preferred})`,
          ['State', 'Why'],
          [[view.reward.winner ?? view.reward.state, view.reward.reason ?? '-']],
        ),
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? undefined : section('Observed', joined(parts));
}

function observations(all: readonly Observation[]): Markup {
  return table(
    'Requests and their answers; latencies are those of answers',
    observationHead('Not 2xx', PERCENTILES),
    all.map((one) => observationCells(one, PERCENTILES).map((text) => (text === '' ? '-' : text))),
    1,
  );
}

function measured(all: readonly MeasuredValue[]): Markup {
  return table(
    'Metrics of backends, as last measured',
    ['Metric', 'Version', 'Value', 'Query'],
    all.map(({ metric, version, value, query, failure }) => [
      metric,
      version,
      failure === undefined ? (value === undefined ? '-' : formatValue(value, 'plain')) : failure.message,
      query,
    ]),
  );
}

// --------------------------------------------------------------------------------------------------- story and settings

function story({ view: { events } }: ReportModel): Markup | undefined {
  if (events.length === 0) return undefined;
  const items = events.map(
    ({ time, text }) => markup`<li><time datetime="${time}">${time.slice(11, 19)}</time>${text}</li>`,
  );
  const days = [...new Set(events.map(({ time }) => time.slice(0, 10)))];
  return section(
    'Story',
    markup`<details open><summary>${formatCount(events.length)} ${events.length === 1 ? 'event' : 'events'}, ${days[0]}${days.length > 1 ? ` to ${days.at(-1)}` : ''} (UTC)</summary><div class="inside"><ol class="story">${items}</ol></div></details>`,
  );
}

function settings({ spec, flags }: ReportModel): Markup {
  const block = (title: string, text: string) =>
    markup`<details><summary>${title}</summary><div class="inside"><pre tabindex="0">${lines(text)}</pre></div></details>`;
  return section(
    'Settings',
    joined([block('Specification', spec), ...(flags === undefined ? [] : [block('Settings given to run', flags)])]),
  );
}

function footer({ by, view }: ReportModel): string {
  const at = Number.isFinite(view.now) ? new Date(view.now).toISOString() : undefined;
  return `${by === undefined ? 'Measured by Iter8 0.7' : `Measured by ${by}`}${at === undefined ? '' : `; report of ${at}`}`;
}
