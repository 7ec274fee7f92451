/**
 * Access logs in text: nginx's combined format with $request_time, and Envoy's default format (Istio's too).
 *
 * Source: nginx, ngx_http_log_module ("combined"; $request_time in seconds with the resolution of milliseconds, the time of a line
 * is that of its end, in whole seconds); Envoy, "Access logging" (the default format string: [%START_TIME%], %DURATION% in whole
 * milliseconds); Istio, "Envoy access logs" (more words between the response flags and the bytes).
 */
import { readLineBatches, type LineResult } from '../lines.ts';
import { latency, outcomeOf, type FormatFacts, type MeasuredRequest, type ResultFormat } from '../measured-request.ts';

const LOG: Omit<FormatFacts, 'startErrorMs'> = {
  model: 'observed',
  isDrained: false,
  isLog: true,
  isDated: true,
  recordsHops: true,
};

const QUOTED = String.raw`"((?:[^"\\]|\\.)*)"`;
const COMBINED = new RegExp(
  String.raw`^(\S+) \S+ .{0,256}? ?\[(\d{2})/(\w{3})/(\d{4}):(\d{2}:\d{2}:\d{2}) ([+-]\d{2})(\d{2})\] ${QUOTED} (\d{3}) (?:\d+|-)(?: "(?:[^"\\]|\\.)*" "(?:[^"\\]|\\.)*")?(.*)$`,
);
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

export const nginx: ResultFormat = {
  name: 'nginx',
  title: 'nginx access log',
  facts: { ...LOG, startErrorMs: 1000, defaultTimeoutMs: 60_000 },
  recognises: (head) => COMBINED.test(firstLine(head)),
  read: (chunks) => readLineBatches(chunks, nginxRequest),
};

function nginxRequest(line: string): LineResult {
  const match = COMBINED.exec(line);
  if (match === null) return 'not in the combined format';
  const [, address, day, monthName, year, time, zoneHours, zoneMinutes, request = '', status = '', rest = ''] = match;
  const month = String(MONTHS.indexOf(monthName!) + 1).padStart(2, '0');
  const endMs = Date.parse(`${year}-${month}-${day}T${time}${zoneHours}:${zoneMinutes}`);
  const seconds = requestTime(rest);
  const times = seconds === undefined ? undefined : loggedLatency(status, seconds * 1000, { below: 1, above: 1 });
  if (times === undefined || Number.isNaN(endMs)) return 'no $request_time behind the fields of the combined format';
  const [method, path] = request.split(' ');
  const named: Readonly<Record<string, string | undefined>> = { address, method, path, status };
  return {
    startMs: endMs - seconds! * 1000,
    ...times,
    ...nginxOutcome(status),
    field: (name) => (Object.hasOwn(named, name) ? named[name] : namedValue(rest, name)),
  };
}

/**
 * nginx's own codes: 499 where the client has gone, who would have waited for who knows how long; 444 where nginx closes the connection
 * in place of an answer, as it was told to. Source: nginx, ngx_http_rewrite_module ("return").
 */
export function nginxOutcome(status: string): Pick<MeasuredRequest, 'code' | 'unanswered' | 'error'> {
  return status === '499' || status === '444'
    ? { code: status, unanswered: 'perhaps', error: true }
    : outcomeOf(status);
}

/** Of a switch to another protocol (WebSocket) the line says how long the connection lasted, and not when the answer came. */
export function loggedLatency(status: string, ...[ms, error]: Parameters<typeof latency>): ReturnType<typeof latency> {
  return latency(ms, status === '101' ? { ...error, below: ms } : error);
}

const IN_QUOTES = /"((?:[^"\\]|\\.)*)"/g;
const DECIMAL = /^\d+\.\d+$/;

/** What a client sent is taken out: a number in it does not stand by itself. */
const withoutTexts = (rest: string): string =>
  rest.replaceAll(IN_QUOTES, (quoted, inner: string) => (DECIMAL.test(inner) ? quoted : '""'));

/** `request_time=0.012` or `rt=0.012`, else the first number that stands by itself. */
function requestTime(rest: string): number | undefined {
  const named = namedValue(rest, 'request_time') ?? namedValue(rest, 'rt');
  const text = named ?? /(?:^|\s)"?(\d+\.\d+)"?(?=\s|$)/.exec(withoutTexts(rest))?.[1];
  return text !== undefined && /^\d+(\.\d+)?$/.test(text) ? Number(text) : undefined;
}

/** Of `name=value` or `name="value"`. */
function namedValue(rest: string, name: string): string | undefined {
  const prefix = `${name}=`;
  for (let at = rest.indexOf(prefix); at >= 0; at = rest.indexOf(prefix, at + 1)) {
    if (at > 0 && !/[\s"]/.test(rest[at - 1]!)) continue;
    const [, quoted, bare] = /^(?:"([^"]*)"|([^\s",]*))/.exec(rest.slice(at + prefix.length)) ?? [];
    return quoted ?? bare;
  }
  return undefined;
}

const ENVOY = new RegExp(
  String.raw`^\[(\d{4}-\d{2}-\d{2}T[\d:.]+Z)\] ${QUOTED} (\d{1,3}) (\S+)(?: [^\s"\d]\S* \S+ "(?:[^"\\]|\\.)*")? \d+ \d+ (\d+) (?:\d+|-)(.*)$`,
);

/**
 * Response flags of an answer that did not come to its end. Source: Envoy, "Access logging", %RESPONSE_FLAGS%: upstream connection
 * termination, timeout, remote reset, protocol error; local reset; downstream connection termination, remote reset, protocol error;
 * stream idle timeout; duration timeout; upstream maximum stream duration; ended by the overload manager.
 */
const BROKEN_OFF: ReadonlySet<string> = new Set('UC UT UR UPE LR DC DR DPE SI DT UMSDR OM'.split(' '));

/** The client has left: what it would have waited is not known. Over HTTP/2 it resets its stream (DR), and keeps the connection. */
const BY_CLIENT: ReadonlySet<string> = new Set(['DC', 'DR', 'DPE']);

/** The status was sent, and what it began was broken off: the client has no answer. Undefined where it was not. */
export function brokenOff(
  status: string,
  flags: string,
): Pick<MeasuredRequest, 'code' | 'unanswered' | 'error'> | undefined {
  const broken = flags.split(',').filter((flag) => BROKEN_OFF.has(flag));
  if (Number(status) >= 400 || broken.length === 0) return undefined;
  return { code: flags, unanswered: broken.every((flag) => BY_CLIENT.has(flag)) ? 'perhaps' : true, error: true };
}

export const envoy: ResultFormat = {
  name: 'envoy',
  title: 'Envoy access log',
  facts: { ...LOG, startErrorMs: 1, defaultTimeoutMs: 15_000 },
  recognises: (head) => ENVOY.test(firstLine(head)),
  read: (chunks) => readLineBatches(chunks, envoyRequest),
};

function envoyRequest(line: string): LineResult {
  const [all, start = '', request = '', status = '', flags = '', duration, rest = ''] = ENVOY.exec(line) ?? [];
  if (all === undefined) return "not in Envoy's default format";
  const times = loggedLatency(status, Number(duration), { above: 1 });
  const startMs = Date.parse(start);
  if (times === undefined || Number.isNaN(startMs)) return 'no start and duration';
  const outcome = brokenOff(status, flags) ?? outcomeOf(status, /UT/.test(flags) ? 'timeout' : 'reset');
  const [method, path] = request.split(' ');
  const [, authority, upstream] = [...rest.matchAll(new RegExp(QUOTED, 'g'))].slice(-3).map((match) => match[1]);
  const named: Readonly<Record<string, string | undefined>> = { method, path, status, flags, authority, upstream };
  return {
    startMs,
    ...times,
    ...outcome,
    field: (name) => (Object.hasOwn(named, name) ? named[name] : undefined),
  } satisfies MeasuredRequest;
}

const firstLine = (head: string): string => head.slice(0, Math.max(0, head.indexOf('\n'))) || head;
