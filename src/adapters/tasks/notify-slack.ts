/** `notification/slack`: a message in a channel. Source: docs/contract.md 3.5; Slack, chat.postMessage. */
import { Iter8Error, UndeliveredError, type SendAgain } from '../../errors.ts';
import { versionsIn, type Experiment } from '../../experiment/experiment.ts';
import { slackInputs } from '../../experiment/tasks/notification-inputs.ts';
import { taskSettings } from '../../experiment/tasks/timeout-retries-ignore-failure.ts';
import { isHeaderValue } from '../../expressions/message-placeholders.ts';
import type { TaskCall } from '../../drive/ports.ts';
import { isObject } from '../../text/check-fields.ts';
import { sanitizeLine } from '../../text/sanitize.ts';
import { sendMessage, type Answer } from '../http/send-message.ts';
import { readSecret, refusal, withoutSecrets, type NotificationPorts } from './notify-http.ts';
import type { PerformTask } from './task-registry.ts';

export function createSlackNotification(ports: NotificationPorts): PerformTask {
  return async (call) => {
    const { channel, secret, url } = slackInputs(call.task);
    const fields = (await readSecret(ports, call, secret)) ?? {};
    const token = (Object.hasOwn(fields, 'token') ? fields['token']! : '').trim();
    if (token === '' || !isHeaderValue(token))
      throw new Iter8Error(`secret ${secret} needs a field token, with the token of a Slack app`);
    const hidden = Object.values(fields);
    const to = new URL(url);
    try {
      const answer = await sendMessage(
        {
          url: to,
          method: 'POST',
          headers: {
            'user-agent': ports.userAgent,
            'content-type': 'application/json; charset=utf-8',
            authorization: `Bearer ${token}`,
          },
          body: JSON.stringify({ channel, text: slackText(call) }),
        },
        { env: ports.env, timeoutMs: taskSettings(call.task).timeoutMs!, signal: call.signal },
      );
      if (answer.status > 299) throw refusal(to, answer, hidden);
      checkAccepted(to, answer);
      return `posted to ${channel}`;
    } catch (error) {
      throw withoutSecrets(error, hidden);
    }
  };
}

/** What a person reads: name, namespace, versions, stage and winner as in 0.7, and the answer. Pure. */
export function slackText({ experiment, result }: TaskCall): string {
  const { metadata, status } = experiment;
  const known = result?.();
  const lines: (readonly [string, string])[] = [
    ['Experiment', metadata.name],
    ['Namespace', metadata.namespace],
    [
      'Versions',
      versionsIn(experiment)
        .map(({ name }) => name)
        .join(', '),
    ],
    ['Stage', status?.stage ?? ''],
    ['Winner', winnerOf(experiment)],
    ...(known === undefined ? [] : ([['Recommendation', `${known.headline}\n${known.reason}`.trim()]] as const)),
  ];
  return lines
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `*${name}:* ${escaped(value)}`)
    .join('\n');
}

function winnerOf({ status }: Experiment): string {
  const winner = status?.analysis?.winnerAssessment?.data;
  return winner?.winnerFound === true ? (winner.winner ?? '') : 'not found';
}

/** Slack, "Formatting text": these three, and nothing else, are control characters of a message. */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** Errors that pass; of the last two Slack says that part of the work may have been done. Source: Slack, errors of chat.postMessage. */
const PASSING: Readonly<Record<string, SendAgain>> = {
  ratelimited: 'safe',
  rate_limited: 'safe',
  service_unavailable: 'safe',
  request_timeout: 'safe',
  internal_error: 'may-repeat',
  fatal_error: 'may-repeat',
};

/** A refusal, too, is answered with 200. @throws UndeliveredError */
function checkAccepted({ origin }: URL, { text, afterMs }: Answer): void {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    answer = undefined;
  }
  if (!isObject(answer)) throw new UndeliveredError(`${origin} gave no answer of Slack`, { again: 'useless' });
  if (answer['ok'] === true) return;
  const reason = typeof answer['error'] === 'string' ? sanitizeLine(answer['error']).slice(0, 100) : 'no reason given';
  throw new UndeliveredError(`Slack did not take it: ${reason}`, {
    again: Object.hasOwn(PASSING, reason) ? PASSING[reason]! : 'useless',
    afterMs,
  });
}
