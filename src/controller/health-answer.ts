/** What the controller answers over HTTP: `/healthz`, `/readyz`, `/metrics`. */

export interface ControllerHealth {
  /** Its first list is complete, or it stands by for the leader. */
  readonly ready: () => boolean;
  /** In the format that is asked for by an Accept header. */
  readonly metrics: (accept: string) => Promise<{ readonly type: string; readonly text: string }>;
}

export interface HealthAnswer {
  readonly code: number;
  readonly type: string;
  readonly text: string;
}

export async function healthAnswer(
  { path, accept }: { readonly path: string; readonly accept: string },
  health: ControllerHealth,
): Promise<HealthAnswer> {
  switch (path) {
    case '/healthz':
      return plain(200, 'ok');
    case '/readyz':
      return health.ready() ? plain(200, 'ok') : plain(503, 'not ready: experiments are not listed yet');
    case '/metrics':
      return { code: 200, ...(await health.metrics(accept)) };
    default:
      return plain(404, 'there are /healthz, /readyz and /metrics');
  }
}

const plain = (code: number, text: string): HealthAnswer => ({
  code,
  type: 'text/plain; charset=utf-8',
  text: `${text}\n`,
});
