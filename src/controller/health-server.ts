/** Health checks and metrics of the controller over HTTP: `/healthz`, `/readyz`, `/metrics`. */
import { createServer } from 'node:http';
import { messageOf, UsageError } from '../errors.ts';
import type { ReconcileState } from './reconcile.ts';

export interface ControllerHealth {
  /** Its first list is complete, or it stands by for the leader. */
  readonly ready: () => boolean;
  readonly leading: () => boolean;
  readonly state: () => ReconcileState;
}

/** Resolves once it listens; the function closes it. `address` is `host:port`. */
export async function serveHealth(address: string, health: ControllerHealth): Promise<() => Promise<void>> {
  const match = /^(.*):(\d{1,5})$/.exec(address);
  if (match === null) throw new UsageError(`--health-address ${address}: expected host:port`);
  const server = createServer((request, response) => {
    const answer = answerTo(request.url ?? '', health);
    response.writeHead(answer.code, { 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8' });
    response.end(answer.text);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(new UsageError(`--health-address ${address}: ${messageOf(error)}`)));
    server.listen(Number(match[2]), match[1]!.replace(/^\[|\]$/g, '') || undefined, resolve);
  });
  return () =>
    new Promise((resolve) => {
      server.closeAllConnections();
      server.close(() => resolve());
    });
}

function answerTo(url: string, health: ControllerHealth): { readonly code: number; readonly text: string } {
  switch (url.split('?')[0]) {
    case '/healthz':
      return { code: 200, text: 'ok\n' };
    case '/readyz':
      return health.ready()
        ? { code: 200, text: 'ok\n' }
        : { code: 503, text: 'not ready: experiments are not listed yet\n' };
    case '/metrics':
      return { code: 200, text: metricsText(health) };
    default:
      return { code: 404, text: 'there are /healthz, /readyz and /metrics\n' };
  }
}

/** Source: Prometheus' text exposition format 0.0.4. */
function metricsText(health: ControllerHealth): string {
  const { driving, unfinished, completed, failedAttempts } = health.state();
  const metrics = [
    ['iter8ctl_leader', 'gauge', 'Whether this controller leads.', health.leading() ? 1 : 0],
    [
      'iter8ctl_experiments_locked',
      'gauge',
      'Experiments that this controller drives, or that wait for their turn.',
      driving,
    ],
    ['iter8ctl_experiments_unfinished', 'gauge', 'Experiments that have not ended.', unfinished],
    [
      'iter8ctl_experiments_completed_total',
      'counter',
      'Experiments that this controller drove to their end.',
      completed,
    ],
    [
      'iter8ctl_drive_failures_total',
      'counter',
      'Attempts to drive an experiment that had to be made again.',
      failedAttempts,
    ],
  ] as const;
  return metrics
    .map(([name, type, help, value]) => `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${name} ${value}\n`)
    .join('');
}
