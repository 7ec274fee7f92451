/** One event a line, for programs that follow a run. */
import type { Event } from '../drive/events.ts';
import { jsonText, OUTPUT_VERSION } from './json-text.ts';

/** Stored objects are named, not repeated: they hold everything that was measured so far. */
export function ndjsonLine(event: Event): string {
  if (event.kind !== 'object') return jsonText({ apiVersion: OUTPUT_VERSION, ...event });
  const { object, ...rest } = event;
  return jsonText({
    apiVersion: OUTPUT_VERSION,
    ...rest,
    resourceVersion: object.metadata.resourceVersion,
    stage: object.status?.stage,
  });
}
